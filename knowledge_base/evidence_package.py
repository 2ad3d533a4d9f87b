"""The evidence model that comes with the project: what differs from MiniLM, and that both are the published files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge_base.errors import ModelError
from knowledge_base.packaged_model import MINILM, PackagedModel, require_published, verify
from knowledge_base.settings import OWN_EVIDENCE_MODEL

if TYPE_CHECKING:
    from knowledge_base.evidence_network import EvidenceNetwork

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
        from knowledge_base.evidence_network import open_network, read_weights

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

"""The evidence model's network: MiniLM read by two linear units; torch, imported where it is trained or compiled alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

RANK, ANSWERS = 0, 1
LAYER = "layer."


class EvidenceNetwork(nn.Module):
    """Scores pairs of question and text: output (pairs, 2), the logits of rank and of whether the text answers.

    The first word piece's vector and the mean of all of them, side by side, go through two linear units.
    """

    def __init__(self, transformer: nn.Module) -> None:
        super().__init__()
        self.transformer = transformer
        width = int(transformer.config.hidden_size)  # type: ignore[union-attr, arg-type]
        self.head = nn.Linear(2 * width, 2)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """Return the two logits of each pair; all three inputs have the shape (pairs, word pieces)."""
        states: Tensor = self.transformer(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        mean = (states * mask).sum(1) / mask.sum(1)
        logits: Tensor = self.head(torch.cat([states[:, 0], mean], dim=1).float())
        return logits

    def trained_weights(self, frozen_layers: int) -> dict[str, Tensor]:
        """Return what differs from MiniLM where the embeddings and the first layers are frozen, by name."""
        layers = self._layers()
        kept = {f"{LAYER}{name}": weight for name, weight in layers.items() if int(name.split(".")[0]) >= frozen_layers}
        return kept | {f"head.{name}": weight for name, weight in self.head.state_dict().items()}

    def load_trained(self, weights: Mapping[str, Tensor]) -> None:
        """Put trained weights in place of MiniLM's; raises KeyError or RuntimeError where they do not fit."""
        layers = self._layers()
        head = {name.removeprefix("head."): weight for name, weight in weights.items() if name.startswith("head.")}
        trained = {name.removeprefix(LAYER): weight for name, weight in weights.items() if name.startswith(LAYER)}
        self.head.load_state_dict(head)
        for name, weight in trained.items():
            layers[name].copy_(weight)

    def _layers(self) -> dict[str, Tensor]:
        encoder: Any = self.transformer.encoder
        return dict(encoder.layer.state_dict())


def open_network(folder: Path, attention: str = "sdpa") -> EvidenceNetwork:
    """Open MiniLM from its folder, with a new head on top."""
    from transformers import BertModel
    from transformers.utils import logging as remarks

    remarks.set_verbosity_error()  # type: ignore[no-untyped-call]
    remarks.disable_progress_bar()  # type: ignore[no-untyped-call]
    options: dict[str, Any] = {"local_files_only": True, "use_safetensors": True, "add_pooling_layer": False}
    return EvidenceNetwork(BertModel.from_pretrained(folder, attn_implementation=attention, **options))


def read_weights(file: Path) -> dict[str, Tensor]:
    """Read trained weights, kept in half precision."""
    from safetensors.torch import load_file

    return {name: weight.float() for name, weight in load_file(file).items()}

"""The reader's network and its weights in few bits; torch, imported where it is trained or compiled alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

SENTENCE, STARTS, ENDS = 0, 1, 2  # logits of a word piece
RANK, ANSWERS = 0, 1  # logits of a passage
WORDS = "words.weight"
BLOCK = 32  # numbers that share a scale, in four bits
_AWAY = -1e4
_KINDS = 4


class ReaderNetwork(nn.Module):
    """Reads a question with a passage: three logits a word piece and two of the passage.

    A transformer's first layers. The passage's logits come of the first piece's vector and of the mean of the passage's
    pieces, weighed by how far their sentence answers.
    """

    def __init__(self, words: int, layers: int = 6, width: int = 384, heads: int = 12, positions: int = 320) -> None:
        super().__init__()
        self.words = nn.Embedding(words, width)
        self.positions = nn.Embedding(positions, width)
        self.kinds = nn.Embedding(_KINDS, width)
        self.norm = nn.LayerNorm(width, 1e-12)
        self.layers = nn.ModuleList(_Layer(width, heads) for _ in range(layers))
        self.token_head = nn.Linear(width, 3)
        self.passage_head = nn.Linear(2 * width, 2)
        for head in (self.token_head, self.passage_head):
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)

    def forward(self, input_ids: Tensor, token_type_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits of shape (pairs, pieces, 3) and (pairs, 2); the inputs have the shape (pairs, pieces)."""
        states = self.words(input_ids) + self.positions.weight[: input_ids.shape[1]] + self.kinds(token_type_ids)
        states = self.norm(states)
        away = (1 - attention_mask[:, None, None, :].to(states.dtype)) * _AWAY
        for layer in self.layers:
            states = layer(states, away)
        pieces = self.token_head(states).float()
        outside = (token_type_ids % 2) * attention_mask == 0
        shares = torch.softmax(pieces[..., SENTENCE].masked_fill(outside, _AWAY), dim=1)
        evidence = (shares.unsqueeze(-1) * states.float()).sum(1)
        return pieces, self.passage_head(torch.cat([states[:, 0].float(), evidence], dim=1)).float()


class _Layer(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm1 = nn.LayerNorm(width, 1e-12)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)
        self.norm2 = nn.LayerNorm(width, 1e-12)

    def forward(self, states: Tensor, away: Tensor) -> Tensor:
        pairs, pieces, width = states.shape
        split = self.qkv(states).view(pairs, pieces, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        query, key, value = split.unbind(0)
        read = functional.scaled_dot_product_attention(query, key, value, attn_mask=away)
        states = self.norm1(states + self.out(read.transpose(1, 2).reshape(pairs, pieces, width)))
        normed: Tensor = self.norm2(states + self.down(functional.gelu(self.up(states))))
        return normed


# Weights in few bits


def packed(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights as they are kept: words in 4 bits, matrices of the layers in 8, the rest in half precision."""
    kept: dict[str, Tensor] = {}
    for name, weight in weights.items():
        if name == WORDS:
            kept |= {f"{name}.q4": four_bits(weight)[0], f"{name}.scale": four_bits(weight)[1]}
        elif name.startswith("layers.") and weight.dim() == 2:
            scale = (weight.abs().amax(1, keepdim=True) / 127).clamp(min=1e-8)
            kept |= {f"{name}.q8": (weight / scale).round().to(torch.int8), f"{name}.scale": scale.float()}
        else:
            kept[name] = weight.half()
    return {name: weight.contiguous() for name, weight in kept.items()}


def four_bits(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return rows in 4 bits, two numbers a byte, and the scale of each block, -8 times which is the block's extreme."""
    blocks = weight.reshape(len(weight), -1, BLOCK)
    extreme = blocks.gather(2, blocks.abs().argmax(2, keepdim=True))
    scale = extreme / -8
    safe = torch.where(scale == 0, torch.ones_like(scale), scale.half().float())
    numbers = (blocks / safe).round().clamp(-8, 7).to(torch.int64) + 8
    half = BLOCK // 2
    return (numbers[..., :half] + 16 * numbers[..., half:]).to(torch.uint8).reshape(len(weight), -1), scale.half().squeeze(2)


def unpacked(kept: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights in full precision."""
    weights: dict[str, Tensor] = {}
    for name, value in kept.items():
        if name.endswith(".q8"):
            weights[name.removesuffix(".q8")] = value.float() * kept[f"{name.removesuffix('.q8')}.scale"]
        elif name.endswith(".q4"):
            scale = kept[f"{name.removesuffix('.q4')}.scale"].float().unsqueeze(2)
            pairs = value.reshape(*scale.shape[:2], BLOCK // 2).to(torch.int64)
            numbers = torch.cat([pairs % 16, pairs // 16], dim=2).float() - 8
            weights[name.removesuffix(".q4")] = (numbers * scale).reshape(len(value), -1)
        elif not name.endswith(".scale"):
            weights[name] = value.float()
    return weights


def open_network(file: Path) -> ReaderNetwork:
    """Open the network from its file; raises KeyError or RuntimeError where the weights do not fit."""
    from safetensors.torch import load_file

    weights = unpacked(load_file(file))
    layers = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("layers."))
    network = ReaderNetwork(len(weights[WORDS]), layers, positions=len(weights["positions.weight"]))
    network.load_state_dict(weights)
    return network.eval()

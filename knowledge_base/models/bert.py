"""A BERT network from its weights, as a graph for OpenVINO and, to compare with, calculated by numpy: torch is not needed.

With a head (two linear units on the first word piece's vector and the mean of all) it gives logits, else the mean of all at
unit length and, beside it, the vector of each word piece.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from knowledge_base.errors import ModelError
from knowledge_base.models.compiled_model import silent_openvino

Array = NDArray[np.float32]

_EPSILON = 1e-12
_HIDDEN = np.float32(np.finfo(np.float32).min)  # added to the attention that a padded word piece would get


@dataclass(frozen=True, slots=True)
class Bert:
    """The weights by their names in BERT's files, the number of `layers`, and of attention `heads` of each."""

    weights: Mapping[str, Array]
    layers: int
    heads: int

    @classmethod
    def read(cls, folder: Path, remedy: str, trained: Path | None = None) -> Self:
        """Read a model's folder, with `trained` layers in the place of its own; raise ModelError where they do not fit."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            sizes = json.loads((folder / "config.json").read_bytes())
            weights: dict[str, Array] = load_file(folder / "model.safetensors")
            for name, weight in (load_file(trained) if trained else {}).items():
                whole = f"encoder.{name}" if name.startswith("layer.") else name
                if not name.startswith("head.") and weights[whole].shape != weight.shape:
                    raise ValueError(f"{name} has the shape {weight.shape} instead of {weights[whole].shape}")
                weights[whole] = weight.astype(np.float32)
            return cls(weights, int(sizes["num_hidden_layers"]), int(sizes["num_attention_heads"]))
        except (OSError, LookupError, ValueError, SafetensorError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise ModelError(f"The model in {folder} cannot be loaded; its files do not fit: {reason}", remedy) from error

    def graph(self, names: Sequence[str]) -> Any:
        """Return the network (openvino.Model) with the inputs `names`, each of shape (texts, word pieces).

        Without a head its second output, of shape (texts, word pieces, width), holds the vectors of the word pieces.
        """
        openvino = silent_openvino()
        op = openvino.opset13
        inputs = {name: op.parameter([-1, -1], np.int64, name=name) for name in names}

        def integers(*values: int) -> Any:
            return op.constant(np.array(values, dtype=np.int64))

        def table(name: str, rows: Any) -> Any:
            return op.gather(op.constant(self.weights[f"embeddings.{name}_embeddings.weight"]), rows, zero)

        def linear(value: Any, name: str) -> Any:
            product = op.matmul(value, op.constant(self.weights[f"{name}.weight"]), False, True)
            return op.add(product, op.constant(self.weights[f"{name}.bias"]))

        def normalised(value: Any, name: str) -> Any:
            scaled = op.mvn(value, integers(-1), True, _EPSILON, "inside_sqrt")
            scaled = op.multiply(scaled, op.constant(self.weights[f"{name}.weight"]))
            return op.add(scaled, op.constant(self.weights[f"{name}.bias"]))

        zero, one = op.constant(np.int64(0)), op.constant(np.int64(1))
        ids, mask = inputs["input_ids"], op.convert(inputs["attention_mask"], np.float32)
        positions = op.range(zero, op.gather(op.shape_of(ids), one, zero), one, "i64")
        kinds = inputs.get("token_type_ids", op.multiply(ids, zero))
        states = op.add(op.add(table("word", ids), table("position", positions)), table("token_type", kinds))
        states = normalised(states, "embeddings.LayerNorm")
        width = self.weights["embeddings.LayerNorm.weight"].shape[0]
        apart, together, turn = integers(0, 0, self.heads, width // self.heads), integers(0, 0, width), integers(0, 2, 1, 3)
        hidden = op.multiply(op.subtract(op.constant(np.float32(1)), mask), op.constant(_HIDDEN))
        hidden = op.unsqueeze(hidden, integers(1, 2))
        for number in range(self.layers):
            layer = f"encoder.layer.{number}"
            sides = [linear(states, f"{layer}.attention.self.{side}") for side in ("query", "key", "value")]
            sides = [op.transpose(op.reshape(side, apart, True), turn) for side in sides]
            attended = op.transpose(op.scaled_dot_product_attention(*sides, hidden), turn)
            attended = linear(op.reshape(attended, together, True), f"{layer}.attention.output.dense")
            states = normalised(op.add(attended, states), f"{layer}.attention.output.LayerNorm")
            inner = op.gelu(linear(states, f"{layer}.intermediate.dense"), "erf")
            states = normalised(op.add(linear(inner, f"{layer}.output.dense"), states), f"{layer}.output.LayerNorm")
        shares = op.unsqueeze(mask, integers(2))
        total = op.reduce_sum(op.multiply(states, shares), integers(1))
        mean = op.divide(total, op.maximum(op.reduce_sum(shares, integers(1)), op.constant(np.float32(1e-9))))
        if "head.weight" in self.weights:
            outputs = [linear(op.concat([op.gather(states, zero, one), mean], 1), "head")]
        else:
            outputs = [op.normalize_l2(mean, integers(-1), _EPSILON, "max"), states]
        return openvino.Model([output.output(0) for output in outputs], list(inputs.values()), "bert")

    def calculate(self, inputs: Mapping[str, NDArray[np.int64]]) -> Array:
        """Return what the graph gives for these inputs, calculated by numpy."""

        def linear(value: Array, name: str) -> Array:
            product: Array = value @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]
            return product

        def normalised(value: Array, name: str) -> Array:
            centred = value - value.mean(-1, keepdims=True)
            scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + _EPSILON)
            return np.asarray(scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"], np.float32)

        ids, mask = inputs["input_ids"], inputs["attention_mask"].astype(np.float32)
        kinds = inputs.get("token_type_ids", np.zeros_like(ids))
        rows = {"word": ids, "position": np.arange(ids.shape[1]), "token_type": kinds}
        found = [self.weights[f"embeddings.{name}_embeddings.weight"][chosen] for name, chosen in rows.items()]
        states = normalised(found[0] + found[1] + found[2], "embeddings.LayerNorm")
        hidden = (1 - mask)[:, None, None, :] * _HIDDEN
        for number in range(self.layers):
            layer = f"encoder.layer.{number}"
            sides = [linear(states, f"{layer}.attention.self.{side}") for side in ("query", "key", "value")]
            query, key, value = (s.reshape(*ids.shape, self.heads, -1).transpose(0, 2, 1, 3) for s in sides)
            scores = query @ key.transpose(0, 1, 3, 2) / np.float32(query.shape[-1] ** 0.5) + hidden
            shares = np.exp(scores - scores.max(-1, keepdims=True))
            attended = (shares / shares.sum(-1, keepdims=True) @ value).transpose(0, 2, 1, 3).reshape(states.shape)
            attended = linear(attended, f"{layer}.attention.output.dense")
            states = normalised(attended + states, f"{layer}.attention.output.LayerNorm")
            inner = _gelu(linear(states, f"{layer}.intermediate.dense"))
            states = normalised(linear(inner, f"{layer}.output.dense") + states, f"{layer}.output.LayerNorm")
        mean = (states * mask[:, :, None]).sum(1) / np.maximum(mask.sum(1), 1e-9)[:, None]
        if "head.weight" in self.weights:
            return linear(np.concatenate([states[:, 0], mean], axis=1), "head")
        return np.asarray(mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), _EPSILON), np.float32)


def _gelu(value: Array) -> Array:
    """Return GELU; its error function to 1.5e-7 (Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26)."""
    size = np.abs(value) / np.float32(2**0.5)
    t = 1 / (1 + 0.3275911 * size)
    series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
    error_function = np.sign(value) * (1 - series * np.exp(-(size**2)))
    return np.asarray(value * 0.5 * (1 + error_function), np.float32)

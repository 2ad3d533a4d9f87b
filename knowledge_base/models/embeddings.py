"""Turn texts into vectors, with the packaged model compiled for this machine or any sentence-transformers model."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge_base.errors import ModelError
from knowledge_base.models.batches import BATCH, ONE_TEXT, batches, open_tokenizer, well_formed, well_formed_span
from knowledge_base.models.bert import Bert
from knowledge_base.models.compiled_model import Network, open_compiled
from knowledge_base.models.local_model import REMEDY, LocalModel, find_model, work_offline
from knowledge_base.models.packaged_model import MINILM, PackagedModel, verify, verify_once
from knowledge_base.settings import Settings

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Encoding, Tokenizer

Vectors = NDArray[np.float32]
Progress = Callable[[int], None]
Spans = Sequence[tuple[int, int]]  # pairs of characters of a text, the second one exclusive
Notify = Callable[[str], None]

TORCH_REMEDY = "Install it with `pip install 'paris-call-assistant[torch]'`, or leave the models at their defaults."
WINDOW = 512
DEFAULT_MAX_TOKENS = 512
PROBE = "Who launched the Paris Call for Trust and Security in Cyberspace?"
PARITY_TEXTS = (
    PROBE,
    "",
    "chiffrement",
    "L’Appel de Paris a été lancé le 12 novembre 2018 par le président de la République française, à l’UNESCO.",
    "Principle 9: 1,200+ supporters (80 states) — see https://pariscall.international/en/principles?x=1#9.",
    "网络空间信任与安全巴黎倡议",
    "A supporter that reports a weakness in a product gives its maker the time to mend it before all hear of it. " * 30,
)

logger = logging.getLogger(__name__)


class Embedder(Protocol):
    """What turns texts into vectors; one embedder may serve many threads.

    `model_id` is a stable name and the beginning of a content hash ("all-MiniLM-L6-v2@53aa5117"). `max_tokens` is the number of
    word pieces of a text that count, two special ones among them: what is longer is cut off. `streams` is the number of threads
    that encode at once with gain.
    """

    model_id: str
    dimension: int
    max_tokens: int
    streams: int

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Return one vector of unit length a text, shape (len(texts), dimension); `progress` gets the number done."""

    def encode_with_parts(self, texts: Sequence[str], parts: Sequence[Spans], progress: Progress | None = None) -> Vectors:
        """Return the vector of each text followed by those of its parts, all of unit length; `parts` has one entry a text.

        Shape (texts and parts, dimension). `progress` gets the number of vectors done.
        """

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of word pieces of each text, without the special ones and without cutting off."""


def open_embedder(
    settings: Settings, notify: Notify | None = None, package: PackagedModel = MINILM, streams: int = 1
) -> Embedder:
    """Open the model that the settings name; the packaged one is compiled first where that is not yet done.

    `notify` is told, in a sentence, of what takes long. With several `streams`, where the model is compiled, as many threads
    may embed at once: more texts a second, each text later. Raises ModelError where the model is missing or altered.
    """
    if settings.embedding_model != package.name:
        return _open_torch(find_model(settings.embedding_model), settings.embedding_threads, REMEDY)
    verify_once(package, settings.cache_dir)
    original = _Original(package, settings.embedding_threads)
    try:
        compiled = open_compiled(
            original.network, settings.cache_dir, settings.embedding_threads, notify or logger.info, streams
        )
        return CompiledEmbedder(compiled.network, package, compiled.precision)
    except (ImportError, RuntimeError, OSError) as error:
        logger.warning("%s runs with torch, which is slower, since OpenVINO cannot: %s", package.model_id, error)
        return original.embedder


def prepare(settings: Settings, notify: Notify | None = None, package: PackagedModel = MINILM) -> str:
    """Verify the model and compile it where that is not yet done; return a sentence that says what is ready."""
    if settings.embedding_model == package.name:
        verify(package)
    embedder = open_embedder(settings, notify, package)
    engine = f"OpenVINO, {embedder.precision}" if isinstance(embedder, CompiledEmbedder) else "torch"
    return f"The embedding model {embedder.model_id} is verified and ready ({engine})."


class CompiledEmbedder:
    """The packaged model, compiled for this machine; `precision` is what it calculates in, "bf16" or "f32"."""

    def __init__(self, network: Any, package: PackagedModel, precision: str) -> None:  # noqa: ANN401
        self.model_id = package.model_id
        self.max_tokens = package.max_tokens
        self.dimension = int(network.output(0).get_partial_shape()[1].get_length())
        self.precision = precision
        self.streams = int(network.get_property("NUM_STREAMS"))
        self._network = network
        self._package = package

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Return one vector of unit length a text, shape (len(texts), dimension); `progress` gets the number done."""
        return self._encode(texts, [()] * len(texts), progress)

    def encode_with_parts(self, texts: Sequence[str], parts: Sequence[Spans], progress: Progress | None = None) -> Vectors:
        """Return the vector of each text followed by those of its parts, all of unit length; `parts` has one entry a text.

        A part's vector is the mean of two: of the part read by itself, and of its word pieces as they stand in the whole text
        ("late chunking", arXiv:2409.04701). A part of which the limit cuts off everything is only read by itself.
        """
        vectors = self._encode(texts, parts, progress)
        is_part = [is_part for spans in parts for is_part in (False, *[True] * len(spans))]
        if any(is_part):
            found = [text[begin:end] for text, spans in zip(texts, parts, strict=True) for begin, end in spans]
            vectors[is_part] = _unit_length(vectors[is_part] + self.encode(found))
        return vectors

    def _encode(self, texts: Sequence[str], parts: Sequence[Spans], progress: Progress | None) -> Vectors:
        """Return the vector of each text followed by those of its parts as they stand in it, nothing for what is cut off."""
        firsts = np.cumsum([0, *(1 + len(spans) for spans in parts)])
        vectors = np.empty((int(firsts[-1]), self.dimension), dtype=np.float32)
        request = self._network.create_infer_request()
        done = 0
        for start in range(0, len(texts), WINDOW):
            encodings = self._encodings(texts[start : start + WINDOW], has_offsets=any(parts[start : start + WINDOW]))
            for positions, inputs in batches(encodings, ONE_TEXT, self.max_tokens):
                found = request.infer(inputs)
                for row, position in enumerate(positions):
                    text, spans, first = texts[start + position], parts[start + position], int(firsts[start + position])
                    vectors[first] = found[0][row]
                    for place, (begin, end) in enumerate(spans, first + 1):
                        pieces = _pieces(encodings[position], well_formed_span(text, begin, end), len(found[1][row]))
                        vectors[place] = found[1][row][pieces].mean(axis=0) if len(pieces) else 0
                    done += 1 + len(spans)
                if progress is not None:
                    progress(done)
        return _unit_length(vectors)

    def _encodings(self, texts: Sequence[str], has_offsets: bool) -> list[Encoding]:
        read = self._tokenizer.encode_batch if has_offsets else self._tokenizer.encode_batch_fast
        return read(list(map(well_formed, texts)))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of word pieces of each text, without the special ones and without cutting off."""
        encodings = self._tokenizer.encode_batch_fast(list(map(well_formed, texts)), add_special_tokens=False)
        return [len(encoding.ids) for encoding in encodings]

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return open_tokenizer(self._package.tokenizer_file)


class TorchEmbedder:
    """A sentence-transformers model, run by torch on the processor."""

    streams = 1

    def __init__(self, transformer: SentenceTransformer, model_id: str, max_tokens: int | None = None) -> None:
        self.model_id = model_id
        self.max_tokens = int(max_tokens or transformer.max_seq_length or DEFAULT_MAX_TOKENS)
        transformer.max_seq_length = self.max_tokens
        self.transformer = transformer
        self._lock = threading.Lock()  # the tokenizer of transformers fails when two threads set its truncation
        self.dimension = int(self._encode([PROBE]).shape[1])

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Return one vector of unit length a text, shape (len(texts), dimension); `progress` gets the number done."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), WINDOW):
            window = texts[start : start + WINDOW]
            vectors[start : start + WINDOW] = self._encode(window)
            if progress is not None:
                progress(start + len(window))
        return vectors

    def encode_with_parts(self, texts: Sequence[str], parts: Sequence[Spans], progress: Progress | None = None) -> Vectors:
        """Return the vector of each text followed by those of its parts, each read by itself; `parts` has one entry a text."""
        return self.encode(list(texts_and_parts(texts, parts)), progress)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of word pieces of each text, without the special ones and without cutting off."""
        if not texts:
            return []
        with self._lock:
            encodings = self.transformer.tokenizer(
                list(map(well_formed, texts)), add_special_tokens=False, truncation=False, verbose=False
            )
        return [len(pieces) for pieces in encodings["input_ids"]]

    def _encode(self, texts: Sequence[str]) -> Vectors:
        with self._lock:
            vectors = self.transformer.encode(list(map(well_formed, texts)), batch_size=BATCH, show_progress_bar=False)
        return _unit_length(np.asarray(vectors, dtype=np.float32))


class _Original:
    """The packaged model: what is compiled, what the result is compared with, and, as torch runs it, what is used without."""

    def __init__(self, package: PackagedModel, threads: int) -> None:
        self._package = package
        self._threads = threads

    @cached_property
    def embedder(self) -> TorchEmbedder:
        verify(self._package)
        package = self._package
        model = LocalModel(package.folder, package.model_id)
        embedder = _open_torch(model, self._threads, package.remedy, package.max_tokens)
        self._check(embedder.encode([PROBE])[0])
        return embedder

    @cached_property
    def bert(self) -> Bert:
        verify(self._package)
        return Bert.read(self._package.folder, self._package.remedy)

    def _check(self, probe: Vectors) -> None:
        package = self._package
        if not np.allclose(probe[: len(package.probe)], package.probe, atol=0.01):
            message = f"The embedding model {package.name} gives other vectors than those it was published with."
            raise ModelError(message, package.remedy)

    @property
    def network(self) -> Network:
        return Network(
            self._package.model_id,
            self._package.weights_hash,
            graph=lambda: self.bert.graph(ONE_TEXT),
            agreement=self._agreement,
            minimum_agreement=self._package.minimum_cosine,
        )

    def _agreement(self, network: Any) -> float:  # noqa: ANN401
        compiled = CompiledEmbedder(network, self._package, "")
        encodings = open_tokenizer(self._package.tokenizer_file).encode_batch_fast(list(PARITY_TEXTS))
        expected = np.empty((len(PARITY_TEXTS), compiled.dimension), dtype=np.float32)
        for positions, inputs in batches(encodings, ONE_TEXT, compiled.max_tokens):
            expected[positions] = self.bert.calculate(inputs)
        self._check(expected[PARITY_TEXTS.index(PROBE)])
        alone = np.concatenate([compiled.encode([text]) for text in PARITY_TEXTS])
        together = compiled.encode(PARITY_TEXTS)
        return float(np.min(np.sum([alone * expected, together * expected], axis=2)))


# Torch


def silent_sentence_transformers() -> Any:  # noqa: ANN401
    """Import sentence_transformers, off line and without its progress bars and remarks."""
    work_offline()
    try:
        import sentence_transformers
        from transformers.utils import logging as remarks
    except ImportError as error:
        raise ModelError(f"This model needs PyTorch, which is not installed ({error.name}).", TORCH_REMEDY) from error

    remarks.set_verbosity_error()  # type: ignore[no-untyped-call]
    remarks.disable_progress_bar()  # type: ignore[no-untyped-call]
    return sentence_transformers


def _open_torch(model: LocalModel, threads: int, remedy: str, max_tokens: int | None = None, **options: str) -> TorchEmbedder:
    """Load a model, from safetensors and without code of its own; raises ModelError, with the remedy, where it is broken."""
    library = silent_sentence_transformers()
    import torch

    if threads:
        torch.set_num_threads(threads)
    kind = {"device": "cpu", "local_files_only": True, "trust_remote_code": False}
    try:
        transformer = library.SentenceTransformer(str(model.folder), model_kwargs={"use_safetensors": True, **options}, **kind)
        return TorchEmbedder(transformer, model.model_id, max_tokens)
    except Exception as error:  # the libraries raise whatever a broken file leads them to
        reason = f"{type(error).__name__}: {error}"
        raise ModelError(f"The embedding model {model.model_id} cannot be loaded: {reason}", remedy) from error


def texts_and_parts(texts: Sequence[str], parts: Sequence[Spans]) -> Iterator[str]:
    """Yield each text and, after it, each of its parts."""
    for text, spans in zip(texts, parts, strict=True):
        yield text
        yield from (text[begin:end] for begin, end in spans)


def _pieces(encoding: Encoding, span: tuple[int, int], width: int) -> NDArray[np.intp]:
    """Return the positions, below `width`, of the word pieces that share characters with a span; special ones have none."""
    begins, ends = np.array(encoding.offsets[:width]).T
    return np.flatnonzero((begins < span[1]) & (ends > span[0]) & (ends > begins))


def _unit_length(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = vectors / np.maximum(lengths, np.float32(1e-12))
    return scaled

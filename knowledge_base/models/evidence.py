"""Score how well a text answers a question, with the project's own cross-encoder or any of sentence-transformers."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge_base.errors import ModelError
from knowledge_base.models.batches import BATCH, TWO_TEXTS, Inputs, batches, open_tokenizer, padded, well_formed
from knowledge_base.models.bert import Bert
from knowledge_base.models.compiled_model import Network, open_compiled
from knowledge_base.models.embeddings import TORCH_REMEDY, silent_sentence_transformers
from knowledge_base.models.local_model import LocalModel, find_model
from knowledge_base.models.packaged_model import EVIDENCE, EvidencePackage, verify, verify_once
from knowledge_base.settings import Settings

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder
    from tokenizers import Encoding

    from knowledge_base.models.evidence_network import EvidenceNetwork


MARK = "¶"


def with_neighbours(before: str, sentence: str, after: str, marked: bool = True) -> str:
    """Return the sentence between its neighbours (empty where there is none), marked off as it was in training."""
    middle = f"{MARK} {sentence} {MARK}" if marked else sentence
    return " ".join(part for part in (before, middle, after) if part)


def without_marks(text: str) -> str:
    """Return the text as another model than ours reads it."""
    return " ".join(text.replace(MARK, " ").split())


QUESTION_CHARACTERS = 300


class PairTokenizer:
    """Turns (question, text) into word pieces; of a pair that is too long, the end of the longer is cut off."""

    def __init__(self, file: Path, max_tokens: int) -> None:
        self._max_tokens = max_tokens
        self._tokenizer = open_tokenizer(file)
        self._tokenizer.enable_truncation(max_tokens, strategy="longest_first")

    def encoded(self, pairs: Sequence[tuple[str, str]]) -> list[Encoding]:
        """Return the word pieces of each pair."""
        prepared = [(well_formed(question[:QUESTION_CHARACTERS]), well_formed(text)) for question, text in pairs]
        return self._tokenizer.encode_batch(prepared) if prepared else []

    def padded(self, pairs: Sequence[tuple[str, str]]) -> Inputs:
        """Return the network's inputs for all pairs together."""
        return padded(self.encoded(pairs), TWO_TEXTS, self._max_tokens)

    def batches(self, pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[list[int], Inputs]]:
        """Yield the positions of pairs of near lengths, with their inputs."""
        return batches(self.encoded(pairs), TWO_TEXTS, self._max_tokens)


Scores = NDArray[np.float32]
Notify = Callable[[str], None]
Run = Callable[[Inputs], NDArray[np.float32]]

OFF = frozenset({"", "off"})
MINIMUM_AGREEMENT = 0.98
RANK, ANSWERS = 0, 1
REMEDY = (
    "PARISCALL_EVIDENCE_MODEL must be the folder of a sentence-transformers CrossEncoder with one output, the name of one "
    "that is already in the hub cache of this machine (nothing is downloaded), or `off`; leave it unset for the project's own."
)
PARITY_PAIRS = (
    (
        "Who launched the Paris Call?",
        "¶ The Paris Call was launched by the French president in 2018. ¶ It has nine parts.",
    ),
    ("Who launched the Paris Call?", "¶ Membership fees are due in March. ¶"),
    ("", ""),
    ("How many supporters are there?", "The list of supporters grew to 1,200 entries, among them 80 states. " * 20),
    ("Quand l’Appel a-t-il été lancé ?", "¶ L’Appel a été lancé le 12 novembre 2018. ¶"),
    (
        "What is a vulnerability disclosure policy?",
        "A policy says how to report. ¶ It names a contact. ¶ It sets a time.",
    ),
)

logger = logging.getLogger(__name__)


class EvidenceModel(Protocol):
    """What scores texts as evidence for a question; one model may serve many threads.

    A text is a sentence with its neighbours (evidence_text.with_neighbours) or a passage.
    """

    model_id: str

    def score(self, question: str, texts: Sequence[str]) -> Scores:
        """Return one logit a text, shape (len(texts),), higher is better: it compares texts for the same question."""

    def answers(self, question: str, texts: Sequence[str]) -> Scores:
        """Return for each text the probability that it answers, shape (len(texts),): it compares questions as well."""


def open_evidence_model(
    settings: Settings, notify: Notify | None = None, package: EvidencePackage = EVIDENCE
) -> EvidenceModel | None:
    """Open the model that the settings name, compiling our own where that is not yet done; None where it is turned off.

    `notify` is told, in a sentence, of what takes long. Raises ModelError where the model is missing or altered.
    """
    if settings.evidence_model in OFF:
        return None
    if settings.evidence_model != package.name:
        return _open_cross_encoder(find_model(settings.evidence_model, "evidence model", REMEDY), settings.embedding_threads)
    package.verify()
    verify_once(package.base, settings.cache_dir)
    original = _Original(package, settings.embedding_threads)
    try:
        compiled = open_compiled(original.compilable, settings.cache_dir, settings.embedding_threads, notify or logger.info)
        return CompiledEvidenceModel(compiled.network, package, compiled.precision)
    except (ImportError, RuntimeError, OSError) as error:
        logger.warning("%s runs with torch, which is slower, since OpenVINO cannot: %s", package.model_id, error)
        return original.model


def prepare(settings: Settings, notify: Notify | None = None, package: EvidencePackage = EVIDENCE) -> str:
    """Verify the model and compile it where that is not yet done; return a sentence that says what is ready."""
    model = open_evidence_model(settings, notify, package)
    if model is None:
        return "The evidence model is turned off."
    engine = f"OpenVINO, {model.precision}" if isinstance(model, CompiledEvidenceModel) else "torch"
    return f"The evidence model {model.model_id} is verified and ready ({engine})."


class _TwoLogits(ABC):
    """The project's own model: two logits a pair, of rank and of whether the text answers."""

    def __init__(self, package: EvidencePackage) -> None:
        self.model_id = package.model_id
        self._tokenizer = PairTokenizer(package.base.tokenizer_file, package.max_tokens)
        self._latest: tuple[tuple[str, ...], NDArray[np.float32]] = ((), np.empty((0, 2), dtype=np.float32))

    def score(self, question: str, texts: Sequence[str]) -> Scores:
        """Return one logit a text, shape (len(texts),)."""
        return self.logits(question, texts)[:, RANK].copy()

    def answers(self, question: str, texts: Sequence[str]) -> Scores:
        """Return for each text the probability that it answers, shape (len(texts),)."""
        return _probability(self.logits(question, texts)[:, ANSWERS])

    def logits(self, question: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return both logits of each text, shape (len(texts), 2); asked again for the same, nothing is computed."""
        asked = (question, *texts)
        latest, logits = self._latest
        if asked != latest:
            logits = self._compute([(question, text) for text in texts])
            self._latest = (asked, logits)
        return logits

    def _compute(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        logits = np.empty((len(pairs), 2), dtype=np.float32)
        run = self._runner()
        for positions, inputs in self._tokenizer.batches(pairs):
            logits[positions] = run(inputs)
        return logits

    @abstractmethod
    def _runner(self) -> Run:
        """Return what computes the logits of one batch."""


class CompiledEvidenceModel(_TwoLogits):
    """The project's own model, compiled for this machine; `precision` is what it calculates in, "bf16" or "f32"."""

    def __init__(self, network: Any, package: EvidencePackage, precision: str) -> None:
        super().__init__(package)
        self.precision = precision
        self._network = network

    def _runner(self) -> Run:
        request = self._network.create_infer_request()
        return lambda inputs: request.infer(inputs)[0]


class TorchEvidenceModel(_TwoLogits):
    """The project's own model, run by torch on the processor."""

    def __init__(self, network: EvidenceNetwork, package: EvidencePackage) -> None:
        super().__init__(package)
        self.network = network.eval()

    def _runner(self) -> Run:
        return self._run

    def _run(self, inputs: Inputs) -> NDArray[np.float32]:
        import torch

        with torch.inference_mode():
            logits: NDArray[np.float32] = self.network(**{k: torch.from_numpy(v) for k, v in inputs.items()}).numpy()
        return logits


class CrossEncoderModel:
    """A sentence-transformers CrossEncoder with one output, run by torch on the processor."""

    def __init__(self, cross_encoder: CrossEncoder, model_id: str) -> None:
        self.model_id = model_id
        self._cross_encoder = cross_encoder
        self._lock = threading.Lock()  # the tokenizer of transformers fails when two threads set its truncation

    def score(self, question: str, texts: Sequence[str]) -> Scores:
        """Return one logit a text, shape (len(texts),)."""
        import torch

        if not texts:
            return np.empty(0, dtype=np.float32)
        pairs = [(well_formed(question), well_formed(without_marks(text))) for text in texts]
        with self._lock:
            found = self._cross_encoder.predict(
                pairs, batch_size=BATCH, show_progress_bar=False, activation_fn=torch.nn.Identity()
            )
        return np.asarray(found, dtype=np.float32)

    def answers(self, question: str, texts: Sequence[str]) -> Scores:
        """Return the logistic function of each score, which is what such models are mostly trained for."""
        return _probability(self.score(question, texts))


class _Original:
    """Our model: what is compiled, what the result is compared with, and, as torch runs it, what is used without."""

    def __init__(self, package: EvidencePackage, threads: int) -> None:
        self._package = package
        self._threads = threads

    @cached_property
    def model(self) -> TorchEvidenceModel:
        try:
            import torch
        except ImportError as error:
            raise ModelError("The evidence model cannot be run by PyTorch, which is not installed.", TORCH_REMEDY) from error
        if self._threads:
            torch.set_num_threads(self._threads)
        return TorchEvidenceModel(self._package.open_network(), self._package)

    @cached_property
    def bert(self) -> Bert:
        self._package.verify()
        verify(self._package.base)
        return Bert.read(self._package.base.folder, self._package.base.remedy, self._package.file)

    @property
    def compilable(self) -> Network:
        return Network(
            self._package.model_id,
            self._package.combined_hash,
            graph=lambda: self.bert.graph(TWO_TEXTS),
            agreement=self._agreement,
            minimum_agreement=MINIMUM_AGREEMENT,
        )

    def _agreement(self, network: Any) -> float:
        """Return 1 less the greatest difference of a logit, as a share of the range that the right ones have."""
        compiled = CompiledEvidenceModel(network, self._package, "")
        tokenizer = PairTokenizer(self._package.base.tokenizer_file, self._package.max_tokens)
        expected = np.concatenate([self.bert.calculate(tokenizer.padded([pair])) for pair in PARITY_PAIRS])
        found = np.concatenate([compiled.logits(question, [text]) for question, text in PARITY_PAIRS])
        return float(1 - np.max(np.abs(found - expected)) / np.ptp(expected))


def _open_cross_encoder(model: LocalModel, threads: int) -> CrossEncoderModel:
    """Load a model, from safetensors and without code of its own; raises ModelError, with the remedy, where it is broken."""
    library = silent_sentence_transformers()
    import torch

    if threads:
        torch.set_num_threads(threads)
    kind = {"device": "cpu", "local_files_only": True, "trust_remote_code": False}
    try:
        cross_encoder = library.CrossEncoder(str(model.folder), model_kwargs={"use_safetensors": True}, **kind)
    except Exception as error:  # the libraries raise whatever a broken file leads them to
        reason = f"{type(error).__name__}: {error}"
        raise ModelError(f"The evidence model {model.model_id} cannot be loaded: {reason}", REMEDY) from error
    if cross_encoder.num_labels != 1:
        raise ModelError(f"The evidence model {model.model_id} has {cross_encoder.num_labels} outputs instead of one.", REMEDY)
    return CrossEncoderModel(cross_encoder, model.model_id)


def _probability(logits: Scores) -> Scores:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), dtype=np.float32)

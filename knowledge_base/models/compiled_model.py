"""Compile a network for this machine with OpenVINO, once; keep, check and open what was compiled."""

from __future__ import annotations

import ctypes
import hashlib
import json
import logging
import mmap
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Blob = NDArray[np.uint8]
NOTICE = "Preparing the model {} for this machine; this happens once and takes some seconds."
GRAPH_VERSION = 2  # to be raised when Bert.graph changes: what was compiled of the graph before is not opened
UNKEPT = "The compiled model cannot be kept in %s, so that each start compiles it: %s"

# Kept while the process lives: taking a network down crashed now and then, and who opens it again gets the same one.
_MAPPED: dict[tuple[str, int, int], Blob] = {}  # by SHA-256, inode and time of change
_OPENED: dict[tuple[int, str, int, int], Any] = {}  # by the blob's id, precision, threads and streams
_OPENING = threading.Lock()

logger = logging.getLogger(__name__)


class NotCompiledError(RuntimeError):
    """The network cannot be used in compiled form; the message says why."""


@dataclass(frozen=True, slots=True)
class Network:
    """A network to compile.

    `weights_hash` is the SHA-256 of its weights. `graph` gives it (openvino.Model) where it must be compiled, and not before.
    `agreement` says how near a compiled network's outputs are to those calculated without OpenVINO (1: the same); below
    `minimum_agreement` it is not used.
    """

    name: str
    weights_hash: str
    graph: Callable[[], Any]
    agreement: Callable[[Any], float]
    minimum_agreement: float


class Compiled(NamedTuple):
    """A network that OpenVINO runs (openvino.CompiledModel), and the precision that it calculates in: "bf16" or "f32"."""

    network: Any
    precision: str


@dataclass(frozen=True, slots=True)
class _Key:
    """What the compiled form depends on; its hash names the folder."""

    name: str
    weights_hash: str
    openvino: str
    processor: str
    precision: str
    graph: int = GRAPH_VERSION

    def folder(self, cache_dir: Path) -> Path:
        digest = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()
        return cache_dir / "compiled" / digest[:16]


class _Outcome(NamedTuple):
    """What a compilation gave; `blob` is None where its outputs are too far off."""

    blob: Blob | None
    agreement: float


def silent_openvino() -> Any:  # noqa: ANN401
    """Import openvino without the message that it sends to its makers at every import and conversion."""
    if "openvino_telemetry" not in sys.modules:
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # openvino then takes its own silent stub
    import openvino

    return openvino


def open_compiled(network: Network, cache_dir: Path, threads: int, notify: Callable[[str], None], streams: int = 1) -> Compiled:
    """Open the network from `cache_dir`, compiling it first where it is not there or is damaged.

    `threads` 0: as many as there are cores. `streams` is how many inputs it runs at once, sharing the threads: all of them are
    done sooner, each by itself later. Raises ImportError, RuntimeError or OSError where OpenVINO cannot be used.
    """
    openvino = silent_openvino()
    core = openvino.Core()
    capabilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA", "")  # the capabilities are listed without regard to it
    processor = f"{core.get_property('CPU', 'FULL_DEVICE_NAME')}: {' '.join([*sorted(capabilities), *filter(None, [limit])])}"
    for precision in ["bf16", "f32"] if "BF16" in capabilities else ["f32"]:
        key = _Key(network.name, network.weights_hash, openvino.get_version(), processor, precision)
        outcome = _read(key.folder(cache_dir)) or _compile_once(network, key, core, cache_dir, notify)
        if outcome.blob is not None:
            return Compiled(_opened(core, outcome.blob, key.precision, threads, streams), key.precision)
        logger.warning("%s: agreement %.5f in %s is too low.", network.name, outcome.agreement, key.precision)
    raise NotCompiledError(f"its outputs agree by less than {network.minimum_agreement}")


def _opened(core: Any, blob: Blob, precision: str, threads: int, streams: int) -> Any:  # noqa: ANN401
    """Open a compiled network, or return it where it is open already; many threads may use it."""
    key = id(blob), precision, threads, streams
    with _OPENING:
        if key not in _OPENED:
            _OPENED[key] = _import(core, blob, precision, threads, streams)
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(_OPENED[key]))  # the end of the process does not take it down either
        return _OPENED[key]


def _import(core: Any, blob: Blob, precision: str, threads: int, streams: int) -> Any:  # noqa: ANN401
    """Open a compiled network; its weights stay in the blob, which it keeps."""
    options: dict[str, Any] = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
    if streams > 1:
        options["NUM_STREAMS"] = streams
    if threads:
        options["INFERENCE_NUM_THREADS"] = threads
    network = core.import_model(silent_openvino().Tensor(blob, shared_memory=True), "CPU", options)
    network.blob = blob
    # One run on two word pieces lays the weights out as the network calculates with them.
    network.create_infer_request().infer({port.any_name: np.ones((1, 2), dtype=np.int64) for port in network.inputs})
    mapped: object = blob.base
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)  # what is needed again, the rows of the words that occur, is read again
    return network


# Compile


def _compile_once(
    network: Network,
    key: _Key,
    core: Any,
    cache_dir: Path,
    notify: Callable[[str], None],  # noqa: ANN401
) -> _Outcome:
    """Compile under a lock, unless another process has done it in the meantime; without a place to keep it, unlocked."""
    from filelock import FileLock

    folder = key.folder(cache_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "lock"):
            return _read(folder) or _keep(folder, key, _compile(network, key, core, notify))
    except OSError as error:
        logger.warning(UNKEPT, folder, error)
        return _compile(network, key, core, notify)


def _compile(network: Network, key: _Key, core: Any, notify: Callable[[str], None]) -> _Outcome:  # noqa: ANN401
    notify(NOTICE.format(network.name))
    options = {"INFERENCE_PRECISION_HINT": key.precision, "PERFORMANCE_HINT": "LATENCY"}
    try:
        model = network.graph()
    except (LookupError, RuntimeError, TypeError, ValueError) as error:
        raise NotCompiledError(f"it cannot be built: {error}") from error
    try:
        exported = core.compile_model(model, "CPU", options).export_model()
        blob = np.frombuffer(bytearray(exported.getbuffer()), dtype=np.uint8)
        agreement = network.agreement(_import(core, blob, key.precision, 0, 1))
    except RuntimeError as error:
        if key.precision == "f32":
            raise
        logger.warning("%s cannot be run in %s: %s", network.name, key.precision, error)
        return _Outcome(None, 0.0)
    logger.info("%s compiled with %s: agreement %.6f.", network.name, key.precision, agreement)
    return _Outcome(blob if agreement >= network.minimum_agreement else None, agreement)


# Keep and read


def _keep(folder: Path, key: _Key, outcome: _Outcome) -> _Outcome:
    """Write the blob, then the record that vouches for it; each appears whole or not at all."""
    record: dict[str, object] = asdict(key) | {"cosine": outcome.agreement, "blob_hash": None}  # the name in earlier records
    try:
        if outcome.blob is not None:
            record["blob_hash"] = hashlib.sha256(outcome.blob.data).hexdigest()
            _replace(folder / "network.blob", outcome.blob.tobytes())
        _replace(folder / "record.json", json.dumps(record, indent=1).encode())
    except OSError as error:
        logger.warning(UNKEPT, folder, error)
    return outcome


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_suffix(".partial")
    partial.write_bytes(content)
    os.replace(partial, path)


def _read(folder: Path) -> _Outcome | None:
    """Return what was compiled into the folder, its bytes checked; None where there is nothing or it is damaged."""
    try:
        record = json.loads((folder / "record.json").read_bytes())
        agreement, expected = float(record["cosine"]), record["blob_hash"]
        blob, found = (None, None) if expected is None else _mapped(folder / "network.blob")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, LookupError, TypeError) as error:
        logger.warning("The compiled model in %s is damaged and is compiled again: %s", folder, error)
        return None
    if found != expected:
        logger.warning("The compiled model in %s is damaged and is compiled again: its SHA-256 differs.", folder)
        return None
    return _Outcome(blob, agreement)


def _mapped(path: Path) -> tuple[Blob, str]:
    """Map a file into memory, once while it is unchanged; return it with the SHA-256 of its bytes."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        status = os.fstat(file.fileno())
        key = digest, status.st_ino, status.st_mtime_ns
        if key not in _MAPPED:
            _MAPPED[key] = np.memmap(file, dtype=np.uint8, mode="c")
    return _MAPPED[key], digest

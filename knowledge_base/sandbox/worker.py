"""The body of a sandboxed child process: its limits, and the loop that serves tasks. It imports little, to start fast."""

from __future__ import annotations

import logging
import math
import pickle
from multiprocessing.connection import Connection
from time import process_time
from typing import NamedTuple

from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.platform_limits import die_with_parent, limit, most_memory_held

_ADDRESS_SPACE_EXTRA = 4 << 30
_LARGEST_FILE = 16 << 20
_OPEN_FILES = 128


class Limits(NamedTuple):
    """What one task may use: wall-clock and processor seconds, bytes of memory, bytes of pickled result."""

    seconds: float
    memory_bytes: int
    output_bytes: int


class Reply(NamedTuple):
    """What a worker sends: a pickled result or a failure; `spent` asks for a fresh worker next time."""

    result: bytes | None
    failure: tuple[str, str] | None
    spent: bool


def serve(descriptor: int, seconds: float, memory_bytes: int, output_bytes: int) -> None:
    """Serve tasks until the connection closes: the body of a child process."""
    limits = Limits(seconds, memory_bytes, output_bytes)
    logging.disable(logging.WARNING)  # parsers say thousands of things about a broken file; its reason goes to the report
    die_with_parent()
    for name, most in (
        ("DATA", memory_bytes),
        ("AS", memory_bytes + _ADDRESS_SPACE_EXTRA),
        ("FSIZE", _LARGEST_FILE),
        ("NOFILE", _OPEN_FILES),
        ("CORE", 0),
    ):
        limit(name, most)
    with Connection(descriptor) as connection:
        while True:
            try:
                task = connection.recv_bytes()
            except EOFError:
                return
            limit("CPU", math.ceil(process_time() + seconds) + 1, for_good=False)  # the kernel ends it after that
            reply = _do(task, limits)
            del task
            try:
                connection.send_bytes(pickle.dumps(reply, protocol=pickle.HIGHEST_PROTOCOL))
            except BrokenPipeError:
                return  # whoever asked is gone
            if reply.spent:
                return


def _do(task: bytes, limits: Limits) -> Reply:
    try:
        function, arguments = pickle.loads(task)
        result = pickle.dumps(function(*arguments), protocol=pickle.HIGHEST_PROTOCOL)
    except KnowledgeBaseError as error:
        return _failed(error.message, error.remedy)
    except MemoryError:
        remedy = "Split the file, or raise PARISCALL_PARSE_MEMORY_MB."
        return _failed(f"needed more than {size_in_words(limits.memory_bytes)} of memory", remedy, spent=True)
    except Exception as error:  # a border: the parent must hear of whatever went wrong
        logging.getLogger(__name__).warning("A sandboxed task failed.", exc_info=True)
        return _failed(f"the parser crashed ({type(error).__name__}: {error})"[:300], "Open and save the file again.")
    if len(result) > limits.output_bytes:
        return _failed(f"gave more than {size_in_words(limits.output_bytes)} of output", "Split the file.")
    return Reply(result, None, spent=most_memory_held() > limits.memory_bytes // 2)


def _failed(message: str, remedy: str, *, spent: bool = False) -> Reply:
    return Reply(None, (message, remedy), spent)


def size_in_words(count: int) -> str:
    """Return a number of bytes as people write it: `300 MB`, `1 GB`."""
    return f"{count / (1 << 30):g} GB" if count >= 1 << 30 else f"{count / (1 << 20):.0f} MB"

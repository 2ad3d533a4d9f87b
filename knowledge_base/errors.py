"""The exceptions of the project, one tree.

KnowledgeBaseError            what went wrong, and the remedy
├── NoIndexError              nothing has been published yet
├── DamagedIndexError         files of a generation differ from what was published
│   └── DamagedVectorsError   those of its vectors, which can be rebuilt from its catalog
├── ModelError                the embedding model is missing, altered, or not the one the index was made with
├── WrongRootsError           an index of configured roots was asked to become one of a folder, or the reverse
├── LockedError               another process is writing
├── StorageError              no space, no permission, a read-only directory
├── FetchError                a source of the list could not be downloaded, or is not what the list says
├── EvaluationError           a test set or a run cannot be used, or an index did not pass
└── DocumentError             one file cannot be read (the others go on)
"""

from __future__ import annotations


class KnowledgeBaseError(Exception):
    """Base of all errors that a user is told about.

    `message` says what happened, with the value; `remedy` says what to do next. `str()` gives both.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class NoIndexError(KnowledgeBaseError):
    """Nothing has been published in the data directory yet."""


class DamagedIndexError(KnowledgeBaseError):
    """Files of a published generation are not what was published."""

    def __init__(
        self,
        message: str,
        remedy: str = "Repair it with `python -m ingest sync --rebuild`, or go back with `python -m ingest rollback`.",
    ) -> None:
        super().__init__(message, remedy)


class DamagedVectorsError(DamagedIndexError):
    """The vectors of a published generation are not what was published; its catalog is intact."""


class ModelError(KnowledgeBaseError):
    """The embedding model is missing, altered, or not the one the index was made with."""


class WrongRootsError(KnowledgeBaseError):
    """The index was made of other roots than those asked for."""


class LockedError(KnowledgeBaseError):
    """Another process holds the writer's lock."""


class StorageError(KnowledgeBaseError):
    """The data directory cannot be written: no space, no permission, read-only."""


class FetchError(KnowledgeBaseError):
    """A source of the list could not be downloaded, or is not what the list says; what was there stays."""


class EvaluationError(KnowledgeBaseError):
    """A test set or an earlier run cannot be used, nothing fits the index, or an index did not pass its evaluation."""


class DocumentError(KnowledgeBaseError):
    """One document cannot be read; the reason is for its line in the report."""


def unexpected(error: Exception) -> str:
    """Return the sentence for an error that nobody foresaw: what it is, and how to see where it arose."""
    return (
        f"Error: Something unexpected went wrong ({type(error).__name__}: {error}). "
        "Run the command again with PARISCALL_LOG_LEVEL=debug to see where, and report it."
    )

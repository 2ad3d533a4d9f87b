"""Read and cut the files of a plan, for a sync and for its preview alike."""

from __future__ import annotations

from collections.abc import Callable

from ingest.plan import FileToRead, SyncPlan, limited_version, limits_of, with_earlier_version
from ingest.reading import Unread
from ingest.report import Progress, Reading
from ingest.stages import Reader
from knowledge_base.catalog import FailureRow
from knowledge_base.embeddings import Embedder
from knowledge_base.passages import Document
from knowledge_base.settings import Settings

_LEAST_TEXT = 5  # characters; less is what is left of a broken file, and would look as if it had been read


def read_plan(
    settings: Settings, plan: SyncPlan, reader: Reader, embedder: Callable[[], Embedder], progress: Progress
) -> Reading:
    """Read and cut the files of a plan, each in a child process; the failed ones are listed with their reasons.

    `embedder` is called where a text is to be measured, so that it may be opened meanwhile.
    """
    reading, done = Reading(), 0
    total, updated = len(plan.to_read), {file.source for file in plan.updated}

    def count(files: int) -> None:
        nonlocal done
        done += files
        progress("Read", done, total)

    for file, result, passages in reader.read(settings, plan.to_read, embedder, count):
        if isinstance(result, Document) and (result.record or (passages and _length(result) >= _LEAST_TEXT)):
            reading.documents.append((file, result, passages))
        else:
            reading.failed.append(_failure(file, result, file.source in updated, limits_of(settings)))
    reading.documents.sort(key=lambda entry: entry[0].source)
    return reading


def _failure(file: FileToRead, result: Document | Unread, has_earlier: bool, limits: str) -> FailureRow:
    unread = Unread(_why_no_text(result)) if isinstance(result, Document) else result
    version = limited_version(file.version, limits) if unread.is_limited else file.version
    content_hash = "" if unread.is_passing else file.content_hash  # no file has this one, so that it is read again
    return FailureRow(file.source, content_hash, version, with_earlier_version(unread.reason, has_earlier))


def _length(document: Document) -> int:
    return sum(len(page.text.strip()) for page in document.pages)


def _why_no_text(document: Document) -> str:
    if _length(document):
        return f"it has hardly any text ({_length(document)} characters)"
    problems = dict.fromkeys(page.problem for page in document.pages if page.problem)
    found = "; ".join(filter(None, problems))
    return f"it has no searchable text ({found})" if found else "it has no searchable text"

"""What the tests of the page share: a published index without vectors, and answers made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from assistant.answers import Answer, AnswerPart, Citation, Refusal
from knowledge_base.passages import Document, Page, Passage, RetrievedPassage
from knowledge_base.store.catalog import Catalog, FailureRow
from knowledge_base.store.generations import building, publish, seal
from knowledge_base.store.manifest import CATALOG, CHROMA, Manifest
from knowledge_base.store.vectors import VectorStore

HOSTILE = "<img src=x onerror=alert(1)> ![x](http://127.0.0.2/?q=secret) :red[x] $x$ :smile: # no title"
TEXT = "The first line.\n\nThe Call has nine principles. It was launched in Paris.\n\nThe last line."
QUOTE = "The Call has nine principles."


def note(text: str = TEXT, source: str = "notes/call.md", title: str = "A note on the Call") -> Document:
    content = sha256(text.encode()).hexdigest()
    return Document(source, title, content, "en", (Page(None, None, text),), "markdown", "2018-11-12")


def publish_documents(
    data_dir: Path,
    documents: Sequence[Document],
    identifier: str = "000001",
    folder: str | None = None,
    failures: Sequence[FailureRow] = (),
) -> None:
    """Publish a generation that holds the documents; it holds no vectors, for the page's views need none."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with building(data_dir, None) as path:
        VectorStore.create(path / CHROMA).close()
        with Catalog.create(path / CATALOG) as catalog:
            for document in documents:
                catalog.put_document(document, [], "1", "2026-01-02T03:04:05+00:00")
            catalog.set_failures(failures)
            counts = catalog.counts()
        manifest = Manifest(identifier, "2026-01-02T03:04:05+00:00", folder, "model", 3, 1, counts)
        publish(data_dir, path, seal(path, manifest))


def citation(number: int = 1, text: str = TEXT, quote: str = QUOTE, title: str = "A note on the Call") -> Citation:
    start = text.index(quote)
    return Citation(
        number, "notes/call.md", title, None, start, start + len(quote), quote, date="2018-11-12", heading="Principles"
    )


def quoted_answer(question: str = "How many principles?", quote: str = QUOTE) -> Answer:
    cited = citation(text=TEXT if quote in TEXT else quote, quote=quote)
    parts = (AnswerPart(quote, (1,)),)
    return Answer(question, f"{quote}[1]", "extractive", False, (cited,), (), 0.04, parts, 0.9, generation="000001")


def refused_answer(question: str = "How many kangaroos?") -> Answer:
    passage = Passage("p1", "notes/call.md", "A note on the Call", None, 17, 46, "", QUOTE)
    return Answer(
        question, "The documents do not answer this question.", "extractive", True, (),
        (RetrievedPassage(passage, 0.3, 0.3, 0.3),), 0.02,
        refusal=Refusal(("many", "kangaroos"), ("kangaroos",), "The documents hold too little on it."), generation="000001",
    )  # fmt: skip


def register_answer(question: str = "Which companies?") -> Answer:
    rows = ({"name": '=HYPERLINK("http://127.0.0.2")', "country": "France"}, {"name": "Ada", "country": "Japan"})
    parts = (AnswerPart("2 companies are in the register.", (), "note"),)
    text = "2 companies are in the register."
    return Answer(question, text, "register", False, (), (), 0.01, parts, 1.0, generation="000001", table=rows)

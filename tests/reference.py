"""Write docs/reference.md from the code: every command, setting and JSON field. `make reference` runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from enum import Enum
from pathlib import Path
from textwrap import fill
from typing import Any, Literal, get_args, get_origin, get_type_hints

import typer

import assistant.__main__
import ingest.__main__
from assistant.answers import Answer, AnswerPart, Citation, WritingRecord, as_json
from assistant.claims.alignment import Difference
from assistant.workbench.checking import Checked
from assistant.workbench.coverage import Coverage, Row
from assistant.workbench.drafts import DraftSentence
from assistant.workbench.http_api import inlined
from assistant.workbench.references import Citing, Reference, References
from assistant.workbench.search import FACETS, Result, Search
from assistant.workbench.tools import TOOLS, arguments_of, description_of, result_schema
from ingest.fetch.official import FetchReport, SourceReport
from ingest.health import DocumentHealth, PageHealth, PageProblem
from ingest.sync.report import PassageChange, SyncReport
from knowledge_base.passages import Passage, RetrievedPassage
from knowledge_base.settings import Settings

REFERENCE = Path(__file__).parents[1] / "docs" / "reference.md"
PROGRAMS = {"assistant": assistant.__main__.app, "ingest": ingest.__main__.app}
BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most"}
FACTORIES = {"data_dir": "`./data` in a checkout, else the user's data directory", "cache_dir": "the user's cache directory"}

INTRODUCTION = """\
# Reference

Every command, setting and JSON field, written from the code by `make reference`; `tests/test_reference.py` fails where this
page is not current or where one of them has no description.

Exit codes of all commands: 0 done; 1 done in part (`sync`, `preview`: some files failed; `evaluate --gate`: not passed); 2 not
done, with the reason and a remedy on standard error; 130 stopped by the user.

## Commands

`pariscall ask` is `python -m assistant ask`; `pariscall ingest sync` is `python -m ingest sync`. An option that takes
no value is off unless it is given.
"""

ANSWER = {
    "id": "the `id` of the question's line in a batch; null for one question",
    "question": "the question as it was asked",
    "answer": "the text of the answer or refusal; `[1]` refers to citation 1",
    "mode": "`extractive` (quotes), `register` (computed from the register) or `generative` (written by a language model)",
    "abstained": "whether the question was refused",
    "citations": "the quotes that the answer stands on, in order of their numbers",
    "citations[].number": "what the answer's text refers to",
    "citations[].source": "the document: ROOT/PATH",
    "citations[].title": "its title",
    "citations[].page": "page from 1; null: the document has no pages",
    "citations[].start": "first character of the quote in the page's stored text, from 0",
    "citations[].end": "the character after its last",
    "citations[].quote": "the quote, letter for letter",
    "citations[].status": "`exact`: the quote stands at these characters; no other citation is given",
    "citations[].label": "the numbered part that it stands in, such as `Article 3(2)(c)`; empty: none",
    "citations[].date": "what the document says of its date; null: nothing",
    "citations[].heading": "the headings above the quote, outermost first",
    "citations[].link": "address of its place in the page, to be put after the page's own address",
    "citations[].ocr": "how sure the reading of the page's picture is, 0 to 1; null: the text is the file's own",
    "retrieved": "the ten best passages, best first, whether answered or refused",
    "retrieved[].source": "the document",
    "retrieved[].page": "page from 1; null: no pages",
    "retrieved[].start": "first character of the passage in the page's stored text",
    "retrieved[].end": "the character after its last",
    "retrieved[].text": "its text",
    "retrieved[].score": "how well it fits; comparable within one question only",
    "seconds": "wall time",
    "short_answer": "the date or number asked for: `citation`, `start` and `end` within its quote, `text`; null: none is sure",
    "confidence": "probability, 0 to 1, that the evidence answers the question",
    "weak": "answered, but not far above what is refused",
    "standalone": "the question as it was searched, where a follow-up was completed; else null",
    "generation": "name of the generation that answered",
    "parts": "the answer sentence by sentence",
    "parts[].text": "the sentence or list item",
    "parts[].citations": "the numbers of the citations that it stands on",
    "parts[].kind": "`sentence`, `list_item`, or `note` (the assistant's own words)",
    "parts[].support": "`supported`, `weak` or `unsupported`, where a language model wrote it; null: it is a quote",
    "table": "the rows of an answer from the register",
    "writing": "what a language model did; null: none was asked",
    "writing.model": "PROVIDER:MODEL",
    "writing.is_local": "whether the passages stayed on this machine",
    "writing.supported": "sentences that their quotes support",
    "writing.weak": "sentences with weak support",
    "writing.unsupported": "sentences without support",
    "writing.false_citations": "citations of passages that the model was not given",
    "writing.notice": "what the reader is told of the attempt; null: nothing happened",
    "writing.fault": "kind of failure; null: none",
    "writing.is_partial": "whether the answer was cut off",
    "writing.input_tokens": "tokens sent, estimated where the server does not say",
    "writing.output_tokens": "tokens written, estimated where the server does not say",
    "writing.cost": "by the configured prices; null: no prices",
    "writing.seconds": "wall time of the model",
    "writing.shares": "shares of the sentences, 0 to 1",
    "writing.shares.supported": "of supported ones",
    "writing.shares.weak": "of weak ones",
    "writing.shares.unsupported": "of unsupported ones",
}

CITATION = {name.removeprefix("citations[]."): text for name, text in ANSWER.items() if name.startswith("citations[].")} | {
    "number": "counts the citations of the whole"
}

_CITATION = Citation(1, "briefs/a.md", "A", None, 0, 1, "x")

SEARCH = {
    "query": "the search as it was given",
    "total": "passages that it finds, after the filters",
    "documents": "documents that these stand in",
    "results": "the best passages, best first",
    "results[].source": "the document: ROOT/PATH",
    "results[].title": "its title",
    "results[].page": "page from 1; null: no pages",
    "results[].start": "first character of the passage in the page's stored text",
    "results[].end": "the character after its last",
    "results[].text": "its text",
    "results[].score": "BM25, higher is better; comparable within one search only",
    "results[].heading": "the headings above it",
    "results[].hits": "first and last character (exclusive) in the page's stored text of each place that matches",
    "results[].snippet": "the piece of the passage with most hits",
    "results[].snippet.text": "its text",
    "results[].snippet.hits": "first and last character (exclusive) in the snippet of each place that matches",
    "facets": "passages by document, language, year and type; each leaves out its own filter",
    "facets.document": "by source",
    "facets.language": "by ISO 639-1 code, or `none`",
    "facets.year": "by year of the document's date, or `none`",
    "facets.type": "by type of file",
    "parts": "where nothing is found: how many passages hold each part of the search by itself",
    "unknown": "those parts that no document holds",
    "ignored": "stop words that were not searched for",
    "generation": "name of the generation that was searched",
}

COVERAGE = {
    "term": "the term as it was given",
    "searched": "the words and phrases that were counted, as the documents write them, in small letters",
    "by": "what was counted by",
    "documents": "number of all documents, the register's records among them",
    "rows": "a row for each document, or group, with a mention",
    "rows[].source": "the document; of a group, the one that is quoted",
    "rows[].title": "its title, or the name of the group",
    "rows[].count": "number of mentions in the stored text of all pages",
    "rows[].documents": "documents of the row with a mention",
    "rows[].forms": "mentions by the word or phrase that was counted",
    "rows[].citation": "the best quote; null: no sentence holds the whole term",
    **{f"rows[].citation.{name}": text for name, text in CITATION.items()},
    "none": "documents without a mention, by source",
    "generation": "name of the generation that was counted in",
}

_REFERENCE = {
    "": "texts that are cited, those first that most documents cite",
    "[].name": "as most mentions name it",
    "[].kind": "`title` of a document, `number` (A/RES/73/27), `name` (Budapest Convention), or `link`",
    "[].count": "number of mentions",
    "[].sources": "the indexed documents that it is; empty: it is not held",
    "[].citing": "the documents that cite it",
    "[].citing[].source": "the document: ROOT/PATH",
    "[].citing[].title": "its title",
    "[].citing[].count": "how often it cites the text",
    "[].citing[].citation": "the first sentence that does; null: it stands in none, as in a table of contents",
    **{f"[].citing[].citation.{name}": text for name, text in CITATION.items()},
}
REFERENCES = {f"{part}{name}": text for part in ("held", "missing") for name, text in _REFERENCE.items()} | {
    "held": "cited texts that are indexed, those first that most documents cite",
    "missing": "cited texts that are not indexed, those first that most documents cite",
    "generation": "name of the generation that was read",
}

SYNC = {
    "generation": "name of the published generation; null: there is none",
    "added": "new documents",
    "updated": "documents whose content changed",
    "renamed": "documents with the bytes of one that is gone: `source`, `from`, `reason`",
    "deleted": "documents that are gone",
    "unchanged": "documents that were not read again",
    "skipped": "files that are not read: `source`, `reason`",
    "failed": "files that could not be read: `source`, `reason`",
    "passages": "passages in the generation",
    "embedded": "texts that were embedded; the others came from the cache",
    "notices": "sentences for the reader",
    "seconds": "wall time",
    "changes": "an entry for each updated document",
    "changes[].source": "the document",
    "changes[].added": "its new passages",
    "changes[].removed": "its passages that are gone",
    "changes[].unchanged": "its passages that stayed",
}

EXPORT = {
    "file": "the file that was written",
    "format": "its form",
    "answers": "number of answers",
    "documents": "number of documents that they cite",
    "bytes": "its size",
    "sha256": "the SHA-256 of its bytes",
}

VERIFICATION = {
    "holds": "whether all of it is as it was written",
    "tool": "what made the bundle",
    "created": "when the index that answered was published; null: not known",
    "answers": "number of answers",
    "quotes": "number of quotes",
    "documents": "number of documents that they cite",
    "failures": "what does not hold",
    "failures[].what": "what is wrong",
    "failures[].question": "the question whose answer holds the quote; null: it is not a quote that fails",
    "failures[].number": "the number of the citation",
    "failures[].source": "the document",
    "failures[].page": "page from 1; null: no pages",
    "now": "where the quotes stand in the index at hand; null: there is none",
    "now.generation": "name of its published generation",
    "now.there": "quotes that stand where they stood",
    "now.moved": "quotes that stand elsewhere",
    "now.gone": "quotes that stand nowhere",
    "now.lost": "the quotes that stand nowhere: `source`, `title`, `page`, `start`, `end`, `quote`, `generation`, `standing`",
}

DIGEST = {
    "generation": "name of the generation that answered; null: no answer is saved",
    "asked": "number of saved answers",
    "changed": "how many of them changed",
    "answers": "an entry for each saved answer",
    "answers[].id": "its number among the saved ones",
    "answers[].question": "the question",
    "answers[].state": "`same`, `changed`, `answered` (it was refused before) or `refused` (it is now)",
    "answers[].since": "when it was saved or last asked, ISO time",
    "answers[].made": "when it was asked now",
    "answers[].before": "name of the generation that answered before",
    "answers[].after": "name of the one that answers now",
    "answers[].answer": "the answer's text now",
    "answers[].new": "citations that it did not have",
    "answers[].gone": "citations that it has no more",
    "answers[].changed": "citations whose words were edited in their document: `before`, `after`",
    "answers[].moved": "citations that are on another page: `before`, `after`",
}

HEALTH = {
    "source": "the document: ROOT/PATH",
    "state": "`indexed` or `failed`",
    "kind": "type of file, by its content; null: unknown",
    "language": "ISO 639-1 code; null: unknown",
    "pages": "number of pages",
    "characters": "characters of text",
    "passages": "passages in the index",
    "problem": "what is wrong with it, or why it failed; null: nothing",
    "page_problems": "pages with no searchable text, or hardly any",
    "page_problems[].page": "page from 1",
    "page_problems[].problem": "what is wrong with it",
    "odd": "share, 0 to 1, of characters that no text has",
    "columns": "pages on which columns are suspected",
    "tables": "pages on which tables are suspected",
    "needs_ocr": "pages that seem to be scans without text",
    "duplicates": "documents with the same bytes, or with most of the same passages",
    "page_health": "an entry for each page",
    "page_health[].page": "page from 1; null: the whole of a document without pages",
    "page_health[].characters": "characters of text",
    "page_health[].language": "ISO 639-1 code; null: unknown",
    "page_health[].odd": "as above, of the page",
    "page_health[].columns": "whether columns are suspected",
    "page_health[].tables": "whether tables are suspected",
    "page_health[].needs_ocr": "whether it seems to be a scan without text",
    "page_health[].problem": "what is wrong with it; null: nothing",
}

FETCH = {
    "sources": "an entry for each source",
    "sources[].name": "its name in the list",
    "sources[].state": "`fetched`, `unchanged` or `failed`",
    "sources[].folder": "where its files are",
    "sources[].files": "number of files",
    "sources[].bytes": "their size",
    "sources[].received": "bytes that were downloaded",
    "sources[].resumed_from": "always 0: a download that was cut off begins again",
    "sources[].notices": "sentences for the reader",
    "sources[].reason": "why it failed; null: it did not",
    "seconds": "wall time",
}

CHECK = {
    "sentences": "the sentences of the draft, in order",
    "sentences[].text": "the sentence",
    "sentences[].status": "`verbatim`, `supported`, `contradicted` or `not_found`",
    "sentences[].citations": "the quotes that show it; none: no passage is near",
    **{path.replace("citations[]", "sentences[].citations[]"): said for path, said in ANSWER.items() if "citations[]." in path},
    "sentences[].citations[].relation": "`stands there`, `says it`, `differs`, or `nearest`: the passage does not say it",
    "sentences[].start": "first character of the sentence in the draft's text, which joins its paragraphs by line ends",
    "sentences[].end": "the character after its last",
    "sentences[].claim": "whether it was judged; headings, questions and what makes no claim are `not_found`, unjudged",
    "sentences[].difference": "how the draft and the quote differ",
    "sentences[].difference[].kind": "number, date, name, place, negation, opposite, roles, scope, modality or quotation",
    "sentences[].difference[].draft": "what the draft says; empty: nothing",
    "sentences[].difference[].document": "what the document says; empty: nothing",
}


def reference() -> str:
    """Return the whole page."""
    return "\n".join([INTRODUCTION, *_commands(), *_settings(), *_tools(), *_json_fields()]).rstrip() + "\n"


def commands() -> Iterator[tuple[str, Any]]:
    """Yield each command's name, its program before it, with what Typer makes of it."""
    for program, app in PROGRAMS.items():
        group: Any = typer.main.get_command(app)
        for name, command in sorted(group.commands.items()):
            yield f"{program} {name}", command


def json_fields() -> dict[str, tuple[list[str], Mapping[str, str]]]:
    """Return for each kind of JSON the paths of its fields, read from the code, and their descriptions."""
    health = _paths(DocumentHealth, {"page_problems": PageProblem, "page_health": PageHealth})
    return {
        "An answer: `ask --json`, and a line of `ask --batch`": (_keys(as_json(_full_answer(), "1")), ANSWER),
        "A search: `search --json`": (_keys(_full_search()), SEARCH),
        "Coverage: `coverage --json`": (_keys(_full_coverage()), COVERAGE),
        "What cites what: `references --json`": (_keys(_full_references()), REFERENCES),
        "A report: `sync --json`, `preview --json`": (_paths(SyncReport, {"changes": PassageChange}), SYNC),
        "A document: an entry of `health --json`": (health, HEALTH),
        "A file: `export --json`": (list(EXPORT), EXPORT),
        "What was found: `verify --json`": (list(VERIFICATION), VERIFICATION),
        "What changed: `digest --json`": (list(DIGEST), DIGEST),
        "A checked draft: `check --json`": (_keys({"sentences": [_full_check().as_json()]}), CHECK),
        "A report: `fetch --json`": (_paths(FetchReport, {"sources": SourceReport}), FETCH),
    }


def choices_of(annotation: Any) -> str:
    """Return the values that an option or a setting takes, where they are counted."""
    members = list(annotation) if isinstance(annotation, type) and issubclass(annotation, Enum) else []
    values = get_args(annotation) if get_origin(annotation) is Literal else [member.value for member in members]
    return ", ".join(f"`{value}`" for value in values)


def default_of(name: str) -> str:
    """Return the default of a setting in words."""
    value = Settings.model_fields[name].default
    if name in FACTORIES:
        return FACTORIES[name]
    return "none" if value in (None, "") else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _commands() -> Iterator[str]:
    for name, command in commands():
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        words = [(p.metavar or p.name.upper()).strip("[]") for p in arguments]
        usage = " ".join(w if p.required else f"[{w}]" for w, p in zip(words, arguments, strict=True))
        yield f"### {name}\n\n{fill(command.help, 128)}\n\n    python -m {name} {usage}".rstrip() + "\n"
        yield "| argument or option | what it does | default |\n|---|---|---|"
        for parameter in command.params:
            shown = dict(zip(map(id, arguments), words, strict=True)).get(id(parameter), parameter.opts[0])
            default = (
                "" if parameter.default in (None, False) else f"`{getattr(parameter.default, 'value', parameter.default)}`"
            )
            choices = choices_of(get_type_hints(command.callback)[parameter.name])
            described = parameter.help.rstrip(".") + (f" ({choices})" if choices else "")
            yield f"| `{shown}` | {described} | {'needed' if parameter.required else default} |"
        yield ""


def _settings() -> Iterator[str]:
    yield "## Settings\n\nEnvironment variables, read when a command starts. An empty one counts as unset.\n"
    yield "| variable | what it sets | default |\n|---|---|---|"
    for name, setting in Settings.model_fields.items():
        bounds = [
            f"{words} {getattr(m, sign)}" for m in setting.metadata for sign, words in BOUNDS.items() if getattr(m, sign, 0)
        ]
        limits = ", ".join(filter(None, [*bounds, choices_of(setting.annotation)]))
        described = f"{setting.description} ({limits})" if limits else setting.description
        yield f"| `PARISCALL_{name.upper()}` | {described} | {default_of(name)} |"
    yield ""


def tool_fields(name: str) -> list[tuple[str, str, str]]:
    """Return the arguments of a tool and the fields of its result: `argument` or `result`, name, description."""
    taken, returned = inlined(arguments_of(name).model_json_schema()), inlined(result_schema(name))
    rows = [("argument", field, kind["description"].rstrip(".")) for field, kind in taken["properties"].items()]
    return rows + [("result", path, told) for path, told in _described(returned)]


def _tools() -> Iterator[str]:
    yield "## Tools\n\nWhat programs call: [integrations.md](integrations.md). A result holds JSON; `a[].b` as below.\n"
    for name in TOOLS:
        told = description_of(name).split("\n\n")[0]
        yield f"### {name}\n\n{fill(' '.join(told.split()), 128)}\n\n| | field | what it is |\n|---|---|---|"
        yield from (f"| {kind} | `{path}` | {described} |" for kind, path, described in tool_fields(name))
        yield "" if result_schema(name).get("properties") else "| result | | as `ask --json` below |\n"


def _described(schema: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, kind in schema.get("properties", {}).items():
        yield prefix + name, kind["description"]
        yield from _described(kind.get("items", {}), f"{prefix}{name}[].")


def _json_fields() -> Iterator[str]:
    yield "## JSON\n\n`a[].b` is field `b` of each entry of the list `a`.\n"
    for title, (paths, descriptions) in json_fields().items():
        yield f"### {title}\n\n| field | what it holds |\n|---|---|"
        yield from (f"| `{path}` | {descriptions[path]} |" for path in paths)
        yield ""


def _keys(value: Any, prefix: str = "") -> list[str]:
    """Return the paths of all fields in a JSON value."""
    if isinstance(value, list):
        return _keys(value[0], f"{prefix.removesuffix('.')}[].") if value and isinstance(value[0], dict) else []
    if not isinstance(value, dict):
        return []
    return [path for name, inner in value.items() for path in (prefix + name, *_keys(inner, f"{prefix}{name}."))]


def _paths(record: type, entries: Mapping[str, type]) -> list[str]:
    """Return the paths of a record's fields, and below each list those of its entries."""
    named: Callable[[type], list[str]] = lambda kind: [field.name for field in fields(kind)]  # noqa: E731
    return [
        path
        for name in named(record)
        for path in (name, *(f"{name}[].{inner}" for inner in (named(entries[name]) if name in entries else ())))
    ]


def _full_search() -> dict[str, Any]:
    """Return a search in which every field holds something."""
    passage = Passage(**{field.name: "" for field in fields(Passage)})
    facets: dict[str, dict[str, int]] = {name: {} for name in FACETS}
    return Search("x", 1, 1, (Result(passage, 0.1, ((0, 1),), "x", ((0, 1),)),), facets, {}, (), {}).as_json("000001")


def _full_coverage() -> dict[str, Any]:
    """Return the coverage of a term in which every field holds something."""
    row = Row("briefs/a.md", "A", 1, _CITATION, {})
    return {**Coverage("x", ("x",), "document", (row,), (), {}).as_json(), "generation": "000001"}


def _full_references() -> dict[str, Any]:
    """Return what cites what, in which every field holds something."""
    reference = Reference("x", "name", (), (Citing("briefs/a.md", "A", 1, _CITATION),))
    return {**References((reference,), (reference,)).as_json(), "generation": "000001"}


def _full_answer() -> Answer:
    """Return an answer in which every field holds something."""
    citation = _CITATION
    passage = Passage(**{field.name: "" for field in fields(Passage)})
    found = RetrievedPassage(**{f.name: passage if f.name == "passage" else 0.0 for f in fields(RetrievedPassage)})
    writing = WritingRecord("ollama:llama3.2", is_local=True)
    return Answer("?", "x[1]", "extractive", False, (citation,), (found,), 0.1, (AnswerPart("x", (1,)),), writing=writing)


def _full_check() -> Checked:
    """Return a checked sentence in which every field holds something."""
    citation = Citation(1, "briefs/a.md", "A", None, 0, 1, "x")
    sentence = DraftSentence("x", 0, 1, 0, is_claim=True)
    return Checked(sentence, "contradicted", (citation,), "differs", (Difference("number", "1", "2"),))


if __name__ == "__main__":
    REFERENCE.write_text(reference(), encoding="utf-8")

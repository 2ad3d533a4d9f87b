"""The commands that look things up: search, coverage, references, compare, timeline, supporters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from knowledge_base.command_line import AsJson, DataDirectory, read_settings
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.terminal_text import on_a_line

if TYPE_CHECKING:
    from knowledge_base.store.generations import Generation

_LISTED = 30

app = typer.Typer()

Several = list[str] | None


@app.command()
def search(
    query: Annotated[str, typer.Argument(help='Words, "a phrase", AND, OR, NOT, parentheses, the beginning of a word*.')],
    as_json: AsJson = False,
    document: Annotated[Several, typer.Option("--document", help="Only documents with this in their source or title.")] = None,
    language: Annotated[Several, typer.Option("--language", help="Only documents in this language, such as en.")] = None,
    year: Annotated[Several, typer.Option("--year", help="Only documents of this year; `none`: without a date.")] = None,
    type_: Annotated[Several, typer.Option("--type", help="Only documents of this type, such as pdf.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="The most results.", min=1, max=1000)] = 20,
    data_dir: DataDirectory = None,
) -> None:
    """Find passages by their words; each filter may be given several times."""
    from assistant.workbench.search import Filters, search
    from knowledge_base.language.words import question_language

    filters = Filters(tuple(document or ()), tuple(language or ()), tuple(year or ()), tuple(type_ or ()))
    with _opened(data_dir, "Searching") as generation:
        found = search(query, generation.catalog, filters, limit)
        if as_json:
            print(json.dumps(found.as_json(generation.id), ensure_ascii=False, indent=1))
            return
    print(found.explained(question_language(query)) or f"{found.total:,} passages in {found.documents:,} documents")
    for result in found.results:
        passage = result.passage
        page = f", page {passage.page}" if passage.page is not None else ""
        print(on_a_line(f"- {passage.title} ({passage.source}{page}): {' '.join(result.snippet.split())}"))


@app.command()
def coverage(
    term: Annotated[str, typer.Argument(help="A word or a phrase; counted in all its forms.")],
    by: Annotated[str, typer.Option("--by", help="What to count by: document, year, language or country.")] = "document",
    output: Annotated[Path | None, typer.Option("--output", help="Write the table to this .xlsx or .csv file.")] = None,
    as_json: AsJson = False,
    data_dir: DataDirectory = None,
) -> None:
    """Count the mentions of a term in every document, each with its best quote; name the documents without any."""
    from assistant.workbench.coverage import GROUPS, cover
    from assistant.workbench.tables import write_table

    group = next((name for name in GROUPS if name == by), None)
    if group is None:
        raise KnowledgeBaseError(f"Mentions cannot be counted by “{by}”.", f"Choose one of: {', '.join(GROUPS)}.")
    with _opened(data_dir, "Counting") as generation:
        found = cover(term, generation.catalog, group)
        if output:
            write_table(output, found.table())
        if as_json:
            print(json.dumps({**found.as_json(), "generation": generation.id}, ensure_ascii=False, indent=1))
            return
    total = len(found.library)
    held = total - len(found.none)
    print(on_a_line(f"“{found.term}”: {held:,} of {total:,} documents. Searched for: {', '.join(found.searched)}"))
    for row in found.rows[:_LISTED]:
        quote = f": {' '.join(row.citation.quote.split())}" if row.citation else ""
        print(on_a_line(f"{row.count:>6}  {row.title} ({row.source}){quote}"))
    if len(found.rows) > _LISTED:
        print(f"        and {len(found.rows) - _LISTED:,} more; --json or --output gives all.")


@app.command()
def references(as_json: AsJson = False, data_dir: DataDirectory = None) -> None:
    """Say which documents cite which, and what is cited that the index does not hold, the most cited first."""
    from assistant.workbench.references import find_references

    with _opened(data_dir, "Reading") as generation:
        found = find_references(generation.catalog)
        if as_json:
            print(json.dumps({**found.as_json(), "generation": generation.id}, ensure_ascii=False, indent=1))
            return
    for head, cited in (("Cited, and held:", found.held), ("Cited, and not held:", found.missing)):
        print(head)
        for entry in cited[:_LISTED]:
            print(on_a_line(f"{entry.count:>6}  {entry.name} (in {len(entry.citing)} documents)"))


@app.command()
def compare(
    left: Annotated[str, typer.Argument(help="A document, by its source or words of its title.")],
    right: Annotated[str, typer.Argument(help="The one next to it; SOURCE@GENERATION is an earlier version.")],
    as_json: AsJson = False,
    data_dir: DataDirectory = None,
) -> None:
    """Set two documents side by side, paragraph by paragraph, also a text and its translation."""
    from assistant.workbench.compare import compare_named

    settings = read_settings(data_dir)
    found, generations = compare_named(settings, left, right)
    if as_json:
        print(json.dumps(found.as_json(generations), ensure_ascii=False, indent=1))
        return
    counts = found.counts
    print(on_a_line(f"{found.left.title} ({found.left.source}) next to {found.right.title} ({found.right.source})"))
    told = "{paired} paragraphs correspond, {same} more are the same, {left} only left, {right} only right"
    print(told.format(**counts))
    for pair in found.pairs:
        if not pair.is_same:
            print(on_a_line(f"< {pair.left.text if pair.left else '—'}"))
            print(on_a_line(f"> {pair.right.text if pair.right else '—'}"))
            print()


@app.command()
def timeline(
    words: Annotated[str, typer.Argument(help="Only statements with all of these words, in any of their forms.")] = "",
    since: Annotated[int, typer.Option("--since", help="From this year on.")] = 0,
    until: Annotated[int, typer.Option("--until", help="Up to this year.")] = 9999,
    limit: Annotated[int, typer.Option("--limit", help="The most statements.", min=1)] = 200,
    as_json: AsJson = False,
    data_dir: DataDirectory = None,
) -> None:
    """List the dated statements of all documents, the earliest first."""
    from assistant.workbench.timeline import timeline

    with _opened(data_dir, "Reading") as generation:
        found = timeline(generation.catalog, words).within(since, until)
        if as_json:
            print(json.dumps(found.as_json(generation.id, limit), ensure_ascii=False, indent=1))
            return
    for statement in found.statements[:limit]:
        page = f", page {statement.page}" if statement.page is not None else ""
        print(on_a_line(f"{statement.when:<10}  {' '.join(statement.text.split())} ({statement.source}{page})"))
    if len(found.statements) > limit:
        print(f"            and {len(found.statements) - limit:,} more; --limit gives them.")


@app.command()
def supporters(
    category: Annotated[
        Several, typer.Option("--category", help="state, public-authority, private-sector, civil-society.")
    ] = None,
    country: Annotated[Several, typer.Option("--country", help="A country or a group: a name, or an ISO 3166-1 code.")] = None,
    output: Annotated[Path | None, typer.Option("--output", help="Write the rows to this .xlsx or .csv file.")] = None,
    as_json: AsJson = False,
    data_dir: DataDirectory = None,
) -> None:
    """Count the supporters of the register by category, country and year; each option may be given several times."""
    from assistant.workbench.supporters import supporters
    from assistant.workbench.tables import write_table
    from knowledge_base.language.places import country_name

    with _opened(data_dir, "Counting") as generation:
        found = supporters(generation.catalog, category or (), country or ())
        if output:
            write_table(output, {"supporters": found.table("en")})
        if as_json:
            print(json.dumps({**found.as_json("en"), "generation": generation.id}, ensure_ascii=False, indent=1))
            return
    print(on_a_line(f"{found.told('en')} (as of {found.as_of})"))
    for code, counts in list(found.by_country.items())[:_LISTED]:
        print(on_a_line(f"{sum(counts.values()):>6}  {country_name(code, 'en') or 'no country given'}"))


@contextmanager
def _opened(data_dir: Path | None, doing: str) -> Iterator[Generation]:
    """Open the text of the published generation; on a terminal, show that something is being done."""
    from rich.console import Console

    from knowledge_base.store.generations import open_generation

    settings = read_settings(data_dir)
    with Console(stderr=True).status(f"{doing}…"), open_generation(settings.data_dir, text_only=True) as generation:
        yield generation

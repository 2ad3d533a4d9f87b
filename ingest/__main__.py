"""The command line of ingest: `python -m ingest`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingest.archives import commands as archive_commands
from ingest.progress import ProgressForm, shown_as
from ingest.sync.report import SyncReport
from ingest.sync.sync import Engine, SyncOptions
from ingest.sync.sync import preview as preview_sync
from ingest.sync.sync import sync as run_sync
from knowledge_base.command_line import AsJson, DataDirectory, read_settings, run
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.terminal_text import on_a_line

PUBLISHED, SOME_FAILED, NOTHING_PUBLISHED = 0, 1, 2
_WORDS = frozenset({"document", "kind", "in", "problem", "generation", "created (UTC)"})

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Read documents into the knowledge base, and look after its generations.",
)
app.add_typer(archive_commands)

Folder = Annotated[Path | None, typer.Argument(help="One folder, in place of the configured roots.")]
AllowDeletions = Annotated[bool, typer.Option("--allow-deletions", help="Go on though most documents are gone.")]
ProgressAs = Annotated[
    ProgressForm, typer.Option("--progress", help="Progress on standard error: bars, or one JSON object per line.")
]
EngineOption = Annotated[Engine, typer.Option("--engine", help="What reads and embeds: this machine's cores, or Ray.")]
RayAddress = Annotated[str | None, typer.Option("--ray-address", help="A Ray cluster; without it, Ray runs on this machine.")]
Rebuild = Annotated[bool, typer.Option("--rebuild", help="Build the index from the documents, not from the one before.")]


@app.command()
def sync(
    folder: Folder = None,
    data_dir: DataDirectory = None,
    as_json: AsJson = False,
    allow_deletions: AllowDeletions = False,
    rebuild: Rebuild = False,
    gate: Annotated[bool, typer.Option("--gate", help="Publish only what passes its evaluation.")] = False,
    engine: EngineOption = "local",
    ray_address: RayAddress = None,
    progress_as: ProgressAs = ProgressForm.bars,
) -> None:
    """Bring the index in line with the documents, and publish it."""
    options = SyncOptions(folder, allow_deletions, rebuild, gate, engine, ray_address)
    with shown_as(progress_as) as progress:
        report = run_sync(read_settings(data_dir), options, progress.update)
    _show_report(report, as_json, planned=False)
    raise typer.Exit(SOME_FAILED if report.failed else PUBLISHED)


@app.command()
def preview(
    folder: Folder = None,
    data_dir: DataDirectory = None,
    as_json: AsJson = False,
    progress_as: ProgressAs = ProgressForm.bars,
) -> None:
    """Show what a sync would do; nothing is written."""
    with shown_as(progress_as) as progress:
        report = preview_sync(read_settings(data_dir), SyncOptions(folder, allow_deletions=True), progress.update)
    _show_report(report, as_json, planned=True)
    raise typer.Exit(SOME_FAILED if report.failed else PUBLISHED)


@app.command()
def watch(
    folder: Folder = None,
    data_dir: DataDirectory = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print each report as one line of JSON.")] = False,
    publish: Annotated[bool, typer.Option("--publish", help="Take changes in; without it they are only shown.")] = False,
    quiet: Annotated[float, typer.Option("--quiet", help="Seconds without a change to wait for.", min=0.1, max=3600)] = 2.0,
) -> None:
    """Watch the documents: show what a sync would do whenever they change, or do it. Ctrl-C ends it."""
    from ingest.watch import watch as watch_documents

    settings = read_settings(data_dir)

    def take() -> SyncReport:
        if publish:
            return run_sync(settings, SyncOptions(folder))
        return preview_sync(settings, SyncOptions(folder, allow_deletions=True))

    def say(error: KnowledgeBaseError) -> None:
        print(on_a_line(f"Error: {error}"), file=sys.stderr, flush=True)

    for report in watch_documents(settings, folder, quiet, take, say):
        if as_json:
            print(json.dumps(asdict(report), ensure_ascii=True), flush=True)
        else:
            _show_report(report, as_json=False, planned=not publish)


@app.command()
def rollback(data_dir: DataDirectory = None, as_json: AsJson = False) -> None:
    """Make the generation before the current one the current one."""
    from knowledge_base.files import storage_errors, writer_lock
    from knowledge_base.store.generations import roll_back

    settings = read_settings(data_dir)
    with writer_lock(settings.data_dir), storage_errors(settings.data_dir):
        manifest = roll_back(settings.data_dir)
    if as_json:
        print(json.dumps({"generation": manifest.id, "created": manifest.created}))
    else:
        _print(f"Generation {manifest.id} of {manifest.created} is the current one again.")


@app.command()
def generations(data_dir: DataDirectory = None, as_json: AsJson = False) -> None:
    """List the generations that are kept."""
    from knowledge_base.store.generations import current_id, list_generations, size_on_disk

    settings = read_settings(data_dir)
    current = current_id(settings.data_dir)
    rows: list[dict[str, Any]] = [
        {
            "id": m.id,
            "current": m.id == current,
            "created": m.created,
            "bytes": size_on_disk(settings.data_dir / "generations" / m.id),
            "model": m.model_id,
            **m.counts,
        }
        for m in list_generations(settings.data_dir)
    ]
    if as_json:
        print(json.dumps(rows, indent=1))
    elif rows:
        _print_table(
            "Generations",
            [
                {
                    "generation": row["id"] + (" (current)" if row["current"] else ""),
                    "created (UTC)": row["created"][:16].replace("T", " "),
                    **{name: row[name] for name in ("documents", "passages", "records")},
                    "MB": f"{row['bytes'] / 1e6:.1f}",
                }
                for row in rows
            ],
        )
    else:
        _print(f"There is no generation in {settings.data_dir} yet. Build one with `python -m ingest sync`.")


@app.command()
def changes(
    before: Annotated[str | None, typer.Argument(metavar="[FROM]", help="A generation; the one before unless named.")] = None,
    after: Annotated[str | None, typer.Argument(metavar="[TO]", help="A generation; the published one unless named.")] = None,
    data_dir: DataDirectory = None,
    as_json: AsJson = False,
) -> None:
    """Show what changed from one generation to another, passage by passage, the words of an edit marked."""
    from ingest.change_text import change_lines
    from knowledge_base.store.changes import changes_between

    found = changes_between(read_settings(data_dir).data_dir, before, after)
    if as_json:
        print(json.dumps(asdict(found), ensure_ascii=True, indent=1))
    else:
        for line in change_lines(found):
            _print(line)


@app.command()
def forget(
    source: Annotated[str, typer.Argument(help="The document, as `health` names it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    with_answers: Annotated[
        bool, typer.Option("--with-answers", help="Erase the kept answers that hold text of it too.")
    ] = False,
    data_dir: DataDirectory = None,
    as_json: AsJson = False,
    progress_as: ProgressAs = ProgressForm.bars,
) -> None:
    """Take a document out of everything: all generations, its original, its file, the cache."""
    from ingest.forget.command import forget_source

    settings = read_settings(data_dir)
    forget_source(settings, source, sure=yes, with_answers=with_answers, as_json=as_json, progress_as=progress_as)


@app.command()
def health(data_dir: DataDirectory = None, as_json: AsJson = False) -> None:
    """Say for each document what was read of it, and what could not be."""
    from ingest.health import document_health

    with shown_as(ProgressForm.bars) as progress:
        rows = [asdict(row) for row in document_health(read_settings(data_dir), progress.update)]
    if as_json:
        print(json.dumps(rows, indent=1))
    else:
        lines: list[dict[str, object]] = []
        for row in rows:
            read = {"kind": row["kind"], "in": row["language"], "pages": row["pages"], "text": f"{row['characters']:,}"}
            failed = row["state"] == "failed"
            problem = f"failed: {row['problem']}" if failed else row["problem"]
            lines.append({"document": row["source"], **(dict.fromkeys(read) if failed else read), "problem": problem})
        _print_table("Documents (text in characters; --json gives each page)", lines)


@app.command()
def fetch(
    names: Annotated[list[str] | None, typer.Argument(help="Sources of the list; all of them where none is named.")] = None,
    data_dir: DataDirectory = None,
    as_json: AsJson = False,
    sync_after: Annotated[
        bool, typer.Option("--sync", help="Index what was fetched; with --json, the report is then that of the sync.")
    ] = False,
    progress_as: ProgressAs = ProgressForm.bars,
) -> None:
    """Download the official documents, verify each file, and put them where a sync finds them."""
    from ingest.fetch.official import fetch as run_fetch

    settings = read_settings(data_dir)
    with shown_as(progress_as, in_bytes=True) as progress:
        report = run_fetch(settings, names or (), progress.update)
    if as_json and (report.failed or not sync_after):
        print(json.dumps(asdict(report), ensure_ascii=True, indent=1))
    for source in report.sources:
        if source.state == "failed":
            print(f"Error: {source.reason}", file=sys.stderr)
        elif not as_json:
            fetched = source.state == "fetched"
            came = f"{source.received / 1e6:.1f} MB downloaded" if fetched else "nothing was downloaded"
            what = f"{source.files:,} files, {source.bytes / 1e6:.1f} MB, verified, in {source.folder}"
            _print(f"{source.name}: {'fetched' if fetched else 'already there'}: {what}; {came}.")
            for notice in source.notices:
                _print(f"  {notice}", "yellow")
    if report.failed:
        raise typer.Exit(NOTHING_PUBLISHED)
    if sync_after:
        sync(data_dir=data_dir, as_json=as_json, progress_as=progress_as)
    elif not as_json:
        _print("Index them with `python -m ingest sync`.")


@app.command()
def prepare(data_dir: DataDirectory = None) -> None:
    """Verify the embedding model and the evidence model, and compile them for this machine."""
    from knowledge_base.models import embeddings, evidence

    error_console = Console(stderr=True)
    settings = read_settings(data_dir)
    for model in (embeddings, evidence):
        error_console.print(model.prepare(settings, lambda line: error_console.print(line, style="dim")))


def _print(line: str | Text, style: str = "") -> None:
    Console(highlight=False).print(Text(line, style) if isinstance(line, str) else line, soft_wrap=True)


def _show_report(report: SyncReport, as_json: bool, planned: bool) -> None:
    if as_json:
        print(json.dumps(asdict(report), ensure_ascii=True, indent=1))
        return
    states = ("added", "updated", "renamed", "deleted", "unchanged", "skipped", "failed")
    counts = ", ".join(f"{len(getattr(report, s))} {s}" for s in states if getattr(report, s)) or "nothing found"
    if planned:
        _print(f"A sync would do this: {counts}.")
    else:
        _print(f"Generation {report.generation}: {counts}; {report.passages} passages, in {report.seconds:.1f} s.")
    passages = {c.source: f": {c.added} passages new, {c.removed} gone, {c.unchanged} as they were" for c in report.changes}
    listed = {
        "added": report.added,
        "updated": [source + passages.get(source, "") for source in report.updated],
        "deleted": report.deleted,
        "renamed": [f"{r['from']} -> {r['source']}" for r in report.renamed],
        "skipped": [f"{r['source']}: {r['reason']}" for r in report.skipped],
        "failed": [f"{r['source']}: {r['reason']}" for r in report.failed],
    }
    for state, lines in listed.items():
        limit = 50 if state in ("skipped", "failed") else 12
        for line in lines[:limit]:
            _print(f"  {state}: {on_a_line(line)}")
        if len(lines) > limit:
            _print(f"  ... and {len(lines) - limit} more {state} (--json lists all)")
    for notice in report.notices:
        _print(on_a_line(notice), "yellow")


def _print_table(title: str, rows: list[dict[str, object]]) -> None:
    table = Table(title=title, box=SIMPLE, pad_edge=False)
    for column in rows[0] if rows else []:
        table.add_column(column, overflow="fold", justify="left" if column in _WORDS else "right")
    for row in rows:
        table.add_row(*(Text("" if value is None else on_a_line(str(value))) for value in row.values()))
    Console(highlight=False).print(table)


def main() -> NoReturn:
    """Run `python -m ingest`."""
    run(app, "Stopped; the index is as it was.")


if __name__ == "__main__":
    main()

"""The command `forget`: say what would be erased, ask, erase, say what was."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict

import typer

from ingest.forget.forgetting import Forgetting, forget, plan_forgetting
from ingest.progress import ProgressForm, shown_as
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.settings import Settings
from knowledge_base.terminal_text import on_a_line

_LISTED = 20


def forget_source(
    settings: Settings, source: str, *, sure: bool, with_answers: bool, as_json: bool, progress_as: ProgressForm
) -> None:
    """Run the command; without `sure` a person is asked, and where there is none nothing is done."""
    if not sure:
        planned = plan_forgetting(settings, source)
        if as_json:
            print(json.dumps(asdict(planned), ensure_ascii=True, indent=1))
        else:
            print("\n".join(map(on_a_line, _announced(planned, with_answers))))
        if as_json or not sys.stdin.isatty():
            raise KnowledgeBaseError("Nothing was forgotten.", "Add --yes to erase what is listed.")
        if not typer.confirm("Forget it for good?"):
            print("Nothing was forgotten.")
            raise typer.Exit
    with shown_as(progress_as) as progress:
        done = forget(settings, source, with_answers=with_answers, progress=progress.update)
    if as_json:
        print(json.dumps(asdict(done), ensure_ascii=True, indent=1))
    else:
        print("\n".join(map(on_a_line, _said(done))))


def _announced(planned: Forgetting, with_answers: bool) -> Iterator[str]:
    yield f"To forget {planned.source}:"
    earlier = [name for name in planned.names if name != planned.source]
    if earlier:
        yield f"  it was also known as {', '.join(earlier)}"
    yield from (f"  its file is deleted: {file}" for file in planned.files)
    if planned.generations:
        yield f"  generations that hold it are removed: {', '.join(planned.generations)}; one without it is published"
    yield "  the kept original and its vectors in the cache are erased"
    yield from (f"  an evaluation that holds passages of it is removed: {run}" for run in planned.evaluations)
    if planned.questions:
        yield f"  test questions of your own that quote it are erased: {planned.questions}"
    saved = [answer for answer in planned.answers if answer.place == "saved"]
    in_conversations = len(planned.answers) - len(saved)
    fate = "are erased" if with_answers else "stay, and lose their page (--with-answers erases them)"
    if saved:
        yield f"  saved answers {fate}:"
        yield from (f"    {answer.question} (saved {answer.kept[:10]})" for answer in saved[:_LISTED])
    if len(saved) > _LISTED:
        yield f"    ... and {len(saved) - _LISTED} more (--json lists all)"
    if in_conversations:
        yield f"  answers in conversations that hold text of it: {in_conversations}; they {fate}"
    yield from planned.notices


def _said(done: Forgetting) -> Iterator[str]:
    where = f"; generation {done.generation} is the current one" if done.generation else ""
    yield f"{done.source} is forgotten, in {done.seconds:.1f} s{where}."
    yield (
        f"Removed: {len(done.generations)} generations, {len(done.files)} files, {done.originals} originals, {done.vectors}"
        f" vectors of the cache, {len(done.evaluations)} evaluations, {done.questions} test questions,"
        f" {done.erased_answers} answers."
    )
    if done.answers:
        yield f"{len(done.answers)} kept answers still hold text of it (--with-answers erases such answers)."
    yield from done.notices

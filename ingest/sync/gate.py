"""The gate before publishing: the assistant's own command, in a process, evaluates what was built."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.sync.report import Progress
from knowledge_base.errors import EvaluationError
from knowledge_base.settings import Settings, as_environment
from knowledge_base.store.generations import current_id

_PASSED, _NOT_PASSED = 0, 1
_LISTED = 10


class Gate:
    """Has a generation evaluated against the current one; `notices` is what is to be said of one that passed."""

    def __init__(self, settings: Settings, progress: Progress) -> None:
        self._settings = settings
        self._progress = progress
        self.notices: list[str] = []

    def judge(self, generation: str) -> None:
        """Raise EvaluationError, with what got worse, unless the generation passes."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        output = self._settings.data_dir / "evaluations" / f"{stamp}-gate-{generation}"
        current = current_id(self._settings.data_dir)
        steps = 2 if current else 1
        self._progress("Evaluate", 0, steps)
        against: list[str] = []
        if current:
            self._evaluate(current, output / "baseline", "The current index")
            against = ["--baseline", str(output / "baseline")]
            self._progress("Evaluate", 1, steps)
        passed = self._evaluate(generation, output, "The new index", "--gate", *against)
        self._progress("Evaluate", steps, steps)
        report = json.loads((output / "report.json").read_text(encoding="utf-8"))
        if not passed:
            raise refusal(report, current, output)
        self.notices = [f"It passed its evaluation on {report['whole']['items']} questions: {output / 'report.html'}"]
        gone = (report["comparison"] or {}).get("went_stale", ())
        if gone:
            self.notices.append(f"These questions of the test set no longer fit the documents: {', '.join(gone)}.")

    def _evaluate(self, generation: str, output: Path, what: str, *options: str) -> bool:
        """Evaluate a generation; return whether it passed. Raise EvaluationError where it could not be evaluated."""
        place = ["--data-dir", str(self._settings.data_dir), "--generation", generation, "--output", str(output)]
        command = [sys.executable, "-m", "assistant", "evaluate", *place, *options]
        done = subprocess.run(command, capture_output=True, text=True, env=as_environment(self._settings), check=False)
        if done.returncode not in {_PASSED, _NOT_PASSED} or not (output / "report.json").is_file():
            reason = done.stderr.strip().removeprefix("Error: ") or f"the command ended with code {done.returncode}"
            raise EvaluationError(
                f"{what} could not be evaluated, so nothing was published: {reason}", "Or sync without --gate."
            )
        return done.returncode == _PASSED


def refusal(report: Mapping[str, Any], current: str | None, output: Path) -> EvaluationError:
    """Return the error that says by what a generation did not pass and which questions got worse."""
    lines = [failure["reason"] for failure in report["gate"]["failures"]]
    changes = {
        "worse": [f"{c['id']}: {c['question']} ({c['before']} -> {c['after']})" for c in report["gate"]["worse"]],
        "stale": [f"{name}: {reason}" for name, reason in report["stale"].items()],
    }
    for word, found in changes.items():
        lines += [f"{word}: {line}" for line in found[:_LISTED]]
        lines += [f"... and {len(found) - _LISTED} more {word}"] if len(found) > _LISTED else []
    stays = f"generation {current} stays in force" if current else "nothing was published"
    return EvaluationError(
        f"The new index did not pass its evaluation; {stays}.{''.join(f'{chr(10)}  {line}' for line in lines)}\n",
        f"{output / 'report.html'} has the details. Sync without --gate to publish it all the same.",
    )

"""The report as one page that needs nothing but itself; all text in it is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

from assistant.evaluation.comparison import Change, Comparison, Estimate
from assistant.evaluation.figures import BY_NAME, FIGURES, HEADLINES, Figure, shown
from assistant.evaluation.gate import Verdict, is_clearly_better, is_clearly_worse
from assistant.evaluation.matching import covers, overlaps
from assistant.evaluation.metrics import DEPTH
from assistant.evaluation.pictures import all_pictures
from assistant.evaluation.records import EvaluationRecord
from assistant.evaluation.report import EvaluationReport, Group
from assistant.evaluation.testset import GoldQuote
from knowledge_base.escaping import as_html

_EXCERPT = 600


def item_html(record: EvaluationRecord) -> str:
    """Return an item as a part of a page that unfolds."""
    item = record.item
    held_out = ", held out" if item.held_out else ""
    about = f"{item.id}, {item.category}, {item.lang}{held_out}: {record.outcome}"
    head = f"<summary>{as_html(item.question)}<span>{as_html(about)}</span></summary>"
    return f"<details>{head}<div>{details_html(record)}</div></details>"


def details_html(record: EvaluationRecord) -> str:
    """Return all there is to see of an item but its question."""
    answer = record.answer or {}
    return "".join(
        (
            _history(record),
            f'<h3>Answer</h3><p class="answer">{as_html(str(answer.get("answer") or "none: the item is stale"))}</p>',
            _facts(record),
            _listed("Cited", (_citation(citation, record.item.gold) for citation in answer.get("citations", ()))),
            _listed("Should have been found", (_gold(*pair, record.searched) for pair in _ranked(record))),
            _all_retrieved(answer.get("retrieved", ()), record.item.gold),
            f'<h3>Note</h3><p class="quiet">{as_html(record.item.note)}</p>' if record.item.note else "",
        )
    )


def _history(record: EvaluationRecord) -> str:
    turns = "".join(f"<p class='quiet'>{as_html(turn.role)}: {as_html(turn.content)}</p>" for turn in record.item.history)
    return f"<h3>Asked before</h3>{turns}" if turns else ""


def _facts(record: EvaluationRecord) -> str:
    pairs = zip(record.item.must_include, record.facts, strict=False)
    facts = "".join(
        f'<li class="{"good" if stated else "bad"}">{"✓" if stated else "✗"} {as_html(" / ".join(wordings[:6]))}</li>'
        for wordings, stated in pairs
    )
    traps = ", ".join(record.item.must_not_include[:8])
    wrong = f'<p class="quiet">It must not state: {as_html(traps)}</p>' if traps else ""
    if not record.item.answerable:
        corrected = ", or a correction of what the question takes for granted" if record.item.accept_correction else ""
        return f"<h3>Expected</h3><p>A refusal{corrected}: the documents do not answer it.</p>{wrong}"
    return f'<h3>Expected facts</h3><ul class="facts">{facts}</ul>{wrong}'


def _listed(title: str, entries: Iterable[str]) -> str:
    found = "".join(f"<li>{entry}</li>" for entry in entries)
    return f'<h3>{title}</h3><ul class="facts">{found}</ul>' if found else ""


def _all_retrieved(passages: Sequence[Mapping[str, Any]], gold: Sequence[GoldQuote]) -> str:
    found = "".join(f"<li>{_retrieved(passage, gold)}</li>" for passage in passages)
    return f"<details><summary>Retrieved ({len(passages)})</summary><div><ol>{found}</ol></div></details>" if found else ""


def _citation(citation: Mapping[str, Any], gold: Iterable[GoldQuote]) -> str:
    is_gold = any(overlaps(citation["source"], citation["quote"], quote) for quote in gold)
    return _quote(citation["quote"], citation["source"], citation["page"], is_gold=is_gold)


def _ranked(record: EvaluationRecord) -> list[tuple[GoldQuote, int | None]]:
    ranks = record.gold_ranks or (None,) * len(record.item.gold)
    return list(zip(record.item.gold, ranks, strict=True))


def _gold(gold: GoldQuote, rank: int | None, searched: int) -> str:
    where = f"rank {rank}" if rank else f"not among the first {searched}" if searched else "a record of the register"
    tag = f'<span class="tag {"good" if rank and rank <= DEPTH else "bad"}">{where}</span>'
    return tag + _quote(gold.quote, gold.source, gold.page)


def _retrieved(found: Mapping[str, Any], gold: Iterable[GoldQuote]) -> str:
    text = "\n".join(filter(None, map(str.strip, found["text"].splitlines())))
    text = text if len(text) <= _EXCERPT else text[:_EXCERPT].rsplit(" ", 1)[0] + " …"
    is_gold = any(covers(found["source"], found["text"], quote) for quote in gold)
    return _quote(text, found["source"], found["page"], is_gold=is_gold, score=f", score {found['score']:.3f}")


def _quote(text: str, source: str, page: int | None, *, is_gold: bool = False, score: str = "") -> str:
    where = f"{source}{'' if page is None else f', page {page}'}{score}"
    tag = '<span class="tag good">gold</span>' if is_gold else ""
    kind = ' class="gold"' if is_gold else ""
    return f'{tag}<span class="source">{as_html(where)}</span><blockquote{kind}>{as_html(text)}</blockquote>'


_PARTS = ("strict", "facts", "utility", "recall@10", "gold", "covered", "valid")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def as_page(report: EvaluationReport, records: Sequence[EvaluationRecord]) -> str:
    """Return the report as an HTML page."""
    style = read_style("report.css") + read_style("parts.css")
    title = as_html(f"Evaluation of generation {report.generation}")
    body = "".join(_sections(report, records))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>'
        f"<body><main><h1>{title}</h1>{body}</main></body></html>\n"
    )


def read_style(name: str) -> str:
    """Return a style sheet of this package: `report.css` sets a page of its own, `parts.css` what stands on any page."""
    return (files("assistant.evaluation") / name).read_text(encoding="utf-8")


def picture_by_itself(picture: str) -> str:
    """Return a picture with the style sheets in it, for where it does not stand in a page that has them."""
    head, rest = picture.split(">", 1)
    return f"{head}><style>{read_style('report.css')}{read_style('parts.css')}</style>{rest}"


def _sections(report: EvaluationReport, records: Sequence[EvaluationRecord]) -> Iterable[str]:
    yield f'<p class="quiet">{as_html(summary(report))}</p>'
    if report.gate:
        yield verdict_box(report.gate)
    yield cards(report)
    yield f"<h2>Pictures</h2>{_pictures(report, records)}"
    if report.comparison:
        yield f"<h2>Against the baseline</h2>{changes_table(report.comparison)}"
    yield _failed([record for record in records if record.has_failed], report.whole.items)
    yield _stale(report)
    yield f"<h2>All figures</h2>{figures_table(report)}"
    yield f"<h2>By category and language</h2>{parts_table([*report.categories, *report.languages])}"


def summary(report: EvaluationReport) -> str:
    """Return in a few sentences what was asked, when, and of what."""
    whole = report.whole
    asked = f"{whole.items} questions of {report.test_set} in {report.seconds:.1f} s, {moment(report.created)}."
    stale = f" {whole.stale} more are stale: their documents changed." if whole.stale else ""
    against = report.comparison
    compared = (
        f" Compared with generation {against.generation} of {moment(against.created)} on {against.items} questions."
        if against
        else ""
    )
    return f"{asked}{stale}{compared} Embedding model: {report.model}. Intervals are 95 %, by bootstrap over the questions."


def moment(created: str) -> str:
    """Return an ISO time in UTC to the minute, as it is read."""
    return f"{created[:16].replace('T', ' ')} UTC"


def verdict_box(verdict: Verdict) -> str:
    """Return what the gate decided, and why."""
    if verdict.passed:
        return '<div class="box passed"><b>The gate is passed.</b></div>'
    reasons = "".join(f"<li>{as_html(failure.reason)}</li>" for failure in verdict.failures)
    return f'<div class="box refused"><b>The gate is not passed.</b><ul>{reasons}</ul></div>'


def cards(report: EvaluationReport) -> str:
    """Return the headline figures."""
    made = (_card(BY_NAME[name], report.whole.figures[name], report.comparison) for name in HEADLINES)
    return f'<div class="cards">{"".join(made)}</div>'


def _card(figure: Figure, estimate: Estimate, comparison: Comparison | None) -> str:
    lines = [f"<span>{as_html(figure.label)}</span>", f"<b>{shown(figure, estimate.value)}</b>"]
    if estimate.value is not None:
        lines.append(f"<span>{shown(figure, estimate.low)} to {shown(figure, estimate.high)}</span>")
    if comparison:
        lines.append(_difference(figure, comparison.differences[figure.name]))
    return f'<div class="card" title="{as_html(figure.definition)}">{"".join(lines)}</div>'


def _difference(figure: Figure, difference: Estimate) -> str:
    """Return the difference from the baseline, marked where its interval lies on one side of 0."""
    if difference.value is None or difference.low is None or difference.high is None:
        return "<span>no difference known</span>"
    digits = ".0f" if figure.unit == "words" else ".3f"
    text = f"{difference.value:+{digits}} [{difference.low:{digits}}, {difference.high:{digits}}]"
    kind = "bad" if is_clearly_worse(figure, difference) else "good" if is_clearly_better(figure, difference) else ""
    return f'<span class="{kind if figure.better != "neither" else ""}">{text}</span>'


def _pictures(report: EvaluationReport, records: Sequence[EvaluationRecord]) -> str:
    drawn = all_pictures(report.categories, records)
    figures = "".join(f"<figure><figcaption>{name}</figcaption>{picture}</figure>" for name, picture in drawn.items())
    return f'<div class="pictures">{figures}</div>'


def changes_table(comparison: Comparison) -> str:
    """Return the questions that came out otherwise than in the baseline."""
    if not comparison.changes:
        return "<p>No question scores otherwise than before.</p>"
    worse = [change for change in comparison.changes if change.is_worse]
    better = [change for change in comparison.changes if not change.is_worse]
    left = f"<p class='quiet'>Not compared: {as_html(', '.join(comparison.left_out))}.</p>" if comparison.left_out else ""
    return f"{_changed('Worse', worse)}{_changed('Better', better)}{left}"


def _changed(word: str, changes: Sequence[Change]) -> str:
    if not changes:
        return f"<p>{word}: none.</p>"
    rows = "".join(
        f'<tr><td>{as_html(change.id)}</td><td class="words">{as_html(change.question)}</td>'
        f'<td class="words">{as_html(change.before)} → {as_html(change.after)}</td>'
        f'<td class="words">{as_html(_labels(change.fell if change.is_worse else change.rose))}</td></tr>'
        for change in changes
    )
    names = "".join(f'<th class="words">{name}</th>' for name in ("question", "before → after", "by"))
    return f'<h3>{word} ({len(changes)})</h3><div class="wide"><table><tr><th></th>{names}</tr>{rows}</table></div>'


def _labels(names: Iterable[str]) -> str:
    return ", ".join(BY_NAME[name].label for name in names)


def _failed(records: Sequence[EvaluationRecord], asked: int) -> str:
    heading = f"<h2>Questions to look at ({len(records)} of {asked})</h2>"
    return heading + ("".join(map(item_html, records)) or "<p>None: every answer is right and every quote is on its page.</p>")


def _stale(report: EvaluationReport) -> str:
    if not report.stale:
        return ""
    lines = "".join(f"<li><b>{as_html(name)}</b>: {as_html(reason)}</li>" for name, reason in report.stale.items())
    heading = f"<h2>Stale questions ({len(report.stale)})</h2>"
    return f"{heading}<p>What they quote is not in this index; they are not counted.</p><ul>{lines}</ul>"


def figures_table(report: EvaluationReport) -> str:
    """Return all figures with what they count."""
    parts = [part for part in (report.whole, report.tuned, report.held_out) if part]
    names = "".join(f"<th>{as_html(part.name)} ({part.items})</th>" for part in parts)
    against = "<th>difference</th>" if report.comparison else ""
    rows = "".join(_figure_row(figure, parts, report.comparison) for figure in FIGURES)
    head = f'<tr><th>figure</th>{names}{against}<th class="words">what it counts</th></tr>'
    return f'<div class="wide"><table>{head}{rows}</table></div>'


def _figure_row(figure: Figure, parts: Sequence[Group], comparison: Comparison | None) -> str:
    cells = "".join(f"<td>{_with_interval(figure, part.figures[figure.name])}</td>" for part in parts)
    against = f"<td>{_difference(figure, comparison.differences[figure.name])}</td>" if comparison else ""
    return f'<tr><td>{as_html(figure.label)}</td>{cells}{against}<td class="words">{as_html(figure.definition)}</td></tr>'


def _with_interval(figure: Figure, estimate: Estimate) -> str:
    if estimate.value is None:
        return "–"
    return f"{shown(figure, estimate.value)} <small>[{shown(figure, estimate.low)}, {shown(figure, estimate.high)}]</small>"


def parts_table(groups: Sequence[Group]) -> str:
    """Return the main figures of parts of the questions."""
    names = "".join(f"<th>{as_html(BY_NAME[name].label)}</th>" for name in _PARTS)
    rows = "".join(
        f"<tr><td>{as_html(group.name)}</td><td>{group.items}</td>"
        + "".join(f"<td>{_with_interval(BY_NAME[name], group.figures[name])}</td>" for name in _PARTS)
        + "</tr>"
        for group in groups
    )
    return f'<div class="wide"><table class="parts"><tr><th></th><th>questions</th>{names}</tr>{rows}</table></div>'

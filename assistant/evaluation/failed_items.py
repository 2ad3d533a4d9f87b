"""An item of a run as HTML: what was asked, answered and expected, what was retrieved, and where the gold passages ranked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assistant.evaluation.matching import covers, overlaps
from assistant.evaluation.ranking import DEPTH
from assistant.evaluation.records import EvaluationRecord
from assistant.evaluation.testset import GoldQuote
from assistant.page_parts.escaping import as_html

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

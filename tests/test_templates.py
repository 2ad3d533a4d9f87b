"""Every template of the page, filled with hostile text: what comes out holds it as text."""

from __future__ import annotations

import re
from types import SimpleNamespace as Record
from typing import Any

import pytest
from markupsafe import Markup
from page_fixtures import HOSTILE

from assistant.page.templates import FOLDER, render

H = HOSTILE
ADDRESS = "/source?source=a.md"
ROW = Record(source=H, title=H, problem=H, state="failed", pages=[Record(page=1, characters=9, language=H, remarks=[H])])
CHANGE = Record(source=H, title=H, previous=H, unchanged=3, passages=[1])
ITEM = Record(id=H, category=H, lang=H, held_out=True, question=H, gold=[Record(quote=H)])
ANSWER = {"question": H, "kept": H}
PLAN = {
    "source": H, "files": [H], "generations": [H], "evaluations": [H], "questions": 2, "answers": [ANSWER], "notices": [H],
}  # fmt: skip
PARTS = [Record(text=H, citations=(1,), support=support) for support in ("weak", "unsupported", None)]
LEFT = {
    "status": "left", "symbol": H, "word": H, "text": H, "heading": True, "relation": H,
    "differences": [(H, H, H)], "quotes": [],
}  # fmt: skip
CITED = Record(title=H, quote=H, page=2)
FOUND_ROW = Record(title=H, source=H, count=2, documents=2, citation=CITED)
REFERENCE = Record(name=H, count=2, sources=[H], citing=[FOUND_ROW])
FILLED: dict[str, dict[str, Any]] = {
    "answer": {
        "blocks": [("list_item", PARTS), ("note", PARTS), ("sentence", PARTS)],
        "marks": {1: (Record(title=H, page=3), ADDRESS)},
        "short": Record(citation=1, text=H),
        "opened": {1},
    },
    "card": {"heading": H, "quotes": [(1, H), (None, H)], "source": H, "moves": [(1, Record(page=2, source=H), ADDRESS)]},
    "changes": {"document": CHANGE, "passages": [("edited", H, [("now", ADDRESS)], [("ins", H)])], "more": 2},
    "checked": {"sentences": [LEFT, {**LEFT, "status": "contradicted", "quotes": [([("del", H)], H, ADDRESS)]}]},
    "compared": {"rows": [[(ADDRESS, H, [("del", H), ("span", H)]), None]], "titles": (H, H), "codes": ("en", None)},
    "coverage": {"head": H, "rows": [(FOUND_ROW, ADDRESS), (FOUND_ROW, None)], "is_grouped": True},
    "document": {"entry": ROW, "facts": [H], "has_pages": True, "remarked": 1},
    "draft": {"verified": "", "draft": H, "waited": ""},
    "error": {"message": H, "remedy": [H, H, H], "is_no_index": False},
    "evaluation": {"content": H},
    "facets": {"told": H, "facets": [(H, [(H, 2), (H, 1)])]},
    "files": {"listed": [H, {"source": H, "from": H}, {"source": H, "reason": H}]},
    "forget": {"planned": PLAN, "earlier": [H], "saved": [ANSWER], "others": 2},
    "found": {
        "address": ADDRESS, "title": H, "page": 2, "heading": H, "source": H,
        "pieces": [(True, H), (False, H)], "is_cut": (True, True),
    },
    "language": {"code": H, "cookie": H},
    "library": {"counts": [H], "moment": H, "generation": H},
    "line": {"text": H, "kind": "pc-quiet"},
    "links": {"links": [(H, None), (H, "http://127.0.0.2/" + H)]},
    "notice": {"text": H},
    "outcomes": {"outcomes": [Record(name=H, is_in=False, replaced=False, reason=H), Record(name=H, is_in=True, replaced=True),
                              Record(name=H, is_in=True, replaced=False)]},
    "own": {"item": ITEM},
    "particulars": {"document": Record(title=H, source=H), "details": [H], "address": ADDRESS, "host": H},
    "question": {"item": ITEM, "outcome": H, "before": H, "details": ""},
    "refusal": {"text": H, "refusal": Record(reason=H, searched=[H, "known"], unknown=[H])},
    "references": {"references": [(REFERENCE, [(FOUND_ROW, ADDRESS)])]},
    "report": {"lines": [(H, H), ("", H)]},
    "rollback": {"summary": H},
    "searched": {"label": H, "words": [H]},
    "terms": {"rows": {H: H}},
    "timeline": {"grouped": [("2031", [(H, (H, H, H), ADDRESS, H, 3)])]},
    "text": {"before": H, "pieces": [(False, H), (True, H)], "after": H},
    "waiting": {"new": [Record(source=H, state="going")], "undone": [Record(source=H, state="undone")]},
    "whole": {"documents": [(CHANGE, ADDRESS)], "more": 2},
}  # fmt: skip
WITHOUT_VALUES = {"brand", "offer"}


def test_every_template_is_tried() -> None:
    assert {path.stem for path in FOLDER.glob("*.html")} == set(FILLED) | WITHOUT_VALUES


@pytest.mark.parametrize("template", FILLED)
def test_hostile_text_is_text_in_every_template(template: str) -> None:
    html = render(template, **FILLED[template])
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert not re.search(r"<(?:img|script)|\sonerror=[^&]*>", html.replace(str(Markup.escape(HOSTILE)), ""))


@pytest.mark.parametrize("template", WITHOUT_VALUES)
def test_a_template_without_values_stays_as_it_is(template: str) -> None:
    assert "{{" not in (FOLDER / f"{template}.html").read_text().replace("{{ say(", "")


def test_controls_are_dropped_and_what_is_missing_is_an_error() -> None:
    assert render("line", text="a\u202eb\x00c\ud800", kind="x") == '<p class="x">abc</p>'
    with pytest.raises(Exception, match="'text' is undefined"):
        render("line", kind="x")


def test_html_is_drawn_by_the_templates_only() -> None:
    door = FOLDER.with_name("templates.py")
    drawing = [path.name for path in FOLDER.parent.rglob("*.py") if path != door and "st.html(" in path.read_text()]
    assert drawing == []

"""Equations on one line: R = L × I / 4, from Word's markup and from MathML."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from ingest.loaders.marks import lowered, raised

_DEPTH_LIMIT = 60
_COMPOUND = re.compile(r"[\s+\-−/×·*=]")
_OPERATOR = re.compile(r"\s*([=<>≤≥≠≈±×÷⋅→∈]|(?<=[\w)\]²³⁴]\s)[+−-](?=\s)|(?<=[\w)\]])[+−](?=[\w(\[]))\s*")
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_VALUE = f"{_M}val"


def word_equation(element: Any) -> str:  # noqa: ANN401
    """Return an equation of Word (m:oMath) as text."""
    return _spaced(_word(element, 0))


def mathml(element: Any) -> str:  # noqa: ANN401
    """Return a `math` element as text."""
    return _spaced(_mathml(element, 0))


def _spaced(text: str) -> str:
    return " ".join(_OPERATOR.sub(r" \1 ", text).split())


def _grouped(text: str) -> str:
    """Put brackets around what would be torn apart on one line."""
    text = text.strip()
    is_closed = text.startswith("(") and text.endswith(")") and text.count("(") == 1
    return f"({text})" if _COMPOUND.search(text) and not is_closed else text


def _fraction(above: str, below: str) -> str:
    return f"{_grouped(above)} / {_grouped(below)}"


def _root(inside: str, degree: str) -> str:
    return f"{raised(degree) if degree.strip() else ''}√({inside.strip()})"


def _word(element: Any, depth: int) -> str:  # noqa: ANN401
    if depth > _DEPTH_LIMIT:
        return "".join(element.itertext(f"{_M}t"))
    name = element.tag.removeprefix(_M) if isinstance(element.tag, str) else ""
    if name == "t":
        return element.text or ""

    def part(*names: str) -> list[str]:
        found = (element.find(f"{_M}{wanted}") for wanted in names)
        return [_word(child, depth + 1) if child is not None else "" for child in found]

    written = _WORD_FORMS.get(name)
    if written:
        names, form = written
        return form(element, *part(*names))
    if name.endswith("Pr"):
        return ""
    if name in ("d", "m", "eqArr"):
        return _word_rows(element, name, depth)
    return "".join(_word(child, depth + 1) for child in element)


def _property(element: Any, name: str, default: str) -> str:  # noqa: ANN401
    found = next(element.iter(f"{_M}{name}"), None)
    return default if found is None else found.get(_VALUE, "")


def _nary(element: Any, sub: str, sup: str, inside: str) -> str:  # noqa: ANN401
    operator = _property(element, "chr", "∫")
    limits = f"{lowered(sub) if sub.strip() else ''}{raised(sup) if sup.strip() else ''}"
    return f"{operator}{limits} {inside}"


_WORD_FORMS: dict[str, tuple[tuple[str, ...], Callable[..., str]]] = {
    "f": (("num", "den"), lambda _, above, below: _fraction(above, below)),
    "sSup": (("e", "sup"), lambda _, base, sup: f"{_grouped(base)}{raised(sup.strip())}"),
    "sSub": (("e", "sub"), lambda _, base, sub: f"{base}{lowered(sub.strip())}"),
    "sSubSup": (("e", "sub", "sup"), lambda _, base, sub, sup: f"{base}{lowered(sub.strip())}{raised(sup.strip())}"),
    "sPre": (("sub", "sup", "e"), lambda _, sub, sup, base: f"{raised(sup.strip())}{lowered(sub.strip())}{base}"),
    "rad": (("e", "deg"), lambda _, inside, degree: _root(inside, degree)),
    "nary": (("sub", "sup", "e"), _nary),
    "func": (("fName", "e"), lambda _, name, inside: f"{name} {inside}"),
    "limLow": (("e", "lim"), lambda _, base, limit: f"{base}{lowered(limit.strip())}"),
    "limUpp": (("e", "lim"), lambda _, base, limit: f"{base}{raised(limit.strip())}"),
}  # fmt: skip


def _word_rows(element: Any, name: str, depth: int) -> str:  # noqa: ANN401
    rows = [_word(child, depth + 1) for child in element if child.tag in (f"{_M}e", f"{_M}mr")]
    if name == "d":
        inside = _property(element, "sepChr", "|").join(rows)
        return f"{_property(element, 'begChr', '(')}{inside}{_property(element, 'endChr', ')')}"
    return "; ".join(rows)


def _mathml(element: Any, depth: int) -> str:  # noqa: ANN401
    tag = element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else ""
    if depth > _DEPTH_LIMIT:
        return "".join(element.itertext())
    if tag in ("annotation", "annotation-xml") or not tag:
        return ""
    parts = [_mathml(child, depth + 1) for child in element if isinstance(child.tag, str)]
    if not parts:
        text = (element.text or "").strip()
        return f" {text} " if tag == "mo" and text in "=<>≤≥≠≈±×÷⋅+−-" and text else text
    return _mathml_form(tag, parts)


def _mathml_form(tag: str, parts: list[str]) -> str:
    first, *rest = (part.strip() for part in parts)
    if tag == "mfrac" and len(rest) == 1:
        return _fraction(first, rest[0])
    if tag in ("msup", "mover") and rest:
        return f"{_grouped(first)}{raised(rest[0])}"
    if tag in ("msub", "munder") and rest:
        return f"{first}{lowered(rest[0])}"
    if tag in ("msubsup", "munderover") and len(rest) == 2:
        return f"{first}{lowered(rest[0])}{raised(rest[1])}"
    if tag == "msqrt":
        return _root("".join(parts), "")
    if tag == "mroot" and rest:
        return _root(first, rest[0])
    return _joined(parts) if tag in ("mtable", "mtr") else "".join(parts)


def _joined(parts: Iterable[str]) -> str:
    return "; ".join(part.strip() for part in parts)

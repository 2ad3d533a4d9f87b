"""What dialects of Markdown add to it, rewritten line by line in plain Markdown; footnotes are taken out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.loaders.text_layout.grid_tables import grid_end, read_grid

LEFT, ABOVE, HEADER = "\ufdd5", "\ufdd6", "\ufdd7"  # in a cell: it belongs to the one on its left, above; one a header row
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_DIRECTIVE = re.compile(
    r"\{(?:note|warning|important|tip|caution|danger|hint|attention|error|seealso|admonition|dropdown)\}\s*(.*)"
)
_FOOTNOTE = re.compile(r" {0,3}\[\^([^\]\s]{1,60})\]:[ \t]*(.*)")
_ABBREVIATION = re.compile(r" {0,3}\*\[[^\]]{1,60}\]:.*")
_ADMONITION = re.compile(r'( *)(?:!!!|\?\?\?\+?)[ \t]+([\w-]+)(?:[ \t]+[\w -]*?)?(?:[ \t]*"([^"]*)")?[ \t]*')
_CONTAINER = re.compile(r" {0,3}:{3,}[ \t]*(?:\{?[.#]?([\w-]+)[^}\n]*\}?)?[ \t]*(?:\[([^\]]*)\])?(.*)")
_DEFINITION = re.compile(r" {0,3}[:~][ \t]+(\S.*)")
_ALERT = re.compile(r"(\s*(?:>\s?)+)\[!([\w-]+)\][+-]?[ \t]*(.*)")
_CRITIC = re.compile(
    r"\{--(?P<deleted>.{1,2000}?)--\}|\{~~(?P<old>.{0,2000}?)~>(?P<new>.{0,2000}?)~~\}|\{>>.{0,2000}?<<\}|\{\+\+(?P<added>.{0,2000}?)\+\+\}"
    r"|\{==(?P<marked>.{0,2000}?)==\}",
    re.DOTALL,
)
_LONGEST_TERM = 80
_PLAIN_START = re.compile(r"\s{0,3}(?:[-*+>#|:]|\d{1,9}[.)]\s|$)")


@dataclass(slots=True)
class Rewritten:
    """A body in plain Markdown; `notes` are the texts of its footnotes by their ids; `struck` counts struck passages."""

    body: str
    notes: dict[str, str] = field(default_factory=dict)
    struck: int = 0


def rewrite(body: str) -> Rewritten:
    """Return `body` without what plain Markdown does not know, outside code."""
    done = Rewritten("")
    if "{" in body:
        body = _without_criticism(body, done)
    lines = body.split("\n")
    written: list[str] = []
    here = 0
    while here < len(lines):
        here = _take(lines, here, written, done)
    done.body = "\n".join(written)
    return done


def _take(lines: Sequence[str], here: int, written: list[str], done: Rewritten) -> int:
    """Write what begins at line `here`; return the line after it."""
    line = lines[here]
    start = line.lstrip(" >")[:3]
    if start.startswith(("```", "~~~")) and _FENCE.match(line):
        return _take_fence(lines, here, written)
    if start.startswith("[^") and (found := _FOOTNOTE.fullmatch(line)):
        end = _block_end(lines, here + 1, 2)
        done.notes[found[1]] = "\n".join(
            [found[2], *(inner.removeprefix("    ").removeprefix("  ") for inner in lines[here + 1 : end])]
        )
        return end
    if start in ("!!!", "???") and (found := _ADMONITION.fullmatch(line)):
        end = _block_end(lines, here + 1, len(found[1]) + 4)
        title = found[2].capitalize() if found[3] is None else found[3]
        inner = [found[1] + text[len(found[1]) + 4 :] for text in lines[here + 1 : end]]
        written += ["", found[1] + title, "", *inner, ""]
        return end
    if start.startswith(":::") and (found := _CONTAINER.fullmatch(line)):
        title = (found[2] or found[3]).strip() or (found[1] or "").capitalize()
        written += ["", title, ""] if title else [""]
    elif start.startswith("[!") and (found := _ALERT.fullmatch(line)):
        written += [f"{found[1]}{found[3] or found[2].capitalize()}", found[1].rstrip()]
    elif start.startswith("+") and grid_end(lines, here) > here:
        end = grid_end(lines, here)
        written += ["", *_piped(lines[here:end]), ""]
        return end
    elif start[:2] in (": ", ":\t", "~ ") and (found := _DEFINITION.fullmatch(line)) and _follows_a_term(lines, here):
        term = _term(lines, here)
        while term and written and written.pop() != term:
            pass
        written += ["", f"- {term}{'' if term.endswith((':', '?')) else ':'} {found[1]}" if term else f"- {found[1]}"]
    elif not (start.startswith("*[") and _ABBREVIATION.fullmatch(line)):
        written.append(line)
    return here + 1


def _take_fence(lines: Sequence[str], here: int, written: list[str]) -> int:
    """Write a block of code as it is; a fence that is a note to the reader is written as text."""
    opening = _FENCE.match(lines[here])
    if opening is None:
        return here + 1
    closing = re.compile(rf" {{0,3}}{re.escape(opening[1][0])}{{{len(opening[1])},}}[ \t]*")
    end = here + 1
    while end < len(lines) and not closing.fullmatch(lines[end]):
        end += 1
    directive = _DIRECTIVE.fullmatch(opening[2].strip())
    if directive:
        inside = [line for line in lines[here + 1 : end] if not re.fullmatch(r":[\w-]+:.*", line)]
        written += ["", directive[1] or opening[2].strip(" {}").capitalize(), "", *inside, ""]
    else:
        written += lines[here : end + 1]
    return end + 1


def _block_end(lines: Sequence[str], start: int, indent: int) -> int:
    """Return where the block of indented lines ends, empty lines between; those of a note's first paragraph may not be."""
    end = start
    is_open = indent == 2
    last = start
    while end < len(lines):
        line = lines[end]
        if not line.strip():
            is_open = False
        elif line.startswith((" " * indent, "\t")) or (is_open and not _PLAIN_START.match(line) and not _FOOTNOTE.match(line)):
            last = end + 1
        else:
            break
        end += 1
    return last


def _follows_a_term(lines: Sequence[str], here: int) -> bool:
    """Tell whether a definition stands below its term, or below another definition of it."""
    above = next((lines[place] for place in (here - 1, here - 2) if place >= 0 and lines[place].strip()), "")
    return bool(above) and not above.lstrip().startswith(("#", ">", "|", "- ", "* ", "```"))


def _term(lines: Sequence[str], here: int) -> str:
    """Return the term of its own line that a definition stands right below, "" below another definition or a paragraph."""
    above = here - 1 if lines[here - 1].strip() else here - 2
    is_alone = above == 0 or not lines[above - 1].strip()
    return lines[above] if is_alone and not _DEFINITION.fullmatch(lines[above]) and len(lines[above]) <= _LONGEST_TERM else ""


def _piped(lines: Sequence[str]) -> list[str]:
    """Return a grid table with a | between its cells; cells that span several places are marked."""
    rows, headers = read_grid(lines)
    width = sum(cell.columns for cell in rows[0])
    hanging = [0] * width
    written = []
    for row in rows:
        cells = iter(row)
        places: list[str] = []
        while len(places) < width:
            column = len(places)
            if hanging[column]:
                hanging[column] -= 1
                places.append(ABOVE)
                continue
            cell = next(cells, None)
            if cell is None:
                places.append("")
                continue
            for offset in range(cell.columns):
                if column + offset < width:
                    hanging[column + offset] = cell.rows - 1
                    places.append(LEFT if offset else cell.text.replace("|", "\\|"))
        written.append("| " + " | ".join(places) + " |")
    rule = "|" + "---|" * width
    if not headers:
        return ["|" + "  |" * width, rule, *written]
    return [written[0].replace("| ", f"| {HEADER * headers}", 1), rule, *written[1:]]


def _without_criticism(body: str, done: Rewritten) -> str:
    """Apply the changes that CriticMarkup notes: what is deleted goes, what is added stays."""

    def changed(found: re.Match[str]) -> str:
        done.struck += found["deleted"] is not None or bool((found["old"] or "").strip())
        return found["new"] or found["added"] or found["marked"] or ""

    return _CRITIC.sub(changed, body)


def note_numbers(notes: Sequence[str], referred: Sequence[str]) -> dict[str, str]:
    """Return the number of each note: its id where all ids are numbers, else its place in the order of the marks."""
    ordered = list(dict.fromkeys([*(name for name in referred if name in notes), *notes]))
    if all(name.isdigit() for name in ordered):
        return {name: name for name in ordered}
    return {name: str(place) for place, name in enumerate(ordered, 1)}

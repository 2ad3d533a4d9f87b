"""Footnotes and endnotes of Word: each one a block of its own, labelled with the mark that the text shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ingest.loaders.docx_parts.blocks import BlockReader, Text, write_items
from ingest.loaders.docx_parts.controls import drop_unfilled
from ingest.loaders.docx_parts.numbering import written
from ingest.loaders.docx_parts.text import VALUE, TextReader, W
from ingest.loaders.structure import PageWriter

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

_KINDS = ("footnote", "endnote")
_USUAL_FORM = {"footnote": "decimal", "endnote": "lowerRoman"}


def write_notes(writer: PageWriter, word: WordDocument, texts: TextReader, reader: BlockReader) -> None:
    """Write the notes that the text refers to, footnotes first, in the order of their marks."""
    roots = _roots(word)
    referred = list(texts.references)
    for kind in _KINDS:
        notes = {note.get(f"{W}id"): note for root in roots.get(kind, []) for note in root.iterchildren(f"{W}{kind}")}
        form = _form(word, roots.get("settings", []), kind)
        number = 0
        for identifier, own in dict.fromkeys((identifier, own) for of, identifier, own in referred if of == kind):
            number += not own
            note = notes.get(identifier)
            if note is not None:
                _write(writer, reader, note, own or written(number, form))


def _write(writer: PageWriter, reader: BlockReader, note: Any, mark: str) -> None:  # noqa: ANN401
    items = reader.items(note)
    first = next((place for place, item in enumerate(items) if isinstance(item, Text) and item.text), None)
    if first is not None and isinstance(item := items[first], Text):
        items[first] = Text("paragraph", 0, "", item.text.removeprefix(mark).strip(), note=f"note {mark}")
    write_items(writer, items)


def _roots(word: WordDocument) -> dict[str, list[Any]]:
    """Return the roots of notes and settings by their kind."""
    from docx.oxml import parse_xml

    found: dict[str, list[Any]] = {}
    for relationship in word.part.rels.values():
        kind = relationship.reltype.rsplit("/", 1)[-1].removesuffix("s") if not relationship.is_external else ""
        if kind in _KINDS or kind == "setting":
            root = parse_xml(relationship.target_part.blob)
            drop_unfilled(root)
            found.setdefault("settings" if kind == "setting" else kind, []).append(root)
    return found


def _form(word: WordDocument, settings: list[Any], kind: str) -> str:
    """Return how the marks of a kind of notes are written, as Word names it."""
    for root in (word.element, *settings):
        for properties in root.iter(f"{W}{kind}Pr"):
            form = properties.find(f"{W}numFmt")
            if form is not None:
                return str(form.get(VALUE, "decimal"))
    return _USUAL_FORM[kind]

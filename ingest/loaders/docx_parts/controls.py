"""Content controls of Word that nobody filled in."""

from __future__ import annotations

import re
from typing import Any

from ingest.loaders.docx_parts.text import OFF, VALUE, W

_TEXT, _CONTROL, _CONTROL_PROPERTIES, _PLACEHOLDER = f"{W}t", f"{W}sdt", f"{W}sdtPr", f"{W}showingPlcHdr"
_NAMES, _INDEX = (f"{W}alias", f"{W}tag"), re.compile(r"\[.*")


def drop_unfilled(root: Any) -> None:  # noqa: ANN401
    """Take out the content controls that nobody filled in: they show a placeholder, or nothing but their own name."""
    for control in list(root.iter(_CONTROL)):
        if _is_unfilled(control):
            control.getparent().remove(control)


def _is_unfilled(control: Any) -> bool:  # noqa: ANN401
    properties = control.find(_CONTROL_PROPERTIES)
    if properties is None:
        return False
    shown = "".join(text.text or "" for text in control.iter(_TEXT)).strip().casefold()
    names = [_INDEX.sub("", name.get(VALUE, "")).strip().casefold() for tag in _NAMES for name in properties.iter(tag)]
    placeholder = properties.find(_PLACEHOLDER)
    is_placeholder = placeholder is not None and placeholder.get(VALUE) not in OFF
    return is_placeholder or (bool(shown) and shown in names)

from __future__ import annotations

import pytest

from ingest.loaders.language import detect_language, document_language
from ingest.loaders.markdown import load


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("States should not knowingly allow their territory to be used for malicious acts.", "en"),
        ("Les États ne devraient pas permettre sciemment que leur territoire soit utilisé.", "fr"),
        ("Die Staaten sollten nicht wissentlich zulassen, dass ihr Gebiet genutzt wird.", "de"),
        ("Los Estados no deberían permitir a sabiendas que su territorio sea utilizado.", "es"),
        ("1222 – 81 – 2018", None),
        ("Paris Call", None),
    ],
)
def test_a_language_is_named_or_left_open(text: str, language: str | None) -> None:
    assert detect_language(text) == language


def test_prose_counts_before_headings() -> None:
    text = "# The Paris Call for Trust and Security in Cyberspace\n\nLes États réaffirment leur adhésion à ce texte.\n"
    assert document_language(load(text.encode(), "a.md")) == "fr"

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ingest.sync.chunking import SPECIAL_TOKENS, TARGET_TOKENS, chunk
from knowledge_base.models.embeddings import Embedder
from knowledge_base.passages import PREFIX_TOKENS, Block, BlockKind, Document, Page, Passage, embedded_text, prefix_tokens


def count_words(texts: Sequence[str]) -> list[int]:
    """Count words as tokens; a word past 20 letters counts one more for each 20."""
    return [sum(1 + len(word) // 20 for word in text.split()) for text in texts]


def page(*parts: tuple[BlockKind, str], number: int | None = None) -> Page:
    text, blocks = "", []
    for kind, part in parts:
        blocks.append(Block(kind, 1 if kind == "heading" else 0, len(text), len(text) + len(part)))
        text += part + "\n\n"
    return Page(number, None, text, tuple(blocks))


def document(*pages: Page, source: str = "a.md", title: str = "A") -> Document:
    return Document(source, title, "hash", "en", pages)


def paragraph(words: int, name: str = "w") -> str:
    return " ".join(f"{name}{number}" for number in range(words - 1)) + " end."


def texts(*pages: Page, max_tokens: int = 256) -> list[str]:
    return [p.text for p in chunk(document(*pages), count_words, max_tokens)]


def test_short_blocks_of_a_page_make_one_passage() -> None:
    parts: list[tuple[BlockKind, str]] = [("heading", "Towns"), ("paragraph", "One."), ("list_item", "Two.")]
    assert texts(page(*parts)) == ["Towns\n\nOne.\n\nTwo."]


def test_a_passage_never_crosses_a_page_and_names_it() -> None:
    passages = chunk(document(page(("paragraph", "One."), number=1), page(("paragraph", "Two."), number=2)), count_words, 256)
    assert [(p.text, p.page, p.ordinal) for p in passages] == [("One.", 1, 0), ("Two.", 2, 1)]


def test_a_passage_is_cut_before_a_block_that_would_pass_the_target() -> None:
    one, two = paragraph(TARGET_TOKENS - 10), paragraph(20, "v")
    assert texts(page(("paragraph", one), ("paragraph", two))) == [one, two]


def test_a_heading_begins_a_passage_once_the_one_before_has_grown() -> None:
    body = paragraph(80)
    found = texts(page(("paragraph", body), ("heading", "Duties"), ("paragraph", "Each town keeps a lamp.")))
    assert found == [body, "Duties\n\nEach town keeps a lamp."]


def test_the_path_of_headings_stands_above_a_passage_and_goes_on_over_pages() -> None:
    first = Page(
        1,
        None,
        "Charter\nDuties\nText.",
        (Block("heading", 1, 0, 7), Block("heading", 2, 8, 14), Block("paragraph", 0, 15, 20)),
    )
    passages = chunk(document(first, page(("paragraph", "More."), number=2)), count_words, 256)
    assert [p.heading for p in passages] == ["Charter > Duties", "Charter > Duties"]


def test_a_heading_of_the_same_level_takes_the_place_of_the_one_before() -> None:
    body = paragraph(100)
    passages = chunk(
        document(page(("heading", "One"), ("paragraph", body), ("heading", "Two"), ("paragraph", body))), count_words, 256
    )
    assert [p.heading for p in passages] == ["One", "Two"]


@pytest.mark.parametrize("max_tokens", [32, 128, 256, 512])
def test_no_passage_passes_the_model_s_limit_whatever_it_is(max_tokens: int) -> None:
    parts: list[tuple[BlockKind, str]] = [("paragraph", paragraph(count)) for count in (5, 90, 700, 30, 30, 30, 250)]
    passages = chunk(document(page(("heading", "H"), *parts)), count_words, max_tokens)
    limit = max_tokens - prefix_tokens(max_tokens) - SPECIAL_TOKENS
    assert max(count_words([p.text for p in passages])) <= limit
    assert " ".join(p.text for p in passages).split() == ["H", *(word for _, text in parts for word in text.split())]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    sentences = [paragraph(60, name) for name in "abcdefgh"]
    found = texts(page(("paragraph", " ".join(s.capitalize() for s in sentences))))
    assert len(found) > 1
    assert all(text.endswith("end.") for text in found)


def test_a_word_longer_than_the_limit_is_cut_anywhere() -> None:
    word = "".join(map(str, range(2500)))
    found = texts(page(("paragraph", word)))
    assert "".join(found) == word
    assert max(count_words(found)) <= 256 - PREFIX_TOKENS - SPECIAL_TOKENS


def test_spans_and_sentences_name_the_characters_of_the_page() -> None:
    whole = page(("heading", "Duties"), ("paragraph", "Each town keeps a lamp. It burns."), ("list_item", "No smoke."))
    (passage,) = chunk(document(whole), count_words, 256)
    assert whole.text[passage.start : passage.end] == passage.text
    assert [(whole.text[s.start : s.end], s.kind) for s in passage.sentences] == [
        ("Duties", "heading"),
        ("Each town keeps a lamp.", "paragraph"),
        ("It burns.", "paragraph"),
        ("No smoke.", "list_item"),
    ]


def test_moved_text_keeps_its_id_and_changed_text_does_not() -> None:
    def ids(*parts: str) -> list[str]:
        blocks: list[tuple[BlockKind, str]] = [("paragraph", part) for part in parts]
        return [p.id for p in chunk(document(page(*blocks)), count_words, 256)]

    long, other = paragraph(150), paragraph(150, "v")
    assert ids(long, other) == ids(other, long)[::-1]
    assert set(ids(long, other)) & set(ids(long, paragraph(150, "u"))) == set(ids(long))


def test_the_same_text_in_another_file_or_twice_in_one_has_another_id() -> None:
    body = paragraph(150)
    parts: list[tuple[BlockKind, str]] = [("paragraph", body), ("paragraph", body)]
    one = chunk(document(page(*parts)), count_words, 256)
    two = chunk(document(page(*parts), source="b.md"), count_words, 256)
    assert len({p.id for p in [*one, *two]}) == 4


def test_text_that_a_document_repeats_is_kept_a_few_times_only() -> None:
    parts: list[tuple[BlockKind, str]] = [("paragraph", paragraph(150))] * 50
    assert len(chunk(document(page(*parts)), count_words, 256)) == 3


def test_a_page_without_text_has_no_passages() -> None:
    assert chunk(document(Page(1, None, "", problem="It has no text.")), count_words, 256) == []


def test_title_and_headings_are_embedded_before_the_text_and_shortened_to_their_share() -> None:
    passage = Passage("id", "a.md", "T " * 60, None, 0, 4, "First > " + "h " * 60 + "last", "Body")
    prefix, _, body = embedded_text(passage, count_words, 256).partition("\n")
    title, heading = prefix.split(" – ")
    assert body == "Body"
    assert title.startswith("T T") and heading.endswith("h last")
    assert max(count_words([title, heading])) < PREFIX_TOKENS // 2


def test_a_passage_without_title_and_headings_is_embedded_alone() -> None:
    assert embedded_text(Passage("id", "a.md", "", None, 0, 4, "", "Body"), count_words, 256) == "\nBody"


def test_what_is_embedded_never_passes_the_limit_of_the_real_model(embedder: Embedder) -> None:
    parts: list[tuple[BlockKind, str]] = [("heading", "Antidisestablishmentarian " * 20), ("paragraph", paragraph(900, "qz"))]
    passages = chunk(document(page(*parts), title="Incomprehensibilities " * 30), embedder.count_tokens, embedder.max_tokens)
    embedded = [embedded_text(p, embedder.count_tokens, embedder.max_tokens) for p in passages]
    assert len(passages) > 5
    assert max(embedder.count_tokens(embedded)) <= embedder.max_tokens - SPECIAL_TOKENS


def test_a_list_stays_with_the_paragraph_that_leads_into_it() -> None:
    duties: list[tuple[BlockKind, str]] = [("list_item", paragraph(30, name)) for name in "abc"]
    parts: list[tuple[BlockKind, str]] = [("paragraph", paragraph(120)), ("paragraph", "Each town does this:"), *duties]
    first, second = texts(page(*parts))
    assert first.endswith("end.")
    assert second.startswith("Each town does this:")
    assert second.count("end.") == 3


def test_a_list_longer_than_a_passage_is_cut_between_items() -> None:
    items: list[tuple[BlockKind, str]] = [("list_item", paragraph(50, name)) for name in "abcdefgh"]
    found = texts(page(("paragraph", "All of these:"), *items))
    assert len(found) > 1
    assert all(text.endswith("end.") for text in found)
    assert max(count_words(found)) <= 256 - PREFIX_TOKENS - SPECIAL_TOKENS

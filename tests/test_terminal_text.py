from __future__ import annotations

from pathlib import Path

from libraries import Library, assistant, ingest

from knowledge_base.terminal_text import on_a_line, on_lines

FORGED = "notes\n  deleted: charter.md"


def test_what_would_steer_a_terminal_is_shown_as_an_escape() -> None:
    assert on_a_line("a\nb\r\x1b[31mc\u202egnp.exe\u2028\udcff") == r"a\nb\r\x1b[31mc\u202egnp.exe\u2028\udcff"
    assert on_a_line("Où est l’été ? 日本語 \u200d") == "Où est l’été ? 日本語 \u200d"
    assert on_lines("one\ntwo\x1b[2J") == "one\ntwo\\x1b[2J"


def test_a_file_name_cannot_forge_a_line_of_a_report(tmp_path: Path) -> None:
    library = Library(tmp_path / "documents", tmp_path / "data")
    library.documents.mkdir()
    (library.documents / f"{FORGED}.txt").write_text("The quillfeather bridge was built by a merchant in 1893.\n")
    (library.documents / "\x1b[31mred.pdf").write_text("no PDF")
    arguments = (str(library.documents), "--data-dir", str(library.data_dir))
    written = [ingest("preview", *arguments).out, ingest("sync", *arguments).out, ingest("health", *arguments[1:]).out]
    written.append(assistant("ask", "Who built the quillfeather bridge?", *arguments[1:]).out)
    (library.documents / f"{FORGED}.txt").unlink()
    written += [ingest("sync", *arguments, "--allow-deletions").out, ingest("changes", *arguments[1:]).out]
    for text in written:
        assert "\x1b" not in text and "\n  deleted: charter.md" not in text
        assert "notes\\n" in text


def test_a_table_that_the_text_only_points_to_is_printed() -> None:
    from assistant.__main__ import _readable
    from assistant.answers import Answer, AnswerPart

    table = ({"name": "Acme", "country": "Germany"}, {"name": "Société Lumière\x1b[2J", "country": "France"})
    told = Answer("Who?", "The table lists them all.", "register", False, (), (), 0.0, table=table)
    assert _readable(told).splitlines()[2:] == [
        "name                    country", "Acme                    Germany", r"Société Lumière\x1b[2J  France",
    ]  # fmt: skip
    named = tuple(AnswerPart(row["name"], kind="list_item") for row in table)
    assert "country" not in _readable(Answer("Who?", "Two.", "register", False, (), (), 0.0, named, table=table))


def test_the_terminal_gives_the_command_that_brings_in_the_register() -> None:
    from assistant.__main__ import _readable
    from assistant.answers import Answer
    from assistant.messages import message

    told = Answer("Who?", message("fr", "register.official_register"), "register", False, (), (), 0.0)
    assert "python -m ingest fetch --sync" in _readable(told)


def test_an_answer_on_weak_evidence_says_so_in_its_language() -> None:
    from assistant.__main__ import _readable
    from assistant.answers import Answer

    assert _readable(Answer("Who?", "We.", "extractive", False, (), (), 0.0, is_weak=True)).startswith("Weak evidence.")
    assert _readable(Answer("Qui est le chef ?", "Lui.", "extractive", False, (), (), 0.0, is_weak=True)).startswith("Preuve")
    assert _readable(Answer("Who?", "We.", "extractive", False, (), (), 0.0)) == "We."

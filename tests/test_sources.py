from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from ingest.fetch.sources import Source, combined_hash, covers, read_source_list
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.settings import Settings

CORPUS = Path(__file__).resolve().parents[1].parent / "shared" / "corpus" / "pariscall"
HASH = "ab" * 32
THREE_LINES = f"""
[[source]]
name = "my-report"
url = "https://example.org/files/My%20report.pdf"
sha256 = "{HASH}"
"""


def settings(tmp_path: Path, own_list: str = "") -> Settings:
    if own_list:
        (tmp_path / "sources.toml").write_text(own_list, encoding="utf-8")
    return Settings(data_dir=tmp_path)


def test_the_built_in_list_names_the_archive_at_one_commit(tmp_path: Path) -> None:
    [source] = read_source_list(settings(tmp_path)).values()
    commit = "916433b20a70ce587db86de70b108ce21a25c551"
    assert source.url == f"https://github.com/ambanum/pariscall.international/archive/{commit}.tar.gz"
    assert source.allowed_hosts == {"github.com", "codeload.github.com"}
    assert (source.licence, len(source.files)) == ("EUPL-1.2", 63)
    assert [(group.pattern, group.count) for group in source.groups] == [("_supporters/*.md", 1222)]


def test_every_document_of_the_built_in_list_has_a_title_of_its_own(tmp_path: Path) -> None:
    [source] = read_source_list(settings(tmp_path)).values()
    titles = [file.title for file in source.files]
    assert None not in titles
    assert len(set(titles)) == len(titles)


def test_three_lines_add_a_source_of_ones_own(tmp_path: Path) -> None:
    sources = read_source_list(settings(tmp_path, THREE_LINES))
    assert list(sources) == ["pariscall", "my-report"]
    assert sources["my-report"].document_name == "My report.pdf"


def test_a_source_may_say_what_it_is(tmp_path: Path) -> None:
    sources = read_source_list(settings(tmp_path, THREE_LINES + 'title = "My report"\ndate = 2024-02-03\n'))
    assert (sources["my-report"].title, str(sources["my-report"].date)) == ("My report", "2024-02-03")


def test_the_list_may_be_another_file(tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.toml"
    path.write_text(THREE_LINES, encoding="utf-8")
    sources = read_source_list(Settings(data_dir=tmp_path, sources=path))
    assert sources["my-report"].name == "my-report"


def test_a_built_in_name_with_another_address_is_a_mirror_with_the_same_checks(tmp_path: Path) -> None:
    [built_in] = read_source_list(settings(tmp_path)).values()
    mirror = '[[source]]\nname = "pariscall"\nurl = "https://mirror.example.org/archive.tar.gz"\n'
    [changed] = read_source_list(settings(tmp_path, mirror)).values()
    assert changed.url == "https://mirror.example.org/archive.tar.gz"
    assert (changed.files, changed.groups) == (built_in.files, built_in.groups)
    assert changed.fingerprint == built_in.fingerprint


@pytest.mark.parametrize(
    ("own_list", "words"),
    [
        (THREE_LINES.replace(f'sha256 = "{HASH}"', ""), "sha256 is missing"),
        (THREE_LINES.replace(HASH, "abc"), "sha256: String should match pattern"),
        (THREE_LINES.replace('"my-report"', '"../up"'), "name: String should match pattern"),
        (THREE_LINES.replace("https://example.org/files/My%20report.pdf", "report.pdf"), "has no host"),
        (THREE_LINES.replace("My%20report.pdf", "download?id=1"), "is no name of a document; give file_name"),
        (THREE_LINES.replace("My%20report.pdf", "..%2F..%2Freport.pdf"), "is no name of a document"),
        (THREE_LINES + 'file_name = "../report.pdf"', "is not a path below a folder"),
        (THREE_LINES + 'take = ["docs/"]', "are for archives"),
        (THREE_LINES + "colour = 1", "colour: Extra inputs are not permitted"),
        (THREE_LINES + THREE_LINES, "one name to two sources"),
        ("[source]\nname = 1", r"may hold only \[\[source\]\] entries"),
        ("[[source]\n", "not valid TOML"),
    ],
)
def test_a_list_that_is_not_usable_says_what_is_wrong(tmp_path: Path, own_list: str, words: str) -> None:
    with pytest.raises(KnowledgeBaseError, match=words) as caught:
        read_source_list(settings(tmp_path, own_list))
    assert "docs/sources.md" in caught.value.remedy


def test_a_list_that_is_named_and_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeBaseError, match="cannot be read: No such file"):
        read_source_list(Settings(data_dir=tmp_path, sources=tmp_path / "none.toml"))


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("_supporters/*.md", "_supporters/a.md", True),
        ("_supporters/*.md", "_supporters/below/a.md", False),
        ("_supporters/*.md", "other/_supporters/a.md", False),
        ("_supporters/*.md", "_supporters/A.MD", False),
        ("docs/", "docs/below/a.pdf", True),
        ("docs/", "docs2/a.pdf", False),
    ],
)
def test_a_star_stands_within_one_part_of_a_path(pattern: str, path: str, expected: bool) -> None:
    assert covers(pattern, path) is expected


def test_an_archive_without_a_list_gives_the_files_that_can_be_read() -> None:
    source = Source(name="x", url="https://example.org/x.tar.gz", sha256=HASH)
    assert [source.wants(path) for path in ("docs/a.pdf", "a.md", "logo.png", "Makefile")] == [True, True, False, False]
    some = Source(name="x", url="https://example.org/x.tar.gz", sha256=HASH, take=("docs/",))
    assert [some.wants(path) for path in ("docs/a.pdf", "a.md")] == [True, False]


def test_the_combined_hash_is_that_of_the_lines_of_sha256sum() -> None:
    lines = f"{HASH}  B.md\n{HASH}  a.md\n{HASH}  é.md\n"
    assert combined_hash({"é.md": HASH, "a.md": HASH, "B.md": HASH}) == sha256(lines.encode()).hexdigest()


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared corpus is absent")
def test_the_built_in_list_is_what_the_official_files_are(tmp_path: Path) -> None:
    [source] = read_source_list(settings(tmp_path)).values()
    for file in source.files:
        data = (CORPUS / file.path).read_bytes()
        assert (file.path, len(data), sha256(data).hexdigest()) == (file.path, file.size, file.sha256)
    there = {path.relative_to(CORPUS).as_posix() for path in CORPUS.rglob("*") if path.is_file()}
    assert {path for path in there if source.wants(path)} == there

"""Bundles: what is packed is verified; what was altered is named; what is none is refused."""

from __future__ import annotations

import io
import json
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st
from libraries import assistant
from page_fixtures import QUOTE, TEXT, note, publish_documents, quoted_answer, refused_answer
from reference import VERIFICATION

from assistant.workbench import bundle
from assistant.workbench.bundle import Failure, NotABundleError, Verification, pack, verify
from assistant.workbench.notes import look_up
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.settings import Settings
from knowledge_base.store.manifest import seal_of

PAGE = "pages/00001.txt"
Members = dict[str, bytes]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    publish_documents(tmp_path / "data", [note()])
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def packed(settings: Settings) -> bytes:
    answers = [quoted_answer(), refused_answer()]
    return pack(answers, look_up(answers, settings))


def members_of(data: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members: Mapping[str, bytes], **options: Any) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def checked(path: Path, data: bytes, data_dir: Path | None = None) -> Verification:
    path.write_bytes(data)
    return verify(path, data_dir)


def sealed(members: Members, **changed: Any) -> Members:
    """Return members with a manifest that fits them again, as somebody who knows the format would write it."""
    manifest = json.loads(members["manifest.json"]) | changed
    del manifest["seal"]
    for name, data in members.items():
        if name != "manifest.json":
            manifest["members"][name] = {"bytes": len(data), "sha256": sha256(data).hexdigest()}
    return members | {"manifest.json": json.dumps(manifest | {"seal": seal_of(manifest)}).encode()}


def test_what_was_packed_holds_anywhere(packed: bytes, tmp_path: Path) -> None:
    found = checked(tmp_path / "b.zip", packed)
    assert (found.failures, found.answers, found.quotes, found.documents, found.now) == ((), 2, 1, 1, ())
    assert members_of(packed)[PAGE].decode() == TEXT


def test_equal_answers_make_equal_bytes(settings: Settings, packed: bytes) -> None:
    answers = [replace(quoted_answer(), seconds=9.0), refused_answer()]
    assert pack(answers, look_up(answers, settings)) == packed


def test_the_manifest_says_what_it_was_made_of(packed: bytes) -> None:
    manifest = json.loads(members_of(packed)["manifest.json"])
    assert manifest["generations"]["000001"]["model"] == "model"
    (document,) = manifest["documents"]
    assert document["sha256"] == sha256(TEXT.encode()).hexdigest() and document["date"] == "2018-11-12"
    assert set(manifest["members"]) == {"answers.html", "answers.json", PAGE}


def test_an_altered_letter_of_a_page_is_named(packed: bytes, tmp_path: Path) -> None:
    members = members_of(packed)
    members[PAGE] = members[PAGE].replace(b"nine", b"five")
    found = checked(tmp_path / "b.zip", zipped(members))
    quote = Failure("the quote does not stand on its page", "How many principles?", 1, "notes/call.md", None)
    page = Failure(f"{PAGE} has been altered: its SHA-256 differs", None, None, "notes/call.md", None)
    assert found.failures == (quote, page)


def test_an_altered_letter_of_a_quote_is_named_though_the_manifest_was_made_to_fit(packed: bytes, tmp_path: Path) -> None:
    members = members_of(packed)
    members["answers.json"] = members["answers.json"].replace(b"nine", b"five")
    found = checked(tmp_path / "b.zip", zipped(sealed(members)))
    assert [(failure.number, failure.source) for failure in found.failures] == [(1, "notes/call.md")]


@pytest.mark.parametrize(
    ("alter", "words"),
    [
        (lambda m: m | {"answers.html": b"<p>else</p>"}, "answers.html has been altered"),
        (lambda m: m | {"more.txt": b"x"}, "more.txt is not in the manifest"),
        (lambda m: {name: data for name, data in m.items() if name != PAGE}, f"{PAGE} is missing"),
        (lambda m: m | {"manifest.json": m["manifest.json"].replace(b"2018-11-12", b"2019-11-12")}, "manifest.json has been"),
    ],
)
def test_anything_else_that_was_altered_is_named(
    packed: bytes, tmp_path: Path, alter: Callable[[Members], Members], words: str
) -> None:
    found = checked(tmp_path / "b.zip", zipped(alter(members_of(packed))))
    assert any(words in failure.what for failure in found.failures)


def test_originals_are_held_against_the_documents(settings: Settings, tmp_path: Path) -> None:
    answers = [quoted_answer()]
    originals = settings.data_dir / "originals"
    with pytest.raises(KnowledgeBaseError, match="is not kept"):
        pack(answers, look_up(answers, settings), originals)
    originals.mkdir()
    digest = sha256(TEXT.encode()).hexdigest()
    (originals / digest).write_text(TEXT, encoding="utf-8")
    packed = pack(answers, look_up(answers, settings), originals)
    assert checked(tmp_path / "b.zip", packed).failures == ()
    members = members_of(packed) | {f"originals/{digest}": b"another document"}
    found = checked(tmp_path / "b.zip", zipped(sealed(members)))
    assert [failure.what for failure in found.failures] == [f"originals/{digest} is not the document"]


def test_a_quote_that_does_not_stand_is_not_packed(settings: Settings) -> None:
    answer = quoted_answer()
    moved = replace(answer, citations=(replace(answer.citations[0], start=0, end=len(QUOTE)),))
    with pytest.raises(KnowledgeBaseError, match=r"\[1\] of “How many principles"):
        pack([moved], look_up([moved], settings))


def test_the_index_at_hand_says_what_still_stands(settings: Settings, packed: bytes, tmp_path: Path) -> None:
    found = checked(tmp_path / "b.zip", packed, settings.data_dir)
    assert [stands.standing for _, stands in found.now] == ["there"]
    publish_documents(settings.data_dir, [note("Nothing of it is left.")], "000002")
    found = checked(tmp_path / "b.zip", packed, settings.data_dir)
    assert (found.generation, [stands.standing for _, stands in found.now]) == ("000002", ["gone"])
    assert found.failures == ()


def test_a_bundle_holds_beside_a_damaged_index(
    settings: Settings, packed: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (settings.data_dir / "CURRENT").write_text("", encoding="ascii")
    found = checked(tmp_path / "b.zip", packed, settings.data_dir)
    assert (found.failures, found.generation, found.now) == ((), None, ())
    assert "is not known" in caplog.text


# What is no bundle


def entry(name: str, mode: int = stat.S_IFREG | 0o600) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.external_attr = mode << 16
    return made


def with_entry(data: bytes, made: zipfile.ZipInfo, content: bytes = b"x") -> bytes:
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(made, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/etc/passwd", "a/../../b", "C:\\x", "a\\..\\b", "pages/", "x" * 3000, "manifest.json", PAGE]
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_paths_that_lead_elsewhere_or_are_there_twice_are_refused(packed: bytes, tmp_path: Path, name: str) -> None:
    with pytest.raises(NotABundleError):
        checked(tmp_path / "b.zip", with_entry(packed, entry(name)))


def test_links_bombs_and_too_many_members_are_refused(packed: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotABundleError, match="no plain file"):
        checked(tmp_path / "b.zip", with_entry(packed, entry("link", stat.S_IFLNK | 0o777), b"/etc/passwd"))
    with pytest.raises(NotABundleError, match="unpacks to"):
        bomb = entry("pages/9.txt")
        bomb.compress_type = zipfile.ZIP_DEFLATED
        checked(tmp_path / "b.zip", with_entry(packed, bomb, bytes(40 << 20)))
    monkeypatch.setattr(bundle, "MOST_MEMBERS", 3)
    with pytest.raises(NotABundleError, match="more than 3 members"):
        checked(tmp_path / "b.zip", packed)
    monkeypatch.setattr(bundle, "MOST_FILE_BYTES", 10)
    with pytest.raises(NotABundleError, match="has more than"):
        checked(tmp_path / "b.zip", packed)


@pytest.mark.parametrize(
    "manifest",
    [b"", b"[]", b"null", b"{}", b"[" * 100_000, b'{"kind": "pariscall bundle", "seal": 1}', b"\xff\xfe", b'{"seal": NaN}'],
)
def test_a_manifest_that_is_none_is_refused(packed: bytes, tmp_path: Path, manifest: bytes) -> None:
    with pytest.raises(NotABundleError):
        checked(tmp_path / "b.zip", zipped(members_of(packed) | {"manifest.json": manifest}))


@pytest.mark.parametrize("field", ["documents", "members", "format", "kind", "tool", "created"])
@pytest.mark.parametrize("value", [None, 7, "x", [], [[]], [None], {"a": None}, 10**400])
def test_fields_of_other_types_are_refused_or_named(packed: bytes, tmp_path: Path, field: str, value: Any) -> None:
    members = members_of(packed)
    manifest = json.loads(members["manifest.json"]) | {field: value}
    del manifest["seal"]
    odd = members | {"manifest.json": json.dumps(manifest | {"seal": seal_of(manifest)}).encode()}
    try:
        found = checked(tmp_path / "b.zip", zipped(odd))
    except NotABundleError:
        return
    assert found.failures or field in ("tool", "created")


@tries(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_is_refused_or_named(packed: bytes, tmp_path: Path, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(packed) - 1))
    kind = data.draw(st.sampled_from(("flip", "cut", "insert")))
    damaged = {
        "flip": packed[:place] + bytes([packed[place] ^ data.draw(st.integers(1, 255))]) + packed[place + 1 :],
        "cut": packed[:place],
        "insert": packed[:place] + data.draw(st.binary(min_size=1, max_size=30)) + packed[place:],
    }[kind]
    try:
        found = checked(tmp_path / "b.zip", damaged)
    except NotABundleError:
        return
    assert found.failures or members_of(damaged) == members_of(packed)


@tries(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.text(max_size=20) | st.sampled_from(["manifest.json", "answers.json", PAGE, "..", "a/b"]), max_size=5),
    content=st.binary(max_size=50) | st.sampled_from([b"[]", b"{}", b'{"seal": 1, "kind": "pariscall bundle", "format": 1}']),
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_any_names_and_contents_are_refused(tmp_path: Path, names: list[str], content: bytes) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), content)
    with pytest.raises(NotABundleError):
        checked(tmp_path / "b.zip", buffer.getvalue())


# The command


def test_the_command_tells_what_does_not_hold_by_its_exit_code(packed: bytes, settings: Settings, tmp_path: Path) -> None:
    members = members_of(packed)
    members[PAGE] = members[PAGE].replace(b"nine", b"\x1b[5")
    for name, data in (("good.zip", packed), ("bad.zip", zipped(members)), ("none.zip", b"PK")):
        (tmp_path / name).write_bytes(data)
    options = ("--data-dir", str(settings.data_dir))
    good, bad, none = (assistant("verify", str(tmp_path / n), *options) for n in ("good.zip", "bad.zip", "none.zip"))
    assert (good.code, bad.code, none.code) == (0, 1, 2)
    assert "notes/call.md: the quote does not stand on its page" in bad.out and "\x1b" not in bad.out
    assert "is not a bundle" in none.error
    found = assistant("verify", str(tmp_path / "bad.zip"), "--json", *options).json
    assert found["holds"] is False and found["now"]["there"] == 1
    paths = [*found, *(f"failures[].{name}" for name in found["failures"][0]), *(f"now.{name}" for name in found["now"])]
    assert sorted(paths) == sorted(VERIFICATION) and {field.name for field in fields(Failure)} == set(found["failures"][0])


def test_a_bundle_is_verified_where_there_is_no_index(packed: bytes, tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_bytes(packed)
    command = [sys.executable, "-m", "assistant", "verify", str(tmp_path / "b.zip"), "--data-dir", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "") and "holds: 2 answers, 1 quotes" in done.stdout
    assert not (tmp_path / "none").exists()

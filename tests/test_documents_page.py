"""The pages of documents and of changes, run without a browser; ingest itself is not started."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from page_fixtures import HOSTILE, TEXT, note, publish_documents, quoted_answer

import assistant
from assistant.page import activity
from assistant.page.activity import Activity, Stage
from assistant.page.conversations import ConversationStore
from assistant.page.links import CHANGES_PAGE, DOCUMENTS_PAGE, SAVED_PAGE
from assistant.page.settings import SETTINGS_VARIABLE
from knowledge_base.errors import KnowledgeBaseError, LockedError
from knowledge_base.files import writer_lock
from knowledge_base.passages import RegisterRecord
from knowledge_base.settings import Settings
from knowledge_base.store.catalog import FailureRow
from knowledge_base.store.generations import current_id, open_generation

APP = Path(assistant.__file__).with_name("page") / "app.py"
REPORT: dict[str, Any] = {"added": ["uploads/a.md"], "passages": 3, "seconds": 1.0}


class FakeIngest:
    """Stands in for the ingest process: what it was asked to start, how it stands, and what it answers."""

    def __init__(self) -> None:
        self.started: list[tuple[str, list[str]]] = []
        self.now: Activity | None = None
        self.refusal: KnowledgeBaseError | None = None
        self.answers: dict[str, Any] = {"health": []}

    def start(self, settings: Settings, action: str, arguments: Sequence[str] = ()) -> None:
        if self.refusal:
            raise self.refusal
        self.started.append((action, list(arguments)))

    def ask(self, settings: Settings, command: str, arguments: Sequence[str] = ()) -> Any:
        found = self.answers[command]
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
def ingest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeIngest]:
    import streamlit

    monkeypatch.setenv(SETTINGS_VARIABLE, Settings(data_dir=tmp_path).model_dump_json())
    fake = FakeIngest()
    monkeypatch.setattr(activity, "start", fake.start)
    monkeypatch.setattr(activity, "read", lambda data_dir: fake.now)
    monkeypatch.setattr(activity, "dismiss", lambda data_dir: setattr(fake, "now", None))
    monkeypatch.setattr(activity, "ask_ingest", fake.ask)
    monkeypatch.setattr("assistant.page.document_list.ask_ingest", fake.ask)
    for cache in (streamlit.cache_resource, streamlit.cache_data):
        cache.clear()
    yield fake
    for cache in (streamlit.cache_resource, streamlit.cache_data):
        cache.clear()


@pytest.fixture
def published(ingest: FakeIngest, tmp_path: Path) -> Path:
    """Two generations of configured roots: a note that changed, an upload, a record, and a file that failed."""
    upload = note("Uploaded words.", "uploads/mine.md", f"Mine {HOSTILE}")
    record = replace(note("Saltholm", "official/s.md", "Saltholm"), record=RegisterRecord("S", "state", "state", "DNK", None))
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads" / "mine.md").write_text("Uploaded words.")
    publish_documents(tmp_path, [note("The Call has eight principles."), upload], "000001")
    publish_documents(tmp_path, [note(), upload, replace(record, kind="record")], "000002")
    return tmp_path


def page(path: str = DOCUMENTS_PAGE):
    from streamlit.testing.v1 import AppTest

    return AppTest.from_file(str(APP), default_timeout=30).switch_page(path).run()


def shown(opened) -> str:
    """Return all HTML that the page shows, its style sheet left out."""
    assert not opened.exception, opened.exception
    return "\n".join(block.proto.body for block in opened.get("html") if not block.proto.body.startswith("<style>"))


def button(opened, label: str):
    return next(one for one in opened.main.button if one.label == label)


def labels(opened) -> list[str]:
    return [one.label for one in opened.main.button]


def cards(opened) -> list[str]:
    return [one.label for one in opened.main.expander]


def test_without_an_index_the_page_says_how_to_begin(ingest: FakeIngest):
    opened = page()
    assert "Nothing is indexed yet" in shown(opened)
    button(opened, "Bring the index up to date").click().run()
    assert ingest.started == [("sync", [])]


def test_documents_are_listed_with_their_particulars_and_records_apart(published: Path):
    opened = page()
    assert "2 documents, 2 pages, 1 register record; generation 000002" in shown(opened)
    assert [label.split(" — ")[1] for label in cards(opened)] == ["2018\\-11\\-12 · MARKDOWN"] * 2
    opened.main.toggle[0].set_value(True).run()
    assert len(cards(opened)) == 1 and cards(opened)[0].startswith("**Saltholm**")


def test_the_list_is_searched_and_filtered(published: Path):
    opened = page()
    opened.main.text_input[0].set_value("call").run()
    assert len(cards(opened)) == 1
    opened.main.text_input[0].set_value("nothing like it").run()
    assert "No document matches." in shown(opened)
    opened.main.text_input[0].set_value("").run()
    opened.main.selectbox[0].set_value("uploads").run()
    assert len(cards(opened)) == 1 and cards(opened)[0].startswith("**Mine")


def test_long_lists_have_pages(ingest: FakeIngest, tmp_path: Path):
    publish_documents(tmp_path, [note(f"Note {n}.", f"notes/{n:02}.md", f"Note {n:02}") for n in range(45)])
    opened = page()
    assert len(cards(opened)) == 20 and "45 documents, page 1 of 3" in shown(opened)
    button(opened, "Next").click().run()
    button(opened, "Next").click().run()
    assert len(cards(opened)) == 5 and "page 3 of 3" in shown(opened)
    button(opened, "Previous").click().run()
    assert "page 2 of 3" in shown(opened)


def test_health_is_shown_and_where_it_is_not_known_that_is_said(ingest: FakeIngest, published: Path):
    ingest.answers["health"] = [{"source": "notes/call.md", "problem": HOSTILE, "page_problems": []}]
    assert "pc-told" in shown(page()) and "<img" not in shown(page())
    import streamlit

    streamlit.cache_data.clear()
    ingest.answers["health"] = KnowledgeBaseError("It cannot be read.")
    assert "not known at the moment" in shown(page())


def test_files_are_put_in_previewed_and_refused_with_the_reason(ingest: FakeIngest, published: Path):
    opened = page()
    files = [("new.md", b"# New\n\nWords.", "text/markdown"), ("bad.txt", b"\x89PNG\r\n\x1a\n", "text/plain")]
    opened.main.get("file_uploader")[0].set_value(files).run()
    assert ingest.started == [("preview", [])]
    html = shown(opened)
    assert "new.md<span>is put in</span>" in html and "it is a PNG picture" in html and "<b>1 change waits " in html
    assert (published / "uploads" / "new.md").read_bytes() == b"# New\n\nWords."
    assert "**new\\.md** — waits for the next update" in cards(opened)


def test_files_that_are_too_much_are_refused_and_kept_for_another_try(published: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(SETTINGS_VARIABLE, Settings(data_dir=published, max_uploads_mb=1).model_dump_json())
    opened = page()
    opened.main.get("file_uploader")[0].set_value([("new.md", b"x" * (1 << 20), "text/markdown")]).run()
    assert "1 MB are allowed" in shown(opened) and opened.main.get("file_uploader")[0].value


def test_an_upload_is_removed_and_waits_to_go(published: Path):
    opened = page()
    button(opened, "Remove it").click().run()
    assert not (published / "uploads" / "mine.md").exists()
    assert "uploads/mine.md, removed" in shown(opened)


def test_preview_and_update_are_started_once(ingest: FakeIngest, published: Path):
    button(page(), "Preview").click().run()
    assert ingest.started == [("preview", [])]
    ingest.refusal = LockedError("An update is under way already.", "Wait until it has ended.")
    opened = page()
    button(opened, "Bring the index up to date").click().run()
    assert "under way already" in shown(opened)


def test_what_was_previewed_is_published_with_one_click(ingest: FakeIngest, published: Path):
    ingest.now = Activity("preview", "2026", False, (), REPORT | {"deleted": ["uploads/b.md"]})
    button(page(), "Publish these 2 changes").click().run()
    assert ingest.started == [("sync", [])]
    ingest.now = Activity("preview", "2026", False, (), {"unchanged": ["a.md"]})
    assert not [label for label in labels(page()) if label.startswith("Publish")]


def test_what_runs_is_shown_and_nothing_else_can_be_started(ingest: FakeIngest, published: Path):
    ingest.now = Activity("sync", "2026", True, (Stage("Embed", 3, 12), Stage("pariscall", 5_000_000, None)))
    opened = page()
    assert "Bringing the index up to date…" in shown(opened)
    bars = [bar.proto for bar in opened.get("progress")]
    assert [(bar.value, bar.text) for bar in bars] == [(25, "Embedding: 3 of 12"), (0, "Downloading pariscall: 5.0 MB")]
    assert all(button(opened, label).disabled for label in ("Preview", "Bring the index up to date", "Forget…"))


def test_a_report_is_shown_until_it_is_dismissed(ingest: FakeIngest, published: Path):
    failed = [{"source": "uploads/x.pdf", "reason": "It is broken."}]
    ingest.now = Activity("sync", "2026", False, (), REPORT | {"failed": failed})
    opened = page()
    html = shown(opened)
    assert "1 added, 1 failed; 3 passages, in 1.0 s" in html and "It is broken." in html
    button(opened, "Dismiss").click().run()
    assert "1 added" not in shown(opened)


@pytest.mark.parametrize(
    "ended",
    [
        Activity("sync", "2026", False, (), None, "5 of the 6 documents are gone. Run the sync again with --allow-deletions."),
        Activity("preview", "2026", False, (), REPORT | {"notices": ["A sync would refuse this: use --allow-deletions."]}),
    ],
)
def test_where_most_documents_are_gone_a_person_says_whether_that_was_meant(
    ingest: FakeIngest, published: Path, ended: Activity
):
    ingest.now = ended
    opened = page()
    assert "--allow-deletions" in shown(opened)
    button(opened, "They were removed on purpose: go on").click().run()
    assert ingest.started == [("sync", ["--allow-deletions"])]


def test_a_failure_is_shown_with_what_ingest_said(ingest: FakeIngest, published: Path):
    ingest.now = Activity("fetch", "2026", False, (), None, "pariscall: there is no network. Try again.")
    html = shown(page())
    assert "Fetching the official documents did not succeed." in html and "there is no network" in html


def test_fetch_and_forget_are_reported(ingest: FakeIngest, published: Path):
    source = {"name": "pariscall", "files": 3, "bytes": 10, "reason": None}
    ingest.now = Activity("fetch", "2026", False, (), {"sources": [source]})
    assert "3 files" in shown(page())
    ingest.now = Activity("forget", "2026", False, (), {"source": "a.md", "answers": [], "erased_answers": 0, "notices": []})
    assert "a.md is forgotten." in shown(page())


def test_another_writer_is_named(ingest: FakeIngest, published: Path):
    with writer_lock(published):
        assert "Another ingest is writing to this index (process " in shown(page())


def test_the_official_documents_are_offered_where_there_are_none(ingest: FakeIngest, published: Path):
    opened = page()
    assert "The official documents are not here yet." in shown(opened)
    button(opened, "Fetch and index them").click().run()
    assert ingest.started == [("fetch", ["--sync"])]
    (published / "official" / "pariscall").mkdir(parents=True)
    assert "Fetch and index them" not in labels(page())


def test_an_interrupted_download_is_no_document(published: Path):
    (published / "official" / ".partial").mkdir(parents=True)
    assert "Fetch and index them" in labels(page())


def test_an_index_of_one_folder_takes_no_uploads(ingest: FakeIngest, tmp_path: Path):
    publish_documents(tmp_path, [note()], "000001", folder="/srv/reports")
    opened = page()
    assert "made of the folder /srv/reports" in shown(opened) and not opened.main.get("file_uploader")
    button(opened, "Preview").click().run()
    assert ingest.started == [("preview", ["/srv/reports"])]


def test_a_roll_back_is_confirmed_and_done(published: Path):
    opened = page()
    assert "generation 000001" in shown(opened)
    button(opened, "Go back to it").click().run()
    assert current_id(published) == "000001"
    assert "Go back to it" not in labels(opened)
    assert "generation 000001, published" in shown(opened)


def test_after_a_roll_back_the_page_says_so_and_offers_nothing_as_new(ingest: FakeIngest, published: Path):
    (published / "uploads" / "later.md").write_text("Later words.")
    mine = note("Uploaded words.", "uploads/mine.md", f"Mine {HOSTILE}")
    publish_documents(published, [note(), mine, note("Later words.", "uploads/later.md", "Later")], "000003")
    ingest.now = Activity("sync", "2026", False, (), REPORT)
    opened = page()
    assert "The index is up to date." in shown(opened) and "rolled back" not in shown(opened)
    button(opened, "Go back to it").click().run()
    html = shown(opened)
    assert "The index is up to date." not in html and "wait for the index" not in html
    assert "answers come from generation 000002, not from the newest, 000003" in html
    assert "1 file that the roll back took out of the index" in html and "uploads/later.md, as it was before" in html
    assert "**later\\.md** — taken out by the roll back; the next update brings it back" in cards(opened)


def test_what_a_roll_back_took_out_is_not_offered_as_new(ingest: FakeIngest, published: Path):
    mine = note("Uploaded words.", "uploads/mine.md", f"Mine {HOSTILE}")
    later, broken = note("Later words.", "uploads/later.md", "Later"), published / "uploads" / "broken.pdf"
    (published / "uploads" / "later.md").write_text("Later words.")
    broken.write_bytes(b"%PDF-1.7")
    failed = [FailureRow("uploads/broken.pdf", sha256(broken.read_bytes()).hexdigest(), "1", "It is damaged.")]
    publish_documents(published, [note(), mine, later], "000003", failures=failed)
    opened = page()
    button(opened, "Go back to it").click().run()
    assert "wait for the index" not in shown(opened) and "waits for the index" not in shown(opened)
    found = {"added": ["uploads/later.md"], "failed": [{"source": "uploads/broken.pdf", "reason": "It is damaged."}]}
    ingest.now = Activity("preview", "2026", False, (), REPORT | {"updated": [], "deleted": [], "renamed": []} | found)
    opened = page()
    html = shown(opened)
    assert "1 brought back, 1 failed" in html and " added" not in html
    assert "Undo the roll back" in labels(opened) and not any(label.startswith("Publish") for label in labels(opened))


def test_what_waits_is_not_listed_again_below_its_preview(ingest: FakeIngest, published: Path):
    (published / "uploads" / "new.md").write_text("New words.")
    assert "<b>1 change waits " in shown(page())
    ingest.now = Activity("preview", "2026", False, (), {"added": ["uploads/new.md"], "unchanged": []})
    opened = page()
    assert "An update would do this:" in shown(opened) and "change waits" not in shown(opened)
    (published / "uploads" / "newer.md").write_text("Newer words.")
    assert "<b>2 changes wait " in shown(page())


def test_a_roll_back_while_another_writes_is_refused_with_words(published: Path):
    opened = page()
    with writer_lock(published):
        button(opened, "Go back to it").click().run()
        assert "Another ingest is writing to" in shown(opened)
    assert current_id(published) == "000002"


def test_a_damaged_index_is_said_with_its_remedy(published: Path):
    (published / "generations" / "000002" / "catalog.sqlite3").write_bytes(b"x")
    assert "damaged" in shown(page())


def test_forgetting_is_confirmed_with_the_answers_that_lose_their_page(ingest: FakeIngest, published: Path):
    answers = [{"place": "saved", "question": "How many?", "kept": "2026-01-02"}]
    ingest.answers["forget"] = {
        "source": "uploads/mine.md", "names": ["uploads/mine.md"], "files": [], "generations": ["000001"], "evaluations": [],
        "notices": [], "answers": answers, "questions": 0,
    }  # fmt: skip
    opened = page()
    opened.main.text_input[0].set_value("mine").run()
    button(opened, "Forget…").click().run()
    assert "How many?" in shown(opened)
    assert [box.label for box in opened.checkbox] == ["Erase these answers too", "I am sure: this cannot be undone"]
    assert next(one for one in opened.button if one.label == "Forget it for good").disabled
    assert ingest.started == []


def test_what_cannot_be_forgotten_is_said_with_the_remedy(ingest: FakeIngest, published: Path):
    ingest.answers["forget"] = KnowledgeBaseError("It still lies in its folder.", "Delete that file.")
    opened = page()
    button(opened, "Forget…").click().run()
    assert "It still lies in its folder." in shown(opened)


def test_what_changed_is_shown_between_two_generations(published: Path):
    opened = page(CHANGES_PAGE)
    assert cards(opened) == ["**A note on the Call** — changed · 1 removed · 1 added", "1 added"]
    assert "Documents: 1 changed, 1 added" in shown(opened) and "Saltholm</a>" in shown(opened)
    opened.main.selectbox[0].set_value("000002").run()
    assert "No document differs" in shown(opened)


def test_a_single_generation_has_nothing_to_compare_with(ingest: FakeIngest, tmp_path: Path):
    publish_documents(tmp_path, [note()])
    assert "nothing to compare yet" in shown(page(CHANGES_PAGE))


def test_a_damaged_generation_cannot_be_compared_and_that_is_said(published: Path):
    (published / "generations" / "000001" / "catalog.sqlite3").write_bytes(b"x")
    assert "damaged" in shown(page(CHANGES_PAGE))


@pytest.mark.parametrize(
    ("text", "told"),
    [(TEXT, "still there, word for word"), ("Before.\n\n" + TEXT, "has moved"), ("Other.", "is no longer there")],
)
def test_saved_answers_say_how_their_quotes_stand(ingest: FakeIngest, tmp_path: Path, text: str, told: str):
    publish_documents(tmp_path, [note()], "000001")
    with ConversationStore.open(tmp_path) as store:
        begun = store.begin("How many?")
        store.save_answer(store.add_answer(begun.id, quoted_answer()))
    publish_documents(tmp_path, [note(text)], "000002")
    assert told in shown(page(SAVED_PAGE))
    with open_generation(tmp_path) as generation:
        assert generation.id == "000002"

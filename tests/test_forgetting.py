from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from libraries import Library, assistant, hashes, ingest

from assistant.page.conversations import FILE_NAME, ConversationStore
from assistant.workbench.digest import AskedAgain
from ingest.forget import forgetting
from ingest.forget.forgetting import forget, plan_forgetting
from ingest.sync.sync import SyncOptions, sync
from knowledge_base.errors import KnowledgeBaseError, LockedError, StorageError
from knowledge_base.files import SHARDS, writer_lock
from knowledge_base.settings import Settings
from knowledge_base.store.catalog import Catalog
from knowledge_base.store.embedding_cache import DocumentVectors, EmbeddingCache
from knowledge_base.store.generations import CATALOG, current_id, list_generations, open_generation

WORDS = ("quillfeather", "zanthoryx", "mirrabooka")
SECRET = "# The quillfeather bridge\n\nThe quillfeather bridge was built in 1893 by Mirrabooka Vane, a merchant of Zanthoryx.\n"
OTHER = "# The market\n\nThe fish market was founded in 1911 by Ada Stone.\n"
QUESTION = "When was the quillfeather bridge built?"


class Place:
    """A data directory whose roots are `uploads` and a folder of the user's; the built-in briefs are left out."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data_dir, self.reports = folder, folder / "data", folder / "reports"
        self.uploads = self.data_dir / "uploads"
        self.settings = Settings(data_dir=self.data_dir, documents=f"reports={self.reports}")

    def fill(self) -> None:
        for made in (self.uploads, self.reports):
            made.mkdir(parents=True)
        (self.uploads / "bridge.md").write_text(SECRET)
        (self.reports / "market.md").write_text(OTHER)

    def sync(self) -> str:
        return str(sync(self.settings, SyncOptions(allow_deletions=True)).generation)

    def ask(self, question: str = QUESTION) -> dict[str, object]:
        return assistant("ask", question, "--json", "--data-dir", str(self.data_dir)).json

    def files_with(self, *words: str) -> set[str]:
        """Return the files that hold one of the words, in whatever case."""
        return {
            str(path.relative_to(self.data_dir))
            for path in self.data_dir.rglob("*")
            if path.is_file() and any(word.encode() in path.read_bytes().lower() for word in words)
        }

    def sources(self) -> set[str]:
        with open_generation(self.data_dir) as generation:
            return set(generation.catalog.content_hashes())


@pytest.fixture(autouse=True)
def no_briefs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge_base.settings.LIBRARY", tmp_path / "no-library")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.fill()
    return made


@pytest.fixture(scope="module")
def synced_once(tmp_path_factory: pytest.TempPathFactory) -> Place:
    made = Place(tmp_path_factory.mktemp("synced"))
    made.fill()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("knowledge_base.settings.LIBRARY", made.folder / "no-library")
        made.sync()
        keep_answer(made)
    return made


@pytest.fixture
def synced(synced_once: Place, tmp_path: Path) -> Place:
    """A copy of two indexed documents; conversations are put aside, for the tests that need them to bring back."""
    shutil.copytree(synced_once.folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "data" / FILE_NAME).rename(tmp_path / FILE_NAME)
    return Place(tmp_path)


@pytest.fixture
def answered(synced: Place) -> Place:
    """The same with an answer from the bridge that is kept in a conversation, and saved."""
    (synced.folder / FILE_NAME).rename(synced.data_dir / FILE_NAME)
    return synced


def keep_answer(place: Place) -> None:
    """Ask in a conversation and save the answer, as the page does."""
    from assistant.answering import Assistant

    with Assistant.open(place.settings) as opened, ConversationStore.open(place.data_dir) as store:
        begun = store.begin("The bridge?")
        store.add_question(begun.id, "The bridge?")
        store.save_answer(store.add_answer(begun.id, opened.ask(QUESTION)))


def test_no_byte_of_a_forgotten_document_is_left(synced: Place) -> None:
    (synced.uploads / "bridge.md").write_text(SECRET + "\nIt was painted again by Zanthoryx and sons.\n")
    synced.sync()
    assert len(synced.files_with(*WORDS)) > 3
    done = forget(synced.settings, "uploads/bridge.md")
    assert synced.files_with(*WORDS) == set()
    assert (done.forgotten, done.generations, done.generation, done.originals) == (True, ["000001", "000002"], "000003", 2)
    assert done.vectors >= 3 and done.files == [str(synced.uploads / "bridge.md")]
    assert not (synced.data_dir / "forgetting").exists()


def test_what_was_read_of_pictures_goes_too(synced: Place) -> None:
    (synced.data_dir / "pictures").mkdir()
    (synced.data_dir / "pictures" / "page-1.json").write_text("the bridge")
    forget(synced.settings, "uploads/bridge.md")
    assert not (synced.data_dir / "pictures").exists()


def test_a_later_answer_to_a_saved_question_goes_too(answered: Place) -> None:
    with ConversationStore.open(answered.data_dir) as store:
        (saved,) = store.saved_answers()
        store.keep_asked_again(AskedAgain(saved.id, saved.answer, saved.saved, "000001"), is_same=False)
    forget(answered.settings, "uploads/bridge.md")
    with ConversationStore.open(answered.data_dir) as store:
        assert (len(store.saved_answers()), store.asked_again()) == (1, [])


def test_vectors_that_wait_for_a_next_run_go_too(synced: Place) -> None:
    waiting = DocumentVectors(synced.data_dir / SHARDS, sha256(SECRET.encode()).hexdigest())
    waiting.put("model@1", ["x"], np.ones((1, 2), dtype=np.float32))
    forget(synced.settings, "uploads/bridge.md")
    assert not (synced.data_dir / SHARDS).exists()


def test_the_others_still_answer_and_a_sync_finds_nothing_to_do(synced: Place) -> None:
    done = forget(synced.settings, "uploads/bridge.md")
    assert "Ada Stone" in str(synced.ask("Who founded the fish market?")["answer"])
    assert all(r["source"] == "reports/market.md" for r in synced.ask()["retrieved"])
    report = sync(synced.settings, SyncOptions())
    assert (report.generation, report.unchanged) == (done.generation, ["reports/market.md"])


def test_what_remains_needs_no_new_embedding(synced: Place) -> None:
    forget(synced.settings, "uploads/bridge.md")
    report = sync(synced.settings, SyncOptions(rebuild=True))
    assert (report.added, report.embedded) == (["reports/market.md"], 0)


def test_generations_that_never_held_it_stay(place: Place) -> None:
    (place.uploads / "bridge.md").rename(place.data_dir / "aside")
    place.sync()
    (place.data_dir / "aside").rename(place.uploads / "bridge.md")
    place.sync()
    forget(place.settings, "uploads/bridge.md")
    assert [m.id for m in list_generations(place.data_dir)] == ["000001", "000003"]


def test_its_earlier_names_are_forgotten_with_it(synced: Place) -> None:
    (synced.uploads / "bridge.md").rename(synced.uploads / "crossing.md")
    synced.sync()
    done = forget(synced.settings, "uploads/crossing.md")
    assert done.names == ["uploads/bridge.md", "uploads/crossing.md"]
    assert synced.files_with(*WORDS) == set()


def test_another_document_that_took_its_name_is_not_forgotten(synced: Place) -> None:
    (synced.uploads / "bridge.md").rename(synced.uploads / "archive.md")
    (synced.uploads / "bridge.md").write_text("# The ferry\n\nThe ferry leaves at noon.\n")
    synced.sync()
    forget(synced.settings, "uploads/archive.md")
    assert synced.sources() == {"uploads/bridge.md", "reports/market.md"}
    assert synced.files_with(*WORDS) == set()


def test_a_copy_under_another_name_stays_and_is_named(synced: Place) -> None:
    (synced.reports / "copy.md").write_text(SECRET)
    synced.sync()
    done = forget(synced.settings, "uploads/bridge.md")
    assert "reports/copy.md" in done.notices[0]
    assert synced.sources() == {"reports/copy.md", "reports/market.md"}
    assert done.originals == 0 and "Zanthoryx" in str(synced.ask()["answer"])


def test_a_file_in_a_folder_of_the_users_must_be_taken_out_first(synced: Place) -> None:
    before = hashes(synced.data_dir)
    with pytest.raises(KnowledgeBaseError) as raised:
        forget(synced.settings, "reports/market.md")
    assert str(synced.reports / "market.md") in raised.value.message and "Delete" in raised.value.remedy
    assert hashes(synced.data_dir) == before
    (synced.reports / "market.md").unlink()
    assert forget(synced.settings, "reports/market.md").forgotten
    assert synced.files_with("ada stone") == set()


def test_the_last_document_can_be_forgotten(place: Place) -> None:
    (place.reports / "market.md").unlink()
    place.sync()
    forget(place.settings, "uploads/bridge.md")
    assert place.sources() == set() and place.files_with(*WORDS) == set()
    assert place.ask()["abstained"] is True


def test_a_fetched_document_is_deleted_and_the_next_fetch_is_warned_of(place: Place) -> None:
    official = place.data_dir / "official" / "town"
    (official.parent / ".partial").mkdir(parents=True)
    (official.parent / ".partial" / "town.download").write_text(SECRET)
    official.mkdir()
    shutil.move(place.uploads / "bridge.md", official / "bridge.md")
    place.sync()
    done = forget(place.settings, "official/town/bridge.md")
    assert "fetch" in done.notices[0] and place.files_with(*WORDS) == set()


def test_a_file_that_failed_is_forgotten_too(synced: Place) -> None:
    (synced.uploads / "broken.pdf").write_bytes(b"%PDF-1.7 zanthoryx")
    synced.sync()
    done = forget(synced.settings, "uploads/broken.pdf")
    assert not (synced.uploads / "broken.pdf").exists()
    with open_generation(synced.data_dir) as generation:
        assert (generation.id, generation.catalog.failures()) == (done.generation, [])


def test_a_generation_that_cannot_be_read_goes_with_it(synced: Place) -> None:
    (synced.uploads / "new.md").write_text("# New\n\nA new ferry runs on Sundays.\n")
    synced.sync()
    catalog = synced.data_dir / "generations" / "000001" / CATALOG
    catalog.write_bytes(b"zanthoryx" + catalog.read_bytes()[9:])
    assert forget(synced.settings, "uploads/bridge.md").generations == ["000001", "000002"]
    assert synced.files_with(*WORDS) == set()


def test_evaluations_that_hold_passages_of_it_are_removed_the_others_stay(synced: Place) -> None:
    for run, source in (("a", "uploads/bridge.md"), ("b", "reports/market.md")):
        (synced.data_dir / "evaluations" / run).mkdir(parents=True)
        (synced.data_dir / "evaluations" / run / "records.jsonl").write_text(json.dumps({"source": source, "text": "x"}))
    forget(synced.settings, "uploads/bridge.md")
    assert [path.name for path in (synced.data_dir / "evaluations").iterdir()] == ["b"]


def test_test_questions_that_quote_it_go_the_others_stay(synced: Place) -> None:
    folder = synced.data_dir / "evaluations"
    folder.mkdir()
    other = json.dumps({"question": "Who?", "gold": [{"source": "reports/market.md", "quote": "Ada Stone."}]})
    quoting = json.dumps({"question": "When?", "gold": [{"source": "uploads/bridge.md", "quote": "A merchant of Zanthoryx."}]})
    (folder / "questions.jsonl").write_text(f"{other}\n{quoting}\n")
    assert plan_forgetting(synced.settings, "uploads/bridge.md").questions == 1
    assert forget(synced.settings, "uploads/bridge.md").evaluations == []
    assert (folder / "questions.jsonl").read_text() == f"{other}\n"


def test_what_killed_runs_left_behind_goes_too(synced: Place) -> None:
    for leftover in ("building/catalog.sqlite3", "uploads/.bridge.md.77.tmp"):
        (synced.data_dir / leftover).parent.mkdir(exist_ok=True)
        (synced.data_dir / leftover).write_text(SECRET)
    digest = sha256(SECRET.encode()).hexdigest()
    (synced.data_dir / "originals" / f"{digest}.tmp").write_text(SECRET[:50])
    forget(synced.settings, "uploads/bridge.md")
    assert synced.files_with(*WORDS) == set()


def test_answers_are_listed_and_stay_unless_they_are_to_go(answered: Place) -> None:
    planned = plan_forgetting(answered.settings, "uploads/bridge.md")
    assert [(a.place, a.question, a.cites) for a in planned.answers] == [
        ("saved", QUESTION, True),
        ("conversation", QUESTION, True),
    ]
    forget(answered.settings, "uploads/bridge.md")
    assert {path.partition("-")[0] for path in answered.files_with(*WORDS)} <= {"conversations.sqlite3"}


def test_with_answers_no_byte_is_left_in_the_conversations(answered: Place) -> None:
    (answered.data_dir / "conversations.damaged-1.sqlite3").write_text(SECRET)
    done = forget(answered.settings, "uploads/bridge.md", with_answers=True)
    assert (done.erased_answers, done.answers) == (2, [])
    assert answered.files_with(*WORDS) == set()


def test_no_byte_is_left_of_an_answer_that_was_deleted_before(answered: Place) -> None:
    with ConversationStore.open(answered.data_dir) as store:
        for saved in store.saved_answers():
            store.remove_saved_answer(saved.id)
        for conversation in store.conversations():
            store.delete(conversation.id)
    forget(answered.settings, "uploads/bridge.md")
    assert answered.files_with(*WORDS) == set()


def test_conversations_that_cannot_be_cleared_are_an_error(answered: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "_BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(answered.data_dir / FILE_NAME, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="is in use") as caught:
            forget(answered.settings, "uploads/bridge.md")
    assert "then forget the document again" in caught.value.remedy
    forget(answered.settings, "uploads/bridge.md", with_answers=True)
    assert answered.files_with(*WORDS) == set()


def test_an_answer_from_an_earlier_name_is_known_by_its_text(answered: Place) -> None:
    (answered.uploads / "bridge.md").rename(answered.uploads / "crossing.md")
    answered.sync()
    assert len(plan_forgetting(answered.settings, "uploads/crossing.md").answers) == 2


def test_planning_writes_nothing(synced: Place) -> None:
    before = hashes(synced.data_dir)
    planned = plan_forgetting(synced.settings, "uploads/bridge.md")
    assert (planned.forgotten, planned.generations) == (False, ["000001"])
    assert hashes(synced.data_dir) == before


STEPS = ["erase_answers", "_delete_files", "publish_without", "_remove_generation", "erase_questions", "_clean_cache"]


@pytest.mark.parametrize("step", STEPS)
def test_an_interrupted_run_is_finished_by_the_next(answered: Place, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    real = getattr(forgetting, step)

    def interrupted(*arguments: object) -> object:
        real(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(forgetting, step, interrupted)
        with pytest.raises(KeyboardInterrupt):
            forget(answered.settings, "uploads/bridge.md", with_answers=True)
    assert "reports/market.md" in answered.sources()
    forget(answered.settings, "uploads/bridge.md")
    assert answered.files_with(*WORDS) == set()
    assert answered.sources() == {"reports/market.md"}


@pytest.fixture
def held(synced: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(forgetting, "_PATIENCE", 0.1)
    handle = os.open(synced.data_dir / "generations" / "000001", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_SH)
    yield synced
    os.close(handle)


def test_a_generation_that_a_reader_holds_is_removed_all_the_same(held: Place) -> None:
    with Catalog.read(held.data_dir / "generations" / "000001" / CATALOG) as reader:
        forget(held.settings, "uploads/bridge.md")
        assert reader.document("uploads/bridge.md") is not None
    assert held.files_with(*WORDS) == set()


@pytest.mark.parametrize(
    ("source", "hint"), [("uploads/brigde.md", "uploads/bridge.md"), ("../../etc/passwd", "ingest health")]
)
def test_a_document_that_is_not_there_is_an_error_with_the_nearest(synced: Place, source: str, hint: str) -> None:
    with pytest.raises(KnowledgeBaseError, match="holds no document") as raised:
        forget(synced.settings, source)
    assert hint in raised.value.remedy


def test_nothing_is_forgotten_while_another_writes(synced: Place) -> None:
    with writer_lock(synced.data_dir), pytest.raises(LockedError):
        forget(synced.settings, "uploads/bridge.md")
    assert (synced.uploads / "bridge.md").exists()


def test_the_cache_keeps_what_the_remaining_generations_hold(synced: Place) -> None:
    with EmbeddingCache(synced.data_dir / "embeddings.sqlite3") as cache:
        before = cache.count()
    done = forget(synced.settings, "uploads/bridge.md")
    with EmbeddingCache(synced.data_dir / "embeddings.sqlite3") as cache:
        assert cache.count() == before - done.vectors > 0


def test_the_command_says_what_would_go_and_asks(library: Library) -> None:
    (library.documents / "minutes.txt").unlink()
    command = ["forget", "minutes.txt", "--data-dir", str(library.data_dir)]
    refused = ingest(*command)
    assert refused.code == 2 and "--yes" in refused.error and "generations that hold it are removed: 000001" in refused.out
    planned = ingest(*command, "--json")
    assert (planned.code, planned.json["forgotten"]) == (2, False)
    assert current_id(library.data_dir) == "000001"
    done = ingest(*command, "--yes", "--json")
    assert (done.code, done.json["forgotten"], done.json["generation"]) == (0, True, "000002")
    assert ingest(*command, "--yes").code == 2


def test_the_command_reports_in_words(library: Library) -> None:
    (library.documents / "minutes.txt").unlink()
    said = ingest("forget", "minutes.txt", "--yes", "--data-dir", str(library.data_dir)).out
    assert "minutes.txt is forgotten" in said and "Removed: 1 generations, 0 files, 1 originals" in said

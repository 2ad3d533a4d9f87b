from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from page_fixtures import QUOTE, TEXT, note, publish_documents, quoted_answer, refused_answer, register_answer
from pdf_files import Text, make_pdf

import assistant
from assistant.answering import Assistant
from assistant.answers import Answer, AnswerPart
from assistant.messages import message
from assistant.page import activity
from assistant.page.conversations import FILE_NAME, ConversationStore
from assistant.page.links import CHANGES_PAGE, CHAT_PAGE, DOCUMENTS_PAGE, SAVED_PAGE, SOURCE_PAGE, SourceLink
from assistant.page.settings import SETTINGS_VARIABLE
from assistant.page.views.chat import examples
from ingest.loaders import pdf
from knowledge_base.errors import DamagedIndexError, KnowledgeBaseError, ModelError, NoIndexError
from knowledge_base.settings import Settings

APP = Path(assistant.__file__).with_name("page") / "app.py"


class FakeAssistant:
    """Gives the answers that it was given, by question; any other question is refused."""

    notices: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.histories: list[list[Mapping[str, str]]] = []
        self.opening: KnowledgeBaseError | None = None
        self.failing: Exception | None = None

    def open(self, settings: Settings) -> FakeAssistant:
        if self.opening:
            raise self.opening
        return self

    def ask(self, question: str, history: Sequence[Mapping[str, str]] = (), mode: str = "auto") -> Answer:
        if self.failing and question != "Paris Call":
            raise self.failing
        self.histories.append(list(history))
        return self.answers.get(question) or refused_answer(question)

    def close(self) -> None:
        pass


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAssistant]:
    import streamlit

    monkeypatch.setenv(SETTINGS_VARIABLE, Settings(data_dir=tmp_path).model_dump_json())
    made = FakeAssistant()
    monkeypatch.setattr(Assistant, "open", made.open)
    publish_documents(tmp_path, [note()])
    streamlit.cache_resource.clear()
    streamlit.cache_data.clear()
    yield made
    streamlit.cache_resource.clear()
    streamlit.cache_data.clear()


def page(path: str | None = None, **query: str | list[str]):
    from streamlit.testing.v1 import AppTest

    opened = AppTest.from_file(str(APP), default_timeout=30)
    opened.query_params.update(query)
    if path:
        opened.switch_page(path)
    return opened.run()


def source_page(link: SourceLink):
    return page(SOURCE_PAGE, **link.parameters())


def shown(opened) -> str:
    """Return all HTML that the page shows, its style sheet left out."""
    assert not opened.exception, opened.exception
    return "\n".join(block.proto.body for block in opened.get("html") if not block.proto.body.startswith("<style>"))


def ask(opened, question: str):
    return opened.chat_input[0].set_value(question).run()


def labels(opened) -> list[str]:
    return [button.label for button in opened.button]


def test_the_empty_page_says_what_it_is_for_and_offers_examples(fake: FakeAssistant):
    opened = page()
    assert "Every sentence of an answer is quoted" in shown(opened)
    assert [label for label in labels(opened) if label in examples()] == examples()


def test_the_page_says_that_the_index_was_repaired(fake: FakeAssistant):
    fake.notices = ("The index is damaged: <b>. Its vectors were rebuilt.",)
    assert "The index is damaged: &lt;b&gt;. Its vectors were rebuilt." in shown(page())


def test_a_question_that_is_too_long_is_said_to_be_and_kept_in_the_box(fake: FakeAssistant):
    long = "word " * 300
    opened = ask(page(), long)
    assert "1,500 characters; up to 1,000 are read" in shown(opened) and fake.histories == [[]]
    assert opened.chat_input[0].proto.value == long
    assert "1,500 characters" not in shown(ask(opened, "How many kangaroos?")) and len(fake.histories) == 2


def test_the_first_screen_says_what_is_indexed_and_offers_the_official_texts(
    fake: FakeAssistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    started = []
    monkeypatch.setattr(activity, "start", lambda settings, action, arguments: started.append((action, arguments)))
    opened = page()
    html = shown(opened)
    assert "Paris Call for Trust and Security in Cyberspace" in html
    assert "Answers come from 1 document, 1 page. The official texts are not here yet" in html
    next(button for button in opened.button if button.label == "Fetch the official texts").click().run()
    assert started == [("fetch", ["--sync"])]
    (tmp_path / "official" / "pariscall").mkdir(parents=True)
    assert "official texts" not in shown(page()) and "Fetch the official texts" not in labels(page())


def test_a_question_is_answered_with_marks_sources_and_the_quiet_line(fake: FakeAssistant):
    fake.answers["How many principles?"] = quoted_answer()
    opened = ask(page(), "How many principles?")
    html = shown(opened)
    assert QUOTE in html and 'class="pc-mark"' in html and "quoted from 1 document, 0.04 s" in html
    assert [expander.label for expander in opened.expander] == ["**1**  A note on the Call — 2018\\-11\\-12"]
    assert any(f"{QUOTE}[1]" in code.value for code in opened.code)


def test_an_example_is_asked_with_one_click(fake: FakeAssistant):
    opened = page()
    next(button for button in opened.button if button.label == examples()[1]).click().run()
    assert f'<p class="pc-question">{examples()[1]}</p>' in shown(opened)


def test_a_follow_up_is_asked_with_what_came_before(fake: FakeAssistant):
    fake.answers["How many principles?"] = quoted_answer()
    opened = ask(page(), "How many principles?")
    ask(opened, "And who supports them?")
    assert fake.histories[-1] == [
        {"role": "user", "content": "How many principles?"},
        {"role": "assistant", "content": f"{QUOTE}[1]"},
    ]


def test_how_a_follow_up_was_read_is_shown_and_it_can_be_asked_by_itself(fake: FakeAssistant):
    read = f"{'before ' * 40}How many principles? And who supports them?"
    fake.answers["And who supports them?"] = replace(quoted_answer("And who supports them?"), standalone=read)
    opened = ask(ask(page(), "How many principles?"), "And who supports them?")
    html = shown(opened)
    assert "Read with the question and the answer before it." in html
    next(button for button in opened.button if button.label == "Ask it by itself").click().run()
    assert (fake.histories[-2] != [], fake.histories[-1]) == (True, [])


def test_a_question_with_a_typo_says_how_it_was_read(fake: FakeAssistant):
    fake.answers["How many princples?"] = replace(quoted_answer("How many princples?"), standalone="How many principles?")
    opened = ask(page(), "How many princples?")
    assert "Read as: How many principles?" in shown(opened)
    assert "Ask it by itself" not in labels(opened)


def test_an_answer_on_weak_evidence_says_so(fake: FakeAssistant):
    fake.answers["How many principles?"] = replace(quoted_answer(), is_weak=True)
    opened = ask(page(), "How many principles?")
    assert "Weak evidence." in shown(opened)
    assert sum("Weak evidence." in block.value for block in opened.get("code")) == 2  # the answer copied, and a quote alone
    fake.answers["How many principles?"] = quoted_answer()
    assert "Weak evidence." not in shown(ask(page(), "How many principles?"))


def test_a_reloaded_page_shows_the_conversation_again(fake: FakeAssistant):
    fake.answers["How many principles?"] = quoted_answer()
    opened = ask(page(), "How many principles?")
    identifier = opened.query_params["conversation"]
    assert QUOTE in shown(page(conversation=identifier))
    assert "How many principles?" in labels(page())


def test_a_conversation_that_is_gone_is_said_to_be(fake: FakeAssistant):
    assert "not kept here any more" in shown(page(conversation="gone"))


def test_a_refusal_is_calm_and_shows_the_nearest_passages_as_no_answer(fake: FakeAssistant):
    opened = ask(page(), "How many kangaroos?")
    html = shown(opened)
    assert "pc-refusal" in html and "The documents hold too little on it." in html and "not an answer" in html
    assert [expander.label for expander in opened.expander] == ["A note on the Call"]


def test_a_register_answer_shows_its_table_guarded(fake: FakeAssistant):
    fake.answers["Which companies?"] = register_answer()
    opened = ask(page(), "Which companies?")
    assert opened.dataframe[0].value.values.tolist() == [['\'=HYPERLINK("http://127.0.0.2")', "France"], ["Ada", "Japan"]]
    assert [button.label for button in opened.get("download_button")].count("Download as CSV") == 1
    assert "2 companies are in the register." in shown(opened)


def test_where_only_the_official_register_knows_more_the_way_to_it_is_a_click(fake: FakeAssistant, tmp_path: Path):
    note_of_limit = message("fr", "register.official_register")
    fake.answers["Combien ?"] = replace(register_answer("Combien ?"), text=f"81 États. {note_of_limit}")
    links = [link.proto.label for link in ask(page(), "Combien ?").get("page_link")]
    assert "Bring in the official register" in links
    (tmp_path / "official" / "pariscall").mkdir(parents=True)
    assert "Bring in the official register" not in [one.proto.label for one in ask(page(), "Combien ?").get("page_link")]


def test_a_saved_answer_is_asked_again_and_says_what_changed(fake: FakeAssistant, tmp_path: Path):
    fake.answers["How many principles?"] = quoted_answer()
    ask(page(), "How many principles?")
    with ConversationStore.open(tmp_path) as store:
        (answered,) = [message for message in store.messages(store.conversations()[0].id) if message.answer]
        store.save_answer(answered.id)
    saved = page(SAVED_PAGE)
    assert [b.label for b in saved.button if b.label == "Ask them again"] == []
    publish_documents(tmp_path, [note()], "000002")
    fake.answers["How many principles?"] = replace(quoted_answer(quote="It was launched in Paris."), generation="000002")
    saved = page(SAVED_PAGE)
    assert "1 of 1 were answered from an earlier index." in shown(saved)
    bundles = [b for b in saved.get("download_button") if b.label == "Bundle that others can verify"]
    assert len(bundles) == 2 and not any(b.proto.disabled for b in bundles)
    saved = next(button for button in saved.button if button.label == "Ask them again").click().run()
    assert "1 of 1 saved answers changed since" in shown(saved)
    assert any(expander.label.startswith("What changed since it was saved") for expander in saved.expander)
    assert f"<del>“{QUOTE}”" in shown(saved) and "<ins>“It was launched in Paris.”" in shown(saved)


def test_no_bundle_is_offered_of_a_quote_whose_page_is_nowhere(fake: FakeAssistant):
    fake.answers["How many principles?"] = replace(quoted_answer(quote="It has ten."), generation="000000")
    asked = ask(page(), "How many principles?")
    forms = {b.label: b.proto.disabled for b in asked.get("download_button") if "export-conversation" not in b.proto.id}
    assert forms.pop("Bundle that others can verify") and not any(forms.values())


def test_an_answer_is_saved_listed_and_removed(fake: FakeAssistant):
    fake.answers["How many principles?"] = quoted_answer()
    opened = ask(page(), "How many principles?")
    next(button for button in opened.button if button.label == "Save").click().run()
    assert "Saved" in labels(opened)
    saved = page(SAVED_PAGE)
    assert QUOTE in shown(saved)
    next(button for button in saved.button if button.label == "Remove it").click().run()
    assert "None yet" in shown(saved)


def test_a_question_whose_run_was_killed_can_be_asked_again(fake: FakeAssistant, tmp_path: Path):
    with ConversationStore.open(tmp_path) as store:
        begun = store.begin("How many principles?")
        store.add_question(begun.id, "How many principles?")
    fake.answers["How many principles?"] = quoted_answer()
    opened = page(conversation=begun.id)
    assert "has not been answered" in shown(opened)
    next(button for button in opened.button if button.label == "Ask it again").click().run()
    html = shown(opened)
    assert QUOTE in html and html.count('class="pc-question"') == 1 and "has not been answered" not in html


@pytest.mark.parametrize(
    "error",
    [
        NoIndexError("There is no index in d yet.", "Build one with `python -m ingest sync`."),
        DamagedIndexError("The index is damaged: x is missing.", "Repair it with `python -m ingest sync --rebuild`."),
        ModelError("The model is missing.", "Install it with `make install`."),
    ],
)
def test_an_index_or_model_that_cannot_be_opened_is_said_with_the_remedy(fake: FakeAssistant, error: KnowledgeBaseError):
    fake.opening = error
    opened = page()
    html = shown(opened)
    assert error.message in html and f"<code>{error.remedy.split('`')[1]}</code>" in html
    assert ("Nothing needs to be restarted" in html) == isinstance(error, NoIndexError)
    fake.opening = None
    fake.answers["How many principles?"] = quoted_answer()
    html = shown(ask(opened, "How many principles?"))
    assert QUOTE in html and error.message not in html


def test_a_question_that_cannot_be_answered_is_kept_and_the_error_shown(fake: FakeAssistant):
    fake.failing = KnowledgeBaseError("It cannot be answered.", "Do that.")
    opened = ask(page(), "How many principles?")
    assert "It cannot be answered." in shown(opened)
    assert "Ask it again" in labels(page(conversation=opened.query_params["conversation"]))


def test_without_an_index_the_sidebar_says_so(fake: FakeAssistant, tmp_path: Path):
    (tmp_path / "CURRENT").unlink()
    shutil.rmtree(tmp_path / "generations")
    assert "Nothing yet." in shown(page())


def test_the_sidebar_stays_when_the_page_is_run_again(fake: FakeAssistant):
    """Streamlit runs the files of a folder called `pages` by themselves, without app.py: ours must have another name."""
    opened = page().run()
    labels = [button.label for button in opened.sidebar.button]
    own = ["New conversation", "Saved answers", "Documents", "Evaluation"]
    assert labels == [*own, "Search", "Coverage", "Check a draft", "Side by side", "Timeline", "Supporters"]


def test_the_sidebar_says_what_is_indexed(fake: FakeAssistant):
    html = shown(page())
    assert "<li>1 document</li>" in html and "generation 000001" in html


def test_damaged_conversations_are_renamed_with_a_notice(fake: FakeAssistant, tmp_path: Path):
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 1000)
    assert "It was renamed to conversations.damaged-" in shown(page())


def test_a_text_source_shows_the_quote_marked(fake: FakeAssistant):
    start = TEXT.index(QUOTE)
    html = shown(source_page(SourceLink("notes/call.md", None, ((start, start + len(QUOTE)),), conversation="c")))
    assert f"<mark>{QUOTE}</mark>" in html and "A note on the Call" in html and "2018-11-12 · MARKDOWN · en" in html


def test_beside_a_source_stands_the_answer_that_quotes_it_with_that_mark_highlighted(fake: FakeAssistant, tmp_path: Path):
    answer = quoted_answer()
    second = replace(answer.citations[0], number=2, start=0, end=5, quote=TEXT[:5])
    answer = replace(answer, parts=(*answer.parts, AnswerPart(TEXT[:5], (2,))), citations=(*answer.citations, second))
    with ConversationStore.open(tmp_path) as store:
        begun = store.begin("How many principles?")
        store.add_question(begun.id, "How many principles?")
        store.add_answer(begun.id, answer)
    opened = source_page(SourceLink.to_citations(answer.citations[:1], "000001", begun.id))
    html = shown(opened)
    assert 'class="pc-question">How many principles?' in html and f"<mark>{QUOTE}</mark>" in html
    assert html.count('aria-current="true"') == 1 and 'aria-label="Source 1' in html.partition('aria-current="true"')[2][:120]
    assert "pc-question" not in shown(source_page(SourceLink("notes/call.md", None, ((3, 9),), conversation=begun.id)))


def test_where_an_official_document_was_published_is_said_and_copied(fake: FakeAssistant, tmp_path: Path):
    listed = '[[source]]\nname = "reports"\nfiles_url = "https://page.example/files/"\n'
    (tmp_path / "sources.toml").write_text(listed, encoding="utf-8")
    publish_documents(tmp_path, [note(source="official/reports/call one.md")], "000002")
    html = shown(source_page(SourceLink("official/reports/call one.md", generation="000002")))
    assert 'Published at <a href="https://page.example/files/call%20one.md"' in html
    cited = replace(quoted_answer().citations[0], source="official/reports/call one.md")
    fake.answers["How many principles?"] = replace(quoted_answer(), citations=(cited,), generation="000002")
    asked = ask(page(), "How many principles?")
    copied = [block.value for block in asked.get("code")]
    assert sum("(official/reports/call one.md, https://page.example/files/call%20one.md)" in text for text in copied) == 2


def test_a_quote_that_does_not_stand_there_any_more_is_not_marked(fake: FakeAssistant):
    html = shown(source_page(SourceLink("notes/call.md", None, ((0, 5),), check="0123456789abcdef")))
    assert "has changed since it was quoted" in html and "<mark>" not in html


@pytest.mark.parametrize("source", ["", "gone.md", "../../etc/passwd"])
def test_a_source_that_is_not_there_is_said_to_be_missing(fake: FakeAssistant, source: str):
    html = shown(page(SOURCE_PAGE, source=source))
    assert "names no document" in html or "holds no such document" in html


def put_pdf(data_dir: Path, *, with_original: bool) -> SourceLink:
    data = make_pdf([[Text(60, 700, f"Page {number} speaks of trust.")] for number in (1, 2, 3)], roman_pages=1)
    document = pdf.load(data, "a.pdf")
    publish_documents(data_dir, [document], "000002")
    if with_original:
        (data_dir / "originals").mkdir()
        (data_dir / "originals" / sha256(data).hexdigest()).write_bytes(data)
    start = document.pages[1].text.index("Page 2")
    return SourceLink("a.pdf", 2, ((start, start + 6),), "000002", "conv")


def test_a_pdf_whose_original_is_gone_shows_its_text_and_says_why(fake: FakeAssistant, tmp_path: Path):
    opened = source_page(put_pdf(tmp_path, with_original=False))
    html = shown(opened)
    assert "The original file is no longer kept" in html and "<mark>Page 2</mark>" in html
    assert not opened.get("image")


def test_the_page_imports_no_model_library_before_it_is_painted():
    """What app.py and the chat page import on the way to the first paint must stay light."""
    import subprocess
    import sys

    script = (
        "import sys; import assistant.__main__, assistant.page.app, assistant.page.views.chat, assistant.page.views.source\n"
        "import assistant.page.views.saved, assistant.page.views.documents, assistant.page.views.changes\n"
        "heavy = {'altair', 'torch', 'sentence_transformers', 'openvino', 'chromadb', 'pypdfium2', 'pypdf', 'lingua', 'pandas',"
        " 'numpy', 'assistant.answering'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_every_page_that_links_name_is_there():
    assert all((APP.parent / path).is_file() for path in (CHAT_PAGE, SOURCE_PAGE, SAVED_PAGE, DOCUMENTS_PAGE, CHANGES_PAGE))

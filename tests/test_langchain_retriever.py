from __future__ import annotations

import subprocess
import sys

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough
from libraries import Library
from pydantic import ValidationError

from knowledge_base.models.embeddings import Embedder
from knowledge_base.search.langchain_retriever import PassageRetriever
from knowledge_base.search.retrieval import HybridRetriever
from knowledge_base.store.generations import open_generation

QUESTION = "What does it cost to replace a pier?"


def test_documents_carry_passages_with_their_place_and_score(shared_library: Library, embedder: Embedder) -> None:
    with open_generation(shared_library.data_dir) as generation:
        retriever = HybridRetriever(generation, embedder)
        documents = PassageRetriever(retriever=retriever, top_k=2).invoke(QUESTION)
        found = retriever.retrieve(QUESTION, 2)
    assert [(d.id, d.page_content) for d in documents] == [(r.passage.id, r.passage.text) for r in found]
    best = found[0].passage
    assert documents[0].metadata == {
        "source": "survey.pdf",
        "title": "Survey of the piers",
        "page": 2,
        "start": best.start,
        "end": best.end,
        "score": pytest.approx(found[0].score),
    }


def test_it_works_in_a_chain(shared_library: Library, embedder: Embedder) -> None:
    asked: list[str] = []

    def told(prompt: object) -> object:
        asked.append(str(prompt))
        return prompt

    model = GenericFakeChatModel(messages=iter([AIMessage("Ninety thousand crowns.")]))
    prompt = ChatPromptTemplate.from_messages([("human", "{context}\n\n{question}")])
    with open_generation(shared_library.data_dir) as generation:
        retriever = PassageRetriever(retriever=HybridRetriever(generation, embedder), top_k=1)
        context = retriever | (lambda documents: "\n".join(d.page_content for d in documents))
        chain = {"context": context, "question": RunnablePassthrough()} | prompt | told | model | StrOutputParser()
        assert chain.invoke(QUESTION) == "Ninety thousand crowns."
    assert "Replacing a rotten pier costs ninety thousand crowns." in asked[0]


def test_a_top_k_of_nothing_is_refused(shared_library: Library, embedder: Embedder) -> None:
    with open_generation(shared_library.data_dir) as generation, pytest.raises(ValidationError, match="top_k"):
        PassageRetriever(retriever=HybridRetriever(generation, embedder), top_k=0)


def test_langchain_is_not_on_the_way_of_a_question() -> None:
    script = "import sys, assistant.__main__, ingest.__main__; sys.exit('langchain_core' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0

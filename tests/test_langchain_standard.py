"""LangChain's own tests of retrievers, on ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from libraries import Library

from knowledge_base.models.embeddings import Embedder
from knowledge_base.search.langchain_retriever import PassageRetriever
from knowledge_base.search.retrieval import HybridRetriever
from knowledge_base.store.generations import open_generation

standard = pytest.importorskip("langchain_tests.integration_tests", reason="langchain-tests is not installed")


@pytest.fixture(scope="module")
def searched(shared_library: Library, embedder: Embedder) -> Iterator[HybridRetriever]:
    with open_generation(shared_library.data_dir) as generation:
        yield HybridRetriever(generation, embedder)


@pytest.mark.anyio
class TestPassageRetriever(standard.RetrieversIntegrationTests):
    """The retriever over the documents of tests/data."""

    @pytest.fixture(autouse=True)
    def use(self, searched: HybridRetriever) -> None:
        self.searched = searched

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    @property
    def retriever_constructor(self) -> type[PassageRetriever]:
        return PassageRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"retriever": self.searched}

    @property
    def retriever_query_example(self) -> str:
        return "What does it cost to replace a pier?"

    @property
    def num_results_arg_name(self) -> str:
        return "top_k"

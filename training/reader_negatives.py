"""Hard wrong passages of each question, by the words that it shares with them."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import numpy as np

from training.reader_groups import Negatives
from training.reader_sources import ReaderData, TrainingQuestion

INSIDE = 12  # of the same document
OUTSIDE = 12
_LOOKED_AT = 40
_AT_ONCE = 500


def hard_negatives(data: ReaderData) -> list[Negatives]:
    """Return for each question passages of its own document, and of others in its language, hardest first.

    None holds one of its answers.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(sublinear_tf=True, token_pattern=r"(?u)\b\w+\b", strip_accents="unicode", max_df=0.2)
    passages = vectorizer.fit_transform([f"{p.heading} {p.text}" for p in data.passages]).tocsr()
    questions = vectorizer.transform([question.text for question in data.questions]).tocsr()
    texts = [f" {_plain(passage.text)} " for passage in data.passages]
    of_document: dict[str, list[int]] = defaultdict(list)
    of_language: dict[str, list[int]] = defaultdict(list)
    for number, passage in enumerate(data.passages):
        of_document[passage.document].append(number)
        of_language[passage.language].append(number)
    found: list[Negatives] = [((), ())] * len(data.questions)
    for language, numbers in of_language.items():
        asked = [number for number, question in enumerate(data.questions) if question.language == language]
        columns = passages[numbers].T.tocsr()
        for start in range(0, len(asked), _AT_ONCE):
            part = asked[start : start + _AT_ONCE]
            for number, scores in zip(part, (questions[part] @ columns).toarray(), strict=True):
                question = data.questions[number]
                nearest = np.argpartition(-scores, _LOOKED_AT)[:_LOOKED_AT]
                near = [numbers[i] for i in nearest[np.argsort(-scores[nearest])] if scores[i] > 0]
                outside = [i for i in near if data.passages[i].document != question.document]
                inside = _by_score(questions[number], passages, of_document.get(question.document, []))
                found[number] = _wrong(question, inside, texts)[:INSIDE], _wrong(question, outside, texts)[:OUTSIDE]
    return found


def _by_score(question: Any, passages: Any, numbers: list[int]) -> list[int]:
    scores = (question @ passages[numbers].T).toarray()[0] if numbers else np.empty(0)
    return [numbers[i] for i in np.argsort(-scores)]


def _wrong(question: TrainingQuestion, numbers: list[int], texts: list[str]) -> list[int]:
    """Return the passages that are neither the question's own nor hold one of its answers."""
    answers = [f" {plain} " for answer in question.answers if len(plain := _plain(answer)) > 1]
    own = {question.passage, *question.others}
    return [n for n in numbers if n not in own and not any(answer in texts[n] for answer in answers)]


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))

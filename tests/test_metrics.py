from __future__ import annotations

import pytest
from evaluation_fixtures import LAMP, LAMP_GOLD, SIGNED, SIGNED_GOLD, SOURCE, FakeText, item, quoting, refusing, unanswerable

from assistant.answers import AnswerPart, Citation
from assistant.evaluation.metrics import gold_citations, gold_ranks, grounding, is_right, retrieval, score, stated_facts

TEXT = FakeText(SIGNED, LAMP)
OTHER = "It asks every town to keep its signal codes honest."


def test_an_answer_is_right_with_every_fact_and_nothing_wrong():
    assert is_right(item(), quoting(SIGNED))
    assert not is_right(item(), quoting("It was signed on 4 March 2021."))
    assert not is_right(item(must_not_include=("Brightwater",)), quoting(SIGNED))
    assert stated_facts(item(), quoting("It was signed on 4 March 2021.")) == [True, False]


def test_a_refusal_states_nothing_whatever_its_words():
    assert stated_facts(item(), refusing(text=SIGNED)) == [False, False]


def test_what_cannot_be_answered_is_right_when_refused_or_corrected_where_that_counts():
    trap = unanswerable(accept_correction=True, must_include=(("did not withdraw",),))
    assert is_right(unanswerable(), refusing()) and not is_right(unanswerable(), quoting(SIGNED))
    assert is_right(trap, quoting("The town did not withdraw.")) and not is_right(trap, quoting(SIGNED))
    assert not is_right(unanswerable(accept_correction=True), quoting(SIGNED))


@pytest.mark.parametrize(
    ("asked", "answer", "expected"),
    [
        (item(), quoting(SIGNED), {"utility": (1, 1), "strict": (1, 1), "facts": (1, 1), "false_refused": (0, 1)}),
        (item(), quoting(LAMP), {"utility": (-1, 1), "strict": (0, 1), "facts": (0, 1), "gold": (0, 1), "covered": (0, 1)}),
        (item(), refusing(), {"utility": (0, 1), "strict": (0, 1), "false_refused": (1, 1), "refusal_precision": (0, 1)}),
        (unanswerable(), refusing(), {"utility": (1, 1), "refused": (1, 1), "refusal_precision": (1, 1)}),
        (unanswerable(), quoting(LAMP), {"utility": (-1, 1), "refused": (0, 1), "valid": (1, 1)}),
    ],
)
def test_each_outcome_scores_as_it_is_defined(asked, answer, expected: dict):
    found = score(asked, answer, TEXT)
    assert {name: found[name] for name in expected} == expected


def test_a_refusal_scores_no_citation_no_sentence_and_no_words():
    assert not {"valid", "gold", "covered", "supported", "relevant", "words"} & score(item(), refusing(), TEXT).keys()


def test_a_citation_is_valid_where_its_quote_stands():
    assert score(item(), quoting(SIGNED, OTHER), TEXT)["valid"] == (1, 2)


def test_gold_counts_citations_and_covered_counts_gold_quotes():
    both = item(gold=(SIGNED_GOLD, LAMP_GOLD))
    assert gold_citations(both, quoting(SIGNED, OTHER)) == {"gold": (1, 2), "covered": (1, 2)}
    assert gold_citations(both, quoting(SIGNED, SIGNED, LAMP)) == {"gold": (3, 3), "covered": (2, 2)}
    assert gold_citations(item(gold=(), category="register"), quoting(SIGNED)) == {}


def test_a_sentence_is_backed_by_what_it_cites_and_a_citation_needed_where_it_holds_it_up():
    quotes = [Citation(1, SOURCE, "Charter", None, 0, 9, SIGNED), Citation(2, SOURCE, "Charter", None, 0, 9, LAMP)]

    def counted(*parts: AnswerPart):
        return grounding(quoting(citations=tuple(quotes), parts=parts))

    assert counted(AnswerPart(SIGNED, (1,))) == {"supported": (1, 1), "relevant": (1, 1)}
    assert counted(AnswerPart(SIGNED, (1, 2))) == {"supported": (1, 1), "relevant": (1, 2)}
    assert counted(AnswerPart(f"{SIGNED} {LAMP}", (1, 2))) == {"supported": (1, 1), "relevant": (2, 2)}
    assert counted(AnswerPart(OTHER, (1,))) == {"supported": (0, 1), "relevant": (0, 1)}
    assert counted(AnswerPart(OTHER, ()), AnswerPart("Two towns:", (), "note")) == {"supported": (0, 1), "relevant": (0, 0)}


def test_what_is_computed_from_the_register_is_not_looked_for_in_quotes():
    assert grounding(quoting("14 towns.", mode="register")) == {}


def test_retrieval_is_scored_by_the_first_passage_that_covers_each_gold_quote():
    asked = item(gold=(SIGNED_GOLD, LAMP_GOLD))
    answer = quoting(SIGNED, retrieved=[OTHER, SIGNED, SIGNED])
    assert gold_ranks(asked, answer) == [2, None]
    found = retrieval(asked, answer)
    assert [found[f"recall@{k}"] for k in (1, 5, 10)] == [(0, 1), (0.5, 1), (0.5, 1)]
    assert [found[f"hit@{k}"] for k in (1, 5, 10)] == [(0, 1), (1, 1), (1, 1)]
    assert found["mrr"] == (0.5, 1)


def test_retrieval_is_not_scored_for_the_register_nor_where_there_is_no_answer():
    assert "recall@1" not in score(item(category="register"), quoting(SIGNED), TEXT)
    assert "recall@1" not in score(unanswerable(), refusing(), TEXT)

"""The parts of a question that asks for several things, each of which needs evidence of its own."""

from __future__ import annotations

import re

from knowledge_base.language.words import content_words, question_language

MOST_PARTS = 3
_QUESTION_WORD = r"(?:what|which|who|whom|whose|when|where|why|how|quel(?:le)?s?|qui|quand|où|combien|comment|pourquoi|qu'\w+)"
_ASKS = (
    r"(?:(?:in|by|on|for|of|to|at|from|with|under|à|de|par|pour|dans|sur|avec) )?"
    rf"(?:{_QUESTION_WORD}|do|does|did|is|are|was|were)\b"
)
_ASIDE = r"[^,]{1,40}, (?:is|are|was|were|has|have|est|sont|a|ont)\b"  # "Which case, and of what year, is ..." asks one thing
_BOUNDARY = re.compile(
    rf"(?:[,;]\s*|\s+)(?:and|et|but|mais|while|tandis que)\s+(?!{_ASIDE})(?={_ASKS})|[;?]\s+(?={_ASKS})", re.IGNORECASE
)
_LEAD = re.compile(rf"^(?P<lead>[^:?]{{3,80}}):\s+(?={_ASKS})", re.IGNORECASE)


def parts_of(question: str) -> list[str]:
    """Return the parts of a question that each ask for something, those that a colon introduces after what introduces them.

    A question that asks for one thing comes back alone, as does one with a part that holds no word to search for ("and when?").
    """
    straight = question.replace("’", "'").strip()
    lead = _LEAD.match(straight)
    body = straight[lead.end() :] if lead else straight
    pieces = [piece.strip(" ,;?.") for piece in _BOUNDARY.split(body)]
    language = question_language(question)
    if not 1 < len(pieces) <= MOST_PARTS or not all(content_words(piece, language) for piece in pieces):
        return [question]
    return [f"{lead['lead']}: {piece}" if lead else piece for piece in pieces]

"""Reading a question on the supporters' register: a typed filter and what is to be done with it, or None.

Precision comes from coverage: what is said around a question is taken off, and the rest is one on the register only if the
vocabulary knows every word of it, or an unknown one stands where it changes nothing, and one of them speaks of supporting, of
supporters or of the register; or if it asks of one name whether or when it signed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant.register.asked import RegisterQuestion
from assistant.register.names import is_name, named_question
from assistant.register.rules import doubtful, measured
from assistant.register.slots import STATE, Token, filter_of, has, tokens
from knowledge_base.language.words import question_language

_I = r"(?:i|we|je|nous|j['\s])"
_WISH = (
    r"(?:'d|\s+would)?\s*(?:like|love|want|need|wish|have|hope|am\s+trying|'m\s+trying|are\s+trying"
    r"|aimerais|aimerions|voudrais|voudrions|veux|voulons|souhaite|souhaiterais|souhaitons|cherche|cherchons|besoin\s+de)"
)
_LEARN = r"(?:know|learn|see|find\s+out|check|establish|determine|hear|work\s+out|savoir|conna[iî]tre|vérifier)"
_GET = r"(?:(?:to\s+)?(?:have|get|obtain|see)|avoir|obtenir)"
_WRITING = (
    r"(?:article|paper|essay|thesis|report|story|class|course|project|presentation|speech|blog|newsletter|research|homework)"
)
_MORE_WRITING = r"(?:assignment|study|briefing|note|memo|dissertation|mémoire|exposé|dossier|étude|rapport|cours|journal)"
# Each is taken off the beginning, again and again; what stands for it is what it asks to do.
_OPENINGS = tuple(
    (re.compile(rf"^{pattern}", re.IGNORECASE), stands)
    for pattern, stands in (
        (r"(?:hello|hi|hey|bonjour|bonsoir|good\s+(?:morning|afternoon|evening))(?:\s+there)?\s*[,.!:]\s*", ""),
        (r"(?:so|well|ok|okay|now|please|kindly|just|alors|donc|svp|s'il\s+(?:vous|te)\s+pla[iî]t)\b\s*[,:]?\s+", ""),
        (r"(?:(?:just\s+)?(?:a\s+)?quick\s+(?:one|question|check)|(?:just\s+)?(?:curious|checking|wondering|to\s+be\s+sure)"
         r"|out\s+of\s+(?:curiosity|interest)|one\s+more\s+(?:thing|question)|(?:une\s+)?(?:petite\s+|simple\s+)?question"
         r"(?:\s+rapide)?|par\s+curiosité)\s*[,.:;–-]+\s*", ""),
        (rf"(?:for|pour)\s+(?:an?|my|our|some|une?|mon|ma|notre)\s+(?:[\w-]+\s+){{0,3}}?(?:{_WRITING}|{_MORE_WRITING})\b[^,:?.]{{0,60}}"
         r"[,:]\s*", ""),
        (r"(?:can|could|would|will)\s+you\s+(?:please\s+|kindly\s+|perhaps\s+)?", ""),
        (r"(?:pouvez-vous|peux-tu|pourriez-vous|pourrais-tu|(?:est-ce\s+que\s+)?(?:vous\s+pouvez|tu\s+peux))\s+", ""),
        (r"(?:is\s+it|would\s+it\s+be)\s+possible\s+to\s+", ""),
        (r"(?:tell|inform|remind)\s+(?:me|us)[,:]?\s+(?!about\b)", ""),
        (r"let\s+(?:me|us)\s+know[,:]?\s+", ""),
        (r"(?:dis-moi|dites-moi|dites-nous|me\s+dire|nous\s+dire|m'indiquer|indiquez-moi|dire)[,:]?\s+(?:si\s+)?", ""),
        (rf"{_I}{_WISH}\s+(?:to\s+|d'\s*|de\s+)?(?:(?:be\s+able|try)\s+to\s+)?{_LEARN}\s*,?\s+(?!about\b)", ""),
        (rf"{_I}(?:'m|\s+am|\s+was|\s+were|'re|\s+are)?\s*(?:curious|wonder(?:ing)?|interested\s+in\s+knowing|me\s+demande)"
         r"(?:\s+to\s+know)?\s*,?\s+(?!about\b)", ""),
        (r"(?:do|would|does)\s+(?:you|we|anyone)\s+(?:happen\s+to\s+)?know\s+|any\s+idea\s+|(?:savez-vous|sais-tu)\s+", ""),
        (rf"{_I}{_WISH}\s+(?:{_GET}\s+)?(?=(?:the|a|an|all|every|le|la|les|une?)\b)", "give me "),
        (rf"{_I}(?:'m|\s+am|'re|\s+are)\s+(?:looking\s+for|after)\s+", "give me "),
        (r"(?:me|nous|m')\s*(?:donner|lister|citer|montrer)\s+", "donne "),
        (r"(?:is\s+it\s+(?:true|correct|right|the\s+case)|am\s+i\s+(?:right|correct)(?:\s+in\s+thinking)?"
         r"|est-il\s+(?:vrai|exact))\s+(?:that\s+|que\s+)", "whether "),
    )
)  # fmt: skip
_ENDINGS = tuple(
    re.compile(rf"{pattern}$", re.IGNORECASE)
    for pattern in (
        r"[\s,;.–-]+(?:please|thanks|thank\s+you|many\s+thanks|merci(?:\s+d'avance|\s+beaucoup)?|svp"
        r"|s'il\s+(?:vous|te)\s+pla[iî]t|if\s+(?:you\s+can|you\s+know|possible)|for\s+(?:me|us)|do\s+you\s+know)",
        r"[\s,;–-]+(?:and|et)\s+(?:how\s+many\s+(?:is|are|was|were)\s+(?:that|it|they|those|these|there)(?:\s+of\s+(?:them|these"
        r"|those))?|(?:with\s+)?how\s+many(?:\s+(?:does\s+it|do\s+they|has\s+it|have\s+they)(?:\s+have|\s+got)?|\s+exactly)?"
        r"|(?:what\s+is|what's|give)\s+(?:the|its|their)\s+(?:number|figure|total|count|score)|by\s+how\s+(?:much|many)"
        r"|(?:avec\s+)?combien(?:\s+(?:est-ce|cela\s+fait-il|ça\s+fait|en\s+(?:a|compte)-t-il|y\s+en\s+a-t-il|en\s+tout))?)",
        r"[,;.]\s*(?:and\s+)?(?:just\s+)?(?:a|one|the)\s+(?:rough\s+|round\s+|exact\s+)?(?:number|figure)"
        r"(?:\s+(?:is\s+(?:fine|enough)|will\s+do|only|suffices))?",
    )
)
_BY_THE_RECORDS = re.compile(
    r"\b(?:according\s+to|based\s+on|as\s+per|per|going\s+by|judging\s+by|by|in|from|d'après|selon|dans)\s+(?:your|vos|votre)\s+"
    r"(?:own\s+|official\s+)?(?:records?|data|database|books|files|register|list|lists|registre|données|base|liste)\b",
    re.IGNORECASE,
)
_ABOUT_THE_ASKER = re.compile(
    r"^(?:i|i'm|we|we're|my|our|je|j'|nous|mon|ma|notre|hello|hi|bonjour)\b[^?]*[.!]\s+(?=\S)", re.IGNORECASE
)


def plain(question: str) -> str:
    """Return a question without quotation marks and final punctuation, its apostrophes straight."""
    text = re.sub(r"[’‘`]", "'", question)
    text = re.sub(r"[“”«»\"]", " ", text)
    return re.sub(r"\s+", " ", text).strip(" ?!.:;")


def unframed(text: str) -> str:
    """Return a plain question without what is said around it; the whole where nothing would be left."""
    bare = _BY_THE_RECORDS.sub(" in the register ", _ABOUT_THE_ASKER.sub("", text))
    for ending in _ENDINGS:
        bare = ending.sub("", bare).rstrip(" ,;?!.")
    before = None
    while before != bare:
        before = bare
        for opening, stands in _OPENINGS:
            bare = opening.sub(stands, bare)
    return plain(bare) if tokens(bare, typos=False) else text


_CLAUSES = re.compile(
    r"[.?!;]+\s+|[,\s]+(?:and|et)\s+|\s+(?:compare[ds]?\s+(?:with|to)|comparer?\s+(?:à|avec|au)|differ\s+from)\s+",
    re.IGNORECASE,
)
_SENTENCES = re.compile(r"[.?!;]+\s+")
_CALL = re.compile(r"\bparis call\b", re.IGNORECASE)


def parse(question: str, history: Sequence[str] = ()) -> RegisterQuestion | None:
    """Read `question`; `history` are the questions that the same person asked before, the last one last."""
    text = unframed(plain(question))
    if history and _CALL.search(history[-1]):
        text = re.sub(r"\bit\b", "the Paris Call", text)
    language = question_language(question)
    return _whole(text, language) or _followup(text, history, language) or _mixed(question, language)


def _whole(text: str, language: str) -> RegisterQuestion | None:
    return _named(text, language) or measured(text, language)


# Questions on one name


def _named(text: str, language: str) -> RegisterQuestion | None:
    found = named_question(text)
    if not found:
        return None
    asked = RegisterQuestion(found.operation, language, name=found.name)
    read = tokens(found.name, typos=False)
    if not all(token.is_known and token.number is None for token in read):
        return None if _is_many(read, found.name) else asked
    asked = replace(asked, ambiguous=doubtful(read))
    if _is_a_kind(read):
        wanted = filter_of(read)
        if not wanted.kinds and not has(read, "supporter", "neutral"):
            wanted = replace(wanted, kinds=(STATE,))  # "any of the G7"
        return replace(asked, operation="exists", filters=(wanted,)) if found.operation == "check" else None
    places = tuple(token.places[0] for token in read if len(token.places) == 1)
    if places or asked.ambiguous:
        announced = asked.operation == "joined" and any(place.is_group for place in places)
        return replace(asked, places=places, also_text=announced)  # the documents tell when the EU did
    return None if has(read, "supporter", "neutral") or any(token.kind for token in read) else asked


def _is_many(read: list[Token], name: str) -> bool:
    """Say whether some of a kind that the register does not know are named: "tech companies", "any banks from Kenya"."""
    if has(read[:1], "any") or name.lower().startswith(("anyone", "someone", "everyone")):
        return True
    return name.islower() and any(token.kind and token.is_plural for token in read)


def _is_a_kind(read: list[Token]) -> bool:
    """Say whether a kind of supporter is named, not one supporter: "any Cuban organisation", "a Ghanaian university"."""
    kinds = [token for token in read if token.kind]
    groups = any(place.is_group for token in read for place in token.places)
    is_any = has(read, "any") and bool(kinds or groups or has(read, "supporter", "neutral"))
    others = any(token.kind != STATE for token in kinds)
    is_one = (others or has(read, "supporter")) and any(token.places for token in read)
    return is_any or is_one or any(token.is_plural for token in kinds if token.kind != STATE)


# Follow-ups and mixed questions


def _followup(text: str, history: Sequence[str], language: str) -> RegisterQuestion | None:
    """Read "and in France?" with the question before it."""
    before = parse(history[-1], history[:-1]) if history else None
    read = tokens(text)
    if not before or not read or "followup" not in read[0].roles:
        return None
    if before.operation in {"check", "absence", "withdrawal", "joined"}:
        name = text[_length_of(read[0], text) :].strip(" ,")
        asked_again = f"when did {name} sign" if before.operation == "joined" else f"did {name} sign"
        return _named(asked_again, language) if is_name(name) else None
    wanted = filter_of(read[1:])
    if not all(token.is_known for token in read) or wanted.is_open or before.operation not in {"count", "list", "exists"}:
        return None
    earlier = before.filters[0]
    changed = replace(earlier, kinds=wanted.kinds or earlier.kinds, places=wanted.places or earlier.places)
    return replace(before, language=language, filters=(changed,), ambiguous=doubtful(read))


def _length_of(token: Token, text: str) -> int:
    found = re.match(r"\W*" + r"\W+".join(r"\w+" for _ in token.text.split()), text)
    return found.end() if found else 0


def _mixed(question: str, language: str) -> RegisterQuestion | None:
    """Read the part of a question that the register answers, where the rest is for the documents."""
    for pattern in (_SENTENCES, _CLAUSES):
        parts = [unframed(plain(part)) for part in pattern.split(question)]
        for part in parts if len(parts) > 1 else ():
            asked = _whole(part, language)
            if asked and (asked.counted or asked.operation in {"check", "exists", "joined"}) and _speaks_of_it(part):
                return replace(asked, also_text=True)
    return None


def _speaks_of_it(part: str) -> bool:
    return has(tokens(part), "register", "supporter", "act")

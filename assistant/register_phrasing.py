"""Taking off what stands around a question on the register: greetings, requests, reasons, afterthoughts."""

from __future__ import annotations

import re

from assistant.register_words import tokens

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

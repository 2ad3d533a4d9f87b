"""Questions on one name: did X sign, when, is X on the list, why did X withdraw; what the name is, in English and French."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from knowledge_base.language.dates import interval

NameQuestion = Literal["check", "absence", "joined", "withdrawal"]

_CALL = r"(?:(?:the\s+|this\s+)?(?:paris\s+)?call(?:\s+for\s+trust\s+and\s+security\s+in\s+cyberspace)?)"
_LIST = (
    r"(?:(?:the|its|your)\s+(?:official\s+|paris\s+call\s+|supporters?'?s?\s+|whole\s+)*(?:register|registry|list|roster|database)"
    r"(?:\s+of\s+(?:supporters|signatories|(?:supporting\s+|signatory\s+)?(?:states|countries)))?)"
)
_RANKS = r"(?:(?:the\s+)?(?:ranks\s+of\s+)?(?:the\s+|its\s+)?(?:supporters|signatories))"
_OBJECT = rf"(?:\s+(?:{_CALL}|{_LIST}|{_RANKS}(?:\s+(?:of|to)\s+{_CALL})?))"
_OF_CALL = rf"(?:\s+(?:of|to|for|in)\s+{_CALL})?"
_UP_TO = r"(?:\s+(?:up|on|onto|to|for|with))*"
_SIGN = rf"(?:sign(?:ed|s)?|join(?:ed|s)?|endorse[ds]?|adhere[ds]?|subscribe[ds]?|accede[ds]?){_UP_TO}"
_ABOARD = r"(?:(?:come|came|gone?|got)\s+(?:on\s+board|aboard)|come\s+in|opted\s+in)"
_LENDS = r"(?:put|lent|lend|add(?:ed)?)\s+(?:its|their|his|her)\s+(?:names?|support|signatures?|weight)\s+(?:to|under|behind)"
_BACK = rf"(?:support(?:ed|s)?|back(?:ed|s)?|st(?:an|oo)ds?\s+behind|{_LENDS})"
_ACT = rf"(?:{_SIGN}{_OBJECT}?|{_ABOARD}(?:\s+with{_OBJECT})?|{_BACK}{_OBJECT})"
_ADVERBS = (
    r"(?:(?:ever|not|also|first|finally|initially|originally|officially|formally|already|yet|actually|really|still|currently"
    r"|now)\s+)*"
)
_PEOPLE = r"(?:supporters?|signator(?:y|ies)|members?|backers?|endorsers?|adherents?|part(?:y|ies))"
_BEING = (
    rf"(?:(?:an?\s+)?(?:official\s+|state\s+|listed\s+|current\s+)?{_PEOPLE}{_OF_CALL}"
    rf"|(?:one\s+of|among|amongst)\s+(?:the\s+)?(?:official\s+)?{_PEOPLE}{_OF_CALL}|(?:a\s+)?part\s+of\s+{_CALL}"
    rf"|(?:listed|included|found|mentioned|registered|present|recorded)?\s*(?:on|in)\s+{_LIST}{_OF_CALL}"
    rf"|an?\s+(?:signatory|supporting|supporter)\s+(?:state|country|government|nation)(?:{_OF_CALL})"
    rf"|(?:one\s+of|among)\s+the\s+(?:states|countries|governments|nations|companies|supporters|organi[sz]ations|entities)\s+(?:that|which"
    rf"|who)\s+(?:have\s+)?(?:{_ACT})"
    rf"|on\s+board(?:\s+with\s+{_CALL})?|listed|registered|signed\s+up(?:\s+(?:to|for)\s+{_CALL})?"
    rf"|listed\s+as\s+(?:an?\s+)?(?:official\s+)?{_PEOPLE}{_OF_CALL})"
)
_END = r"(?:\s+(?:yet|already|too|as\s+well|or\s+not|officially|now|at\s+all|anymore))?\s*$"
_NAME = r"(?P<name>\S.*?)"
_LEAVE = (
    r"(?:withdr(?:a|e)w(?:n|s|ing)?|lea?ve?s?|left|leaving|quit(?:s|ting)?|exit(?:ed|s)?|resign(?:ed)?"
    r"|(?:pull|drop|back)(?:p?ed)?\s+out)"
)

_ENGLISH = (
    rf"(?:did|does|do|has|have|had|didn't|doesn't|don't|hasn't|haven't)\s+{_NAME}\s+{_ADVERBS}{_ACT}{_END}",
    rf"(?:is|are|was|were|isn't|aren't)\s+{_NAME}\s+{_ADVERBS}{_BEING}{_END}",
    rf"(?:has|have)\s+{_NAME}\s+{_ADVERBS}(?:become|been)\s+{_BEING}{_END}",
    rf"(?:does|do)\s+{_NAME}\s+{_ADVERBS}(?:appear|figure|feature|belong|stand)\s+(?:on|in|to|among)"
    rf"\s+(?:{_LIST}|{_CALL}|(?:the\s+)?{_PEOPLE}){_OF_CALL}{_END}",
    rf"(?:does|do)\s+{_LIST}\s+(?:include|contain|list|have|hold|mention)\s+{_NAME}{_END}",
    rf"(?:do|can|could|would|will|did|might)\s+(?:i|we|you|one)\s+(?:find|have|see|list|hold)\s+{_NAME}\s+(?:in|on|among)"
    rf"\s+(?:{_LIST}|{_RANKS}){_OF_CALL}{_END}",
    rf"is\s+there\s+(?:a|an|any)\s+(?:record|entry)\s+(?:of|for|on)\s+{_NAME}(?:\s+(?:in|on)\s+{_LIST})?{_END}",
)
_ABSENT = (
    rf"(?:is|are|was|were)\s+{_NAME}\s+{_ADVERBS}(?:still\s+)?(?:missing|absent|left\s+out|left\s+off|excluded)\s*(?:from|of|in)?"
    rf"\s+(?:{_LIST}|{_CALL}|{_RANKS}){_OF_CALL}{_END}",
)
_APPEL = r"(?:l'\s*appel(?:\s+de\s+paris)?|cet\s+appel)"
_DE_LISTE = (
    r"(?:(?:le|du)\s+registre|la\s+liste(?:\s+(?:officielle|des\s+(?:soutiens|signataires)"
    r"|des\s+(?:états|pays|entreprises|ong)(?:\s+(?:signataires|soutiens))?|de\s+l'appel))?)"
    r"(?:\s+de\s+l'appel(?:\s+de\s+paris)?)?"
)
_SOUTIENS = r"(?:signataires?|soutiens?|membres?|partisans?|adhérents?)(?:\s+(?:officiels?))?"
_DE_APPEL = rf"(?:\s+(?:de|à)\s+{_APPEL})?"
_PARTICIPE = r"(?:signée?s?|rejointe?s?|soutenue?s?|adhéré|appuyée?s?|ralliée?s?|endossée?s?|approuvée?s?)"
_PRESENT = r"(?:soutient|soutiennent|signe|signent|appuie|appuient|rejoint|rejoignent|adhère|adhèrent)"
_ELLE = r"\s*-?\s*(?:t\s*-\s*)?(?:il|elle|ils|elles|on)"
_ADVERBES = r"(?:(?:bien|aussi|déjà|officiellement|vraiment|jamais|toujours|pas|y)\s+)*"
_FIN = r"(?:\s+(?:aussi|déjà|ou\s+non|officiellement))?\s*$"
_OBJET = rf"(?:\s+(?:à\s+)?(?:{_APPEL}|{_DE_LISTE}|les\s+(?:rangs\s+des\s+)?(?:soutiens|signataires)(?:\s+de\s+{_APPEL})?))?"
_ETRE = (
    rf"(?:(?:un\s+|une\s+)?{_SOUTIENS}{_DE_APPEL}|(?:parmi|l'un\s+des|au\s+nombre\s+des)\s+(?:les\s+)?{_SOUTIENS}"
    rf"{_DE_APPEL}"
    rf"|(?:inscrite?s?|présente?s?|listée?s?)?\s*(?:dans|sur|au)\s+(?:{_DE_LISTE}|registre))"
)
_QUITTER = r"(?:quittée?s?|abandonnée?s?)"

_FRENCH = (
    rf"(?:est-ce\s+que\s+|est-ce\s+qu')?{_NAME}\s+(?:a|ont)(?:{_ELLE})?\s+{_ADVERBES}{_PARTICIPE}{_OBJET}{_FIN}",
    rf"{_NAME}\s+(?:s'est|se\s+sont|est|sont){_ELLE}\s+{_ADVERBES}{_PARTICIPE}{_OBJET}{_FIN}",
    rf"(?:est-ce\s+que\s+|est-ce\s+qu'){_NAME}\s+{_PRESENT}\s*{_ADVERBES}{_OBJET}{_FIN}",
    rf"{_NAME}\s+{_PRESENT}{_ELLE}\s*{_ADVERBES}{_OBJET}{_FIN}",
    rf"(?:est-ce\s+que\s+|est-ce\s+qu')?{_NAME}\s+(?:est|sont)(?:{_ELLE})?\s+{_ADVERBES}{_ETRE}{_FIN}",
    rf"(?:est-ce\s+que\s+|est-ce\s+qu')?{_NAME}\s+(?:fait|font)(?:{_ELLE})?\s+{_ADVERBES}partie\s+(?:(?:de|à)"
    rf"\s+{_APPEL}|des\s+{_SOUTIENS}{_DE_APPEL}|(?:de\s+)?{_DE_LISTE}){_FIN}",
    rf"(?:est-ce\s+que\s+|est-ce\s+qu')?{_NAME}\s+(?:figure|figurent|apparaît|apparaissent)(?:{_ELLE})?"
    rf"\s+{_ADVERBES}(?:dans|sur|au|parmi)\s+(?:{_DE_LISTE}|registre|les\s+{_SOUTIENS}){_FIN}",
)
_ABSENTE = (
    rf"{_NAME}\s+(?:est|sont)(?:{_ELLE})?\s+{_ADVERBES}absente?s?\s+(?:{_DE_LISTE}|de\s+{_DE_LISTE}|de\s+{_APPEL}){_FIN}",
    rf"{_NAME}\s+(?:manque|manquent)(?:{_ELLE})?\s+{_ADVERBES}(?:{_DE_LISTE}|à\s+{_DE_LISTE}|au\s+registre){_FIN}",
)
_LEAVING = (
    rf"(?:why\s+|when\s+|how\s+)?(?:did|does|has|have|do|is)\s+{_NAME}\s+{_ADVERBS}{_LEAVE}(?:\s+(?:from|of"
    rf"|out\s+of))?\s+(?:{_CALL}|{_LIST}){_END}",
    rf"(?:pourquoi|quand|est-ce\s+que|est-ce\s+qu')?\s*{_NAME}\s+(?:s'est|se\s+sont)(?:{_ELLE})?"
    rf"\s+{_ADVERBES}(?:retirée?s?|désengagée?s?)\s+(?:de\s+{_APPEL}|du\s+registre|de\s+la\s+liste){_FIN}",
    rf"(?:pourquoi|quand|est-ce\s+que|est-ce\s+qu')?\s*{_NAME}\s+(?:a|ont)(?:{_ELLE})?\s+{_ADVERBES}{_QUITTER}"
    rf"\s+{_APPEL}{_FIN}",
)
_WHEN = (
    r"(?:since\s+when|when(?:\s+exactly)?|(?:(?:on|at|in|since|from)\s+)?(?:what|which)\s+(?:exact\s+)?(?:date|day|month|year)"
    r"|how\s+long(?:\s+ago)?)"
)
_ADDED = r"(?:added|entered|admitted|put|included|listed|recorded|registered|inscribed|accepted)"
_JOINING = (
    rf"{_WHEN}\s+(?:did|does|has|have|had)\s+{_NAME}\s+{_ADVERBS}(?:{_ACT}|becom(?:e|ing)\s+{_BEING}){_END}",
    rf"{_WHEN}\s+(?:has|have|had)\s+{_NAME}\s+{_ADVERBS}(?:been\s+(?:{_BEING}|supporting{_OBJECT})|become\s+{_BEING}){_END}",
    rf"{_WHEN}\s+(?:is|was|were|are)\s+{_NAME}\s+{_ADVERBS}(?:{_ADDED}\s+(?:to|in|on|into|onto|among)\s+(?:{_LIST}|{_RANKS})"
    rf"{_OF_CALL}|{_BEING}){_END}",
    rf"{_WHEN}\s+{_NAME}\s+{_ADVERBS}(?:{_ACT}|(?:became|becomes)\s+{_BEING}){_END}",
    rf"(?:what\s+is\s+|give\s+(?:me\s+)?)?(?:the\s+)?(?:joining|accession|signing|signature)\s+date\s+(?:of|for)\s+{_NAME}{_END}",
    rf"(?:what\s+is\s+)?(?:the\s+)?date\s+(?:on|at)\s+which\s+{_NAME}\s+{_ACT}{_END}",
)
_QUAND = r"(?:depuis\s+quand|quand(?:\s+est-ce\s+que|\s+est-ce\s+qu')?|(?:à|depuis|en)\s+quelle?\s+(?:date|jour|mois|année))"
_RALLIANT = (
    rf"{_QUAND}\s*{_NAME}\s+(?:a|ont)(?:{_ELLE})?\s+{_ADVERBES}{_PARTICIPE}{_OBJET}{_FIN}",
    rf"{_QUAND}\s*{_NAME}\s+(?:s'est|se\s+sont|est|sont)(?:{_ELLE})?\s+{_ADVERBES}(?:{_PARTICIPE}{_OBJET}|devenue?s?\s+{_ETRE}"
    rf"|{_ETRE}){_FIN}",
    rf"{_QUAND}\s*{_NAME}\s+{_PRESENT}(?:{_ELLE})?\s*{_ADVERBES}{_OBJET}{_FIN}",
)
_PREFIX = re.compile(
    r"^(?:(?:so|and|but|also|please|et|mais|alors|donc)[\s,]+)*(?:(?:(?:check|say|see)\s+)?(?:if|whether)\s+(?P<rest>.+))?",
    re.IGNORECASE,
)
_STATED = rf"{_NAME}\s+(?:(?:has|have|had)\s+)?{_ADVERBS}{_ACT}{_END}"
_STATED_BEING = rf"{_NAME}\s+(?:is|are)\s+{_ADVERBS}{_BEING}{_END}"
# What begins so or holds such a word is no name of a supporter: a pronoun, a question, a clause, a text and its parts.
_NO_NAME = re.compile(
    r"^(?:it|they|he|she|we|you|i|one|this|that|these|those|there|who|what|which|whose|how|when|why|where|qui|que"
    r"|quoi|quels?|quelles?|combien"
    r"|comment|pourquoi|il|elle|ils|elles|on|ce|ça|cela|et|(?:the\s+)?(?:paris\s+)?call\b.*|l'appel.*)$"
    r"|\bqui$|^(?:there|que|qu'|which|what|who|how|when|why|where|qui|quels?|quelles?|combien|comment|pourquoi|quand|où"
    r"|il\s+y|y)\b"
    r"|\b(?:combien|how\s+many|reports?|rapports?|articles?|papers?|authors?|auteurs?|documents?|declaration"
    r"|déclaration|principles?|principes?|norms?|normes?"
    r"|working\s+groups?|wg\s?\d|groupes?\s+de\s+travail|pages?|briefs?|texts?|supports?|signs?|joins?|textes?"
    r"|figures?|chiffres?|questions?|than|ahead|more|most|fewer|larger|bigger|contingents?|numbers?|nombre|plus|that|would|announced?|decided?|agreed?|refused?|declined?|planned|intended|wished|largest|biggest|smallest|fewest|majority|half|dominant"
    r"|absent|missing|outside|still|when|whether|if|quand|si)\b"
    r"|^(?:did|does|do|is|are|was|were|has|have|had|will|would|should|could|can|may|might)\b"
    r"|\b(?:to|of|of\s+the|the|a|an|in|on|for|from|and|or|that|de|du|des|la|le|les|et|ou)$",
    re.IGNORECASE,
)
_LONGEST_NAME = 14  # words


class NamedQuestion(NamedTuple):
    """What is asked of a name as it was written."""

    operation: NameQuestion
    name: str


def named_question(text: str) -> NamedQuestion | None:
    """Read a question on one name, or None; `text` has straight apostrophes and no final punctuation."""
    prefix = _PREFIX.match(text)
    rest = text[prefix.end() :] if prefix else text
    stated = prefix["rest"] if prefix else None
    cases: tuple[tuple[NameQuestion, tuple[str, ...], str], ...] = (
        ("withdrawal", _LEAVING, rest),
        ("absence", (*_ABSENT, *_ABSENTE), rest),
        ("joined", (*_JOINING, *_RALLIANT), rest),
        ("check", (*_ENGLISH, *_FRENCH), rest),
        ("check", (_STATED, _STATED_BEING), stated or ""),
    )
    for operation, patterns, candidate in cases:
        if name := _name(patterns, candidate):
            return NamedQuestion(operation, name)
    dates = interval(rest)
    is_dated = dates.since or dates.before
    name = _name((*_ENGLISH, *_FRENCH), re.sub(r"\s+", " ", dates.rest).strip()) if is_dated else None
    return NamedQuestion("joined", name) if name else None


def is_name(text: str) -> bool:
    """Say whether `text` may be a supporter's name."""
    return bool(text) and len(text.split()) <= _LONGEST_NAME and not _NO_NAME.search(text)


def _name(patterns: tuple[str, ...], text: str) -> str | None:
    for pattern in patterns:
        found = re.match(pattern, text, re.IGNORECASE)
        if found:
            name = found["name"].strip(" ,\"'«»“”")
            if is_name(name):
                return name
    return None

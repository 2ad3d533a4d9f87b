"""What can go wrong with a language model, and the sentence that says so. No sentence holds what a provider wrote or a key."""

from __future__ import annotations

from typing import Literal

from knowledge_base.errors import KnowledgeBaseError

FaultKind = Literal[
    "down", "slow", "key", "unknown model", "busy", "server", "request", "cut", "garbage", "empty", "endless", "language",
    "declined", "unsupported", "cost", "time", "length", "stopped", "package", "provider", "other",
]  # fmt: skip

_SENTENCES: dict[FaultKind, tuple[str, str]] = {
    "down": ("The language model cannot be reached.", "Le modèle de langage ne peut être joint."),
    "slow": ("The language model did not answer in time.", "Le modèle de langage n'a pas répondu à temps."),
    "key": (
        "The language model's provider did not accept the key, or there is none.",
        "Le fournisseur du modèle de langage n'a pas accepté la clé, ou il n'y en a pas.",
    ),
    "unknown model": (
        "The provider does not know the language model that is configured.",
        "Le fournisseur ne connaît pas le modèle de langage configuré.",
    ),
    "busy": (
        "The language model's provider takes no more questions for now.",
        "Le fournisseur du modèle n'accepte plus de questions pour le moment.",
    ),
    "server": ("The language model's server failed.", "Le serveur du modèle de langage a échoué."),
    "request": (
        "The language model's server did not accept the request.",
        "Le serveur du modèle de langage n'a pas accepté la demande.",
    ),
    "cut": ("The connection to the language model broke off.", "La connexion au modèle de langage s'est interrompue."),
    "garbage": (
        "The language model's server sent what is no answer.",
        "Le serveur du modèle de langage a envoyé autre chose qu'une réponse.",
    ),
    "empty": ("The language model sent an empty answer.", "Le modèle de langage a envoyé une réponse vide."),
    "endless": (
        "The language model did not come to an end, and was stopped.",
        "Le modèle de langage n'en finissait pas ; il a été arrêté.",
    ),
    "language": (
        "The language model answered in another language than the question's.",
        "Le modèle de langage a répondu dans une autre langue que celle de la question.",
    ),
    "declined": (
        "The language model found no answer in the passages it was given.",
        "Le modèle de langage n'a pas trouvé de réponse dans les passages fournis.",
    ),
    "unsupported": (
        "No sentence of the language model stood up to the documents.",
        "Aucune phrase du modèle de langage n'a résisté à la vérification.",
    ),
    "cost": (
        "The question would cost more than is allowed, and was not sent.",
        "La question coûterait plus que permis ; elle n'a pas été envoyée.",
    ),
    "time": (
        "The time for one answer was over before it was finished.",
        "Le temps prévu pour une réponse s'est écoulé avant la fin.",
    ),
    "length": (
        "The answer reached its longest length before it was finished.",
        "La réponse a atteint sa longueur maximale avant la fin.",
    ),
    "stopped": ("The answer was stopped before it was finished.", "La réponse a été arrêtée avant la fin."),
    "package": (
        "The package that speaks to this provider is not installed.",
        "Le paquet qui parle à ce fournisseur n'est pas installé.",
    ),
    "provider": (
        "The address of the provider that PARISCALL_CHAT_MODEL names is not known.",
        "L'adresse du fournisseur que nomme PARISCALL_CHAT_MODEL n'est pas connue.",
    ),
    "other": ("The language model failed.", "Le modèle de langage a échoué."),
}
_STANDS = ("The answer below is made of quotes.", "La réponse ci-dessous est faite de citations.")
_REMEDIES: dict[FaultKind, str] = {
    "down": "Start its server, or correct PARISCALL_CHAT_BASE_URL.",
    "key": "Set the provider's own variable, such as OPENAI_API_KEY.",
    "unknown model": "Correct PARISCALL_CHAT_MODEL, or fetch the model (for Ollama: `ollama pull NAME`).",
    "slow": "Give it more time with PARISCALL_CHAT_SECONDS, or take a smaller model.",
    "busy": "Ask again later.",
    "cost": "Raise PARISCALL_CHAT_MAX_COST, or lower PARISCALL_CHAT_MAX_INPUT_TOKENS.",
    "provider": "Set PARISCALL_CHAT_BASE_URL; `openai:NAME` speaks to any server of that kind.",
    "package": "Install it: pip install 'paris-call-assistant[models]'.",
}
RETRIED: frozenset[FaultKind] = frozenset({"down", "busy", "server"})
PARTIAL: frozenset[FaultKind] = frozenset({"time", "length", "stopped"})


class ModelFault(KnowledgeBaseError):
    """A language model that did not do its part; `retry_after` is how many seconds its provider asks to wait."""

    def __init__(self, kind: FaultKind, retry_after: float | None = None) -> None:
        super().__init__(_SENTENCES[kind][0], _REMEDIES.get(kind, ""))
        self.kind = kind
        self.retry_after = retry_after

    @property
    def may_be_retried(self) -> bool:
        """Say whether another try may help."""
        return self.kind in RETRIED


def notice(kind: FaultKind, language: str, stands: bool, retry_after: float | None = None) -> str:
    """Return what the reader is told; `stands`: the answer made of quotes is shown instead."""
    french = language == "fr"
    sentence = _SENTENCES[kind][french]
    if retry_after:
        wait = f"Il demande d'attendre {retry_after:.0f} s." if french else f"It asks to wait {retry_after:.0f} s."
        sentence = f"{sentence} {wait}"
    return f"{sentence} {_STANDS[french]}" if stands else sentence

"""Questions that a first visit offers: change them here."""

from __future__ import annotations

EXAMPLES = (
    "Who launched the Paris Call, and when?",
    "What are the nine principles?",
    "Which states have not joined?",
    "What does principle 8 say about hacking back?",
    "What did Working Group 5 propose?",
    "Qu'est-ce que l'Appel de Paris ?",
)

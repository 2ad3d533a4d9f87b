from __future__ import annotations

import pytest

from assistant.claims.polarity import compare
from knowledge_base.language.text import Text


@pytest.mark.parametrize(
    ("claim", "evidence", "language", "agreement"),
    [
        ("The declaration is legally binding.", "The Paris Call is not legally binding.", "en", "conflict"),
        ("The declaration is not binding.", "The Paris Call is not legally binding.", "en", "agree"),
        ("The Call is non-binding.", "The Call is a voluntary declaration.", "en", "agree"),
        ("The Call is binding.", "The Call is a voluntary declaration.", "en", "conflict"),
        ("France did not host the forum.", "France hosted the forum.", "en", "conflict"),
        ("The United States joined in 2018.", "The United States did not join in 2018; it joined in 2021.", "en", "unsure"),
        ("The text is voluntary.", "Unlike the law, which is binding, the text is voluntary.", "en", "agree"),
        ("The forum left the Call in 2024.", "The forum joined the Call in 2024.", "en", "conflict"),
        ("The patch came after the attack.", "The patch came before the attack.", "en", "conflict"),
        ("No state has withdrawn.", "Several states have withdrawn.", "en", "conflict"),
        ("Not only states joined.", "States and companies joined.", "en", "agree"),
        ("Neither China nor Russia backed it.", "China and Russia were not among those that backed it.", "en", "agree"),
        ("It was not until 2021 that France joined.", "France joined in 2021.", "en", "agree"),
        ("No, France joined.", "France joined in 2021.", "en", "agree"),
        ("The text is silent on spyware.", "The text does not mention spyware.", "en", "agree"),
        ("The text is silent on spyware.", "The text mentions spyware.", "en", "conflict"),
        ("Spyware and war are left out of the text.", "The text mentions neither spyware nor war.", "en", "agree"),
        ("Loin d'une loi, le manuel est une étude.", "Le manuel est une étude, non une loi.", "fr", "agree"),
        ("The Irish never paid.", "Ireland did not pay the ransom.", "en", "agree"),
        ("The text is not perfect, and it names France.", "The text names France.", "en", "unsure"),
        ("Russia is missing from the list.", "Russia was absent from the list.", "en", "agree"),
        (
            "Le texte n'aborde ni la guerre ni la paix, mais il traite du climat.",
            "Le texte ne mentionne ni la guerre, ni la paix, ni le climat.",
            "fr",
            "conflict",
        ),
        (
            "Le texte n'aborde ni la guerre ni la paix, mais il traite du commerce.",
            "Le texte ne mentionne ni la guerre, ni la paix, ni le climat.",
            "fr",
            "agree",
        ),
        ("L'Appel est contraignant.", "L'Appel n'est pas contraignant.", "fr", "conflict"),
        ("L'Appel ne crée pas d'obligation.", "Le texte ne crée aucune obligation juridique.", "fr", "agree"),
        ("L'Appel crée une obligation.", "Le texte ne crée aucune obligation juridique.", "fr", "conflict"),
    ],
)
def test_yes_and_no_are_told_apart(claim: str, evidence: str, language: str, agreement: str) -> None:
    assert compare(Text(claim, language), Text(evidence, language)) == agreement

"""page_settings, SETTINGS_VARIABLE."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from knowledge_base.settings import Settings

if TYPE_CHECKING:
    pass


SETTINGS_VARIABLE = "PARISCALL_PAGE_SETTINGS"


def page_settings() -> Settings:
    """Return the settings that the page is served with: those of the environment where it is run by itself."""
    handed_over = os.environ.get(SETTINGS_VARIABLE)
    return Settings.model_validate_json(handed_over) if handed_over else Settings()

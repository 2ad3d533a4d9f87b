"""What the server and every page know: the settings that they run with, and where the page's own files lie."""

from __future__ import annotations

import os
from pathlib import Path

from knowledge_base.settings import Settings

SETTINGS_VARIABLE = "PARISCALL_PAGE_SETTINGS"
STATIC = Path(__file__).with_name("static")


def page_settings() -> Settings:
    """Return the settings that the page is served with: those of the environment where it is run by itself."""
    handed_over = os.environ.get(SETTINGS_VARIABLE)
    return Settings.model_validate_json(handed_over) if handed_over else Settings()


def scripts() -> dict[str, str]:
    """Return the scripts of ours that run in the page, by name; the policy of the server allows these."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(STATIC.glob("*.js"))}

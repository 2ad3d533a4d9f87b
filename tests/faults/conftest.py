"""Fixtures of the fault tests."""

from __future__ import annotations

import pytest
from indexes import make_library
from libraries import Library


@pytest.fixture(scope="session")
def two_generations(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """An index in two generations: to copy, never to change."""
    return make_library(tmp_path_factory.mktemp("indexed"))

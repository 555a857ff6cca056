"""One small shop for everything that is asked at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fuzz.shop import build_shop

if TYPE_CHECKING:
    from searchsvc.settings import Settings


@pytest.fixture
def shop_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a service over a small shop."""
    return build_shop(tmp_path_factory.mktemp("shop"))

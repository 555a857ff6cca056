"""Settings for services under test, and shoes to sell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from searchsvc.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


class MakeSettings(Protocol):
    def __call__(self, **changes: Any) -> Settings: ...


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def make_settings(data_dir: Path, models_dir: Path) -> MakeSettings:
    """Settings over the test's own directories that find a new generation at once."""

    def make(**changes: Any) -> Settings:
        return Settings(
            **{"data_dir": data_dir, "models_dir": models_dir, "poll_seconds": 0.02, **changes}
        )

    return make

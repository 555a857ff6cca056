from pathlib import Path

import pytest
from pydantic import ValidationError

from indexer.errors import SettingsError
from indexer.settings import IndexSettings, LexicalSettings


def test_settings_survive_their_file(tmp_path: Path) -> None:
    settings = IndexSettings(language="german", field_mapping={"artnr": "id"})
    path = tmp_path / "settings.json"
    path.write_text(settings.model_dump_json())
    assert IndexSettings.read(path) == settings


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"colour": 1}', "colour"),
        ('{"language": "klingon"}', "language.*'klingon'"),
        ('{"lexical": {"b": 2}}', "lexical.b"),
        ('{"lexical": {"weights": {"titel": 1}}}', "titel"),
        ('{"default_currency": "euro"}', "default_currency"),
        ("nonsense", "the file"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(tmp_path: Path, text: str, place: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(text)
    with pytest.raises(SettingsError, match=place):
        IndexSettings.read(path)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.json"):
        IndexSettings.read(tmp_path / "nowhere.json")


def test_at_least_one_field_is_searched() -> None:
    with pytest.raises(ValidationError, match="no field"):
        LexicalSettings(weights={})

"""What a backup may say of itself."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from searchsvc.backup.contents import Contents
from searchsvc.errors import BackupError

GENERATION = "g00000001-0123abcd"
MANIFEST = f"shop/generations/{GENERATION}/manifest.json"


def document(*paths: str, **changes: Any) -> bytes:
    files = [{"path": path, "sha256": "0" * 64, "bytes": 2} for path in (MANIFEST, *paths)]
    fields = {
        "format_version": 1,
        "program": "0.1.0",
        "created_ms": 5,
        "indexes": {"shop": GENERATION},
        "files": files,
    }
    return orjson.dumps(fields | changes)


def test_files_are_told_apart_by_their_directory() -> None:
    contents = Contents.parse(
        document("state.db", "token.key", "keys.json", "shop/synonyms.json", "shop/reports/g.json")
    )
    assert contents.has_state
    assert contents.total_bytes == 12
    assert contents.beneath("").keys() == {"state.db", "token.key", "keys.json"}
    assert contents.beneath("shop").keys() == {"synonyms.json"}
    assert contents.beneath("shop/reports").keys() == {"g.json"}
    assert contents.beneath(f"shop/generations/{GENERATION}").keys() == {"manifest.json"}
    assert Contents.parse(contents.model_dump_json().encode()) == contents


@pytest.mark.parametrize(
    "path",
    [
        "../state.db",
        "/etc/passwd",
        "shop/../../etc/passwd",
        "shop/generations/../x",
        "shop/.hidden",
        "shop//x",
        "other/synonyms.json",
        "shop/generations/g00000002-0123abcd/manifest.json",
        "state.db-wal",
        "shop/reports/deep/er.json",
        "state.db\n",
        "shop/a\0b",
        "",
        MANIFEST,
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(BackupError, match="no path of a backup|is of no index"):
        Contents.parse(document(path))


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "Invalid JSON"),
        (document(format_version=2), "format_version.*reads backups of format 1"),
        (document(indexes={"shop": GENERATION, "more": GENERATION}), "'more' has no manifest"),
        (document(surprise=1), "surprise"),
        (document(files=[{"path": "state.db", "sha256": "0", "bytes": 1}]), "sha256"),
    ],
)
def test_what_is_no_backup_of_this_version_is_refused(data: bytes, complaint: str) -> None:
    with pytest.raises(BackupError, match=complaint):
        Contents.parse(data)

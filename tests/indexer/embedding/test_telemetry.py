"""ONNX Runtime reports nothing to its maker."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_the_runtime_is_loaded_with_its_telemetry_off_and_leaves_no_id_of_the_machine(
    tmp_path: Path,
) -> None:
    environment = {
        name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"
    }
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    program = "import os, indexer.embedding.onnx; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**environment, **home},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        check=True,
    )
    assert done.stdout.strip() == b"1"
    assert not [path for path in tmp_path.rglob("*") if "onnxruntime" in path.name.lower()]

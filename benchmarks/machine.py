"""What a figure was measured with: machine and versions, for every result file."""

from __future__ import annotations

import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from indexer.cores import available_cores

_LIBRARIES = ("searchsvc", "numpy", "faiss-cpu", "onnxruntime", "tokenizers", "rank-bm25")


def describe_machine() -> dict[str, Any]:
    """Processor, cores, versions and the time, as JSON has it."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": available_cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": sys.version.split()[0],
        "versions": {name: version(name) for name in _LIBRARIES},
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - a kernel file
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor()

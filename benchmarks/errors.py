"""The exceptions of the benchmarks; every message names the value, what was expected, the remedy.

::

    BenchmarkError
    ├── CollectionError       a test collection cannot be read
    ├── FetchError            a published file cannot be downloaded
    ├── ReplayError           recorded events hold nothing that could be asked again
    ├── RunFileError          a TREC run cannot be read or written
    └── UnknownSystemError    a system is asked for that is not in the table
"""


class BenchmarkError(Exception):
    """Root of everything that the benchmarks raise on purpose."""


class CollectionError(BenchmarkError):
    """A directory holds no collection that can be read."""


class FetchError(BenchmarkError):
    """A published file cannot be downloaded."""


class ReplayError(BenchmarkError):
    """Recorded events hold no choice from an answer that could be asked for again."""


class RunFileError(BenchmarkError):
    """A TREC run cannot be read or written."""


class UnknownSystemError(BenchmarkError):
    """There is no system of this name."""

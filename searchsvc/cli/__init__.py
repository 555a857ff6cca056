"""The ``searchsvc`` command: thin shells over the packages.

Results go to standard output, progress and messages to standard error. The exit code is 0 for
success, 1 for a failure that the message explains, 2 for wrong usage.
"""

from searchsvc.cli.main import main

__all__ = ["main"]

"""The relevance report: one HTML file that shows what ``relevance --json`` measured.

The file needs nothing else: style, script, data and the sample's pictures are in it. Its content
security policy allows exactly its own style and script, and pictures.
"""

from benchmarks.report.page import write_report

__all__ = ["write_report"]

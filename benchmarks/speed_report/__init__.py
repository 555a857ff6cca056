"""The speed report: one HTML file with plots of whatever result files there are.

The file needs nothing else and no script: charts are SVG, each with its numbers as a table.
"""

from benchmarks.speed_report.page import write_speed_report

__all__ = ["write_speed_report"]

"""One page of all evaluations beside the published table."""

from mtdnet.report.write import report

__all__ = ["report"]

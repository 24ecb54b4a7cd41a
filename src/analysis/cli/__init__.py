"""The verbs: the only place that combines the other modules."""

from analysis.cli.verbs import main

__all__ = ["main"]

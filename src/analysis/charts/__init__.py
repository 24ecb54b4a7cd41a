"""What a reader sees: frames in, figures and tables out, in the words of one language.

`words` is a mapping from key to text (`analysis.texts.load`). Every function answers one question, leaves its
frames unchanged, and gives back something that shows itself in a notebook. Text that comes from an export is
data everywhere: it never becomes markup.
"""

from analysis.charts.figures import coverage, rolling, segments
from analysis.charts.shown import Chart, Fragment, Numbers, PerShop, numbers
from analysis.charts.tables import files, interventions, masthead, overview, sources, tiles

__all__ = [
    "Chart",
    "Fragment",
    "Numbers",
    "PerShop",
    "coverage",
    "files",
    "interventions",
    "masthead",
    "numbers",
    "overview",
    "rolling",
    "segments",
    "sources",
    "tiles",
]

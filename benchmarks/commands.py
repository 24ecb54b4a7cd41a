"""Whole processes as a user starts them, after set-up: the report on the sample, the report with nothing new, the help."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from benchmarks.timing import PROJECT, Line, Run, command, compared, in_turn, median_seconds, same, shown

ANALYSIS = (sys.executable, "-m", "analysis")
FEWEST_REPEATS = 5
REPORT_LIMIT_SECONDS = 15.0
NOTHING_NEW_LIMIT_SECONDS = 1.0
HELP_LIMIT = 1.5


def measure(folder: Path, rows: int, repeats: int, fewest: int = FEWEST_REPEATS) -> Iterator[Line]:
    """Raises AnswersDiffer where the sample's report is not the same at every run, or not found again when nothing is new.

    `rows` plays no part: the sample is what it is.
    """
    repeats = max(repeats, fewest)
    sample = folder / "sample"
    command(*ANALYSIS, "sample", "--data", str(sample))
    start_up = (sys.executable, "-c", "import duckdb, click")
    only_duckdb = (sys.executable, "-c", "import duckdb")
    command(*start_up)
    fresh, again, starting, helping, importing = in_turn(
        repeats,
        lambda: _report(sample, folder / "run", is_fresh=True),
        lambda: _report(sample, folder / "run", is_fresh=False),
        lambda: command(*start_up),
        lambda: command(*ANALYSIS, "--help"),
        lambda: command(*only_duckdb),
    )
    same("the sample's report", *(run.answer for run in fresh + again))
    beyond = [Run(ours.seconds - base.seconds) for ours, base in zip(again, starting, strict=True)]
    yield _absolute("report on the sample", fresh, REPORT_LIMIT_SECONDS)
    yield _absolute(f"the same, nothing new, beyond start-up ({shown(starting)})", beyond, NOTHING_NEW_LIMIT_SECONDS)
    yield compared("analysis --help", helping, "import duckdb", importing, HELP_LIMIT)


def _report(sample: Path, run: Path, *, is_fresh: bool) -> Run:
    """`report --sample` over a copy of the sample; the answer is a digest of its numbers and pages."""
    if is_fresh:
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(sample, run / "data")
        chosen = PROJECT / "data" / "sample" / "settings.toml"
        if chosen.exists():
            shutil.copy(chosen, run / "data" / "sample")
    places = ("--data", str(run / "data"), "--reports", str(run / "reports"))
    done = command(*ANALYSIS, "report", "--sample", *places)
    digest = sha256()
    for file in sorted(each for each in (run / "reports").rglob("*") if each.suffix in (".html", ".csv")):
        digest.update(file.read_bytes())
    return Run(done.seconds, answer=digest.hexdigest())


def _absolute(what: str, runs: list[Run], limit_seconds: float) -> Line:
    return Line(what, shown(runs), f"limit {limit_seconds:g} s", median_seconds(runs) / limit_seconds, 1.0)

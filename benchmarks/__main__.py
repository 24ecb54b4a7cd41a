"""`python -m benchmarks [reading building ledgering rating featuring escalating finding ticketing commands] [--rows N] [--repeats N]`: prints one table a subject.

Ends with 1 where two sides found different answers, never because something was slow.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import building, commands, escalating, featuring, finding, ledgering, rating, reading, ticketing
from benchmarks.timing import AnswersDiffer, Line

SUBJECTS = {
    "reading": reading.measure,
    "building": building.measure,
    "ledgering": ledgering.measure,
    "rating": rating.measure,
    "featuring": featuring.measure,
    "escalating": escalating.measure,
    "finding": finding.measure,
    "ticketing": ticketing.measure,
    "commands": commands.measure,
}
HEADS = ("what", "ours", "against", "CPU ratio", "ratio", "limit", "within")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 start.py bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"which of {', '.join(SUBJECTS)}; all when none is named"
    )
    parser.add_argument("--rows", type=int, default=1_000_000, help="orders, by default 1000000")
    parser.add_argument("--repeats", type=int, default=3, help="how often both sides run, by default 3")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.names) - set(SUBJECTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(SUBJECTS)}")
    differ = False
    with TemporaryDirectory(prefix="benchmarks-") as folder:
        for name in chosen.names or SUBJECTS:
            print(f"\n{name}, {chosen.rows} orders\n\n| {' | '.join(HEADS)} |\n|{'---|' * len(HEADS)}", flush=True)
            try:
                for line in SUBJECTS[name](Path(folder), chosen.rows, chosen.repeats):
                    print(_row(line), flush=True)
            except AnswersDiffer as error:
                print(f"\n{error}", file=sys.stderr, flush=True)
                differ = True
    return 1 if differ else 0


def _row(line: Line) -> str:
    numbers = ["" if each is None else f"{each:.2f}" for each in (line.cpu_ratio, line.ratio, line.limit)]
    return f"| {' | '.join([line.what, line.ours, line.against, *numbers, line.verdict])} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

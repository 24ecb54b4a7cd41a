"""Timing: each side works in a child process of its own, in turn, so that neither warms or starves the other."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

PROJECT = Path(__file__).parent.parent
KIB_PER_UNIT = 1 / 1024 if sys.platform == "darwin" else 1


Steps = Iterator[Any]  # what `child` runs


class AnswersDiffer(Exception):
    """Two sides did not find the same, so that their times cannot be compared."""


@dataclass(frozen=True)
class Run:
    """One side's work, once: wall-clock and CPU seconds (all threads and processes), peak memory, and what it found."""

    seconds: float
    cpu_seconds: float = 0.0
    peak_mib: float = 0.0
    answer: Any = None


@dataclass(frozen=True)
class Line:
    """One promise: what was measured, both sides in words, their ratio, and the limit (None: shown, not promised).

    `cpu_ratio` is shown beside the ratio where both sides' CPU seconds are known: on a busy machine it is the calmer one.
    """

    what: str
    ours: str
    against: str
    ratio: float | None = None
    limit: float | None = None
    cpu_ratio: float | None = None

    @property
    def verdict(self) -> str:
        if self.ratio is None or self.limit is None:
            return ""
        return "yes" if self.ratio <= self.limit else "NO"


def child(steps: str, *arguments: str | int) -> Run:
    """Runs `module:function` of this package in a child process.

    The function is a generator: it prepares up to its first `yield`, is timed up to the second, and may then yield what it
    found, in terms that JSON knows.
    """
    command = [sys.executable, "-m", "benchmarks.timing", steps, *(str(each) for each in arguments)]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, check=True, encoding="utf-8")
    return Run(**json.loads(done.stdout.splitlines()[-1]))


def command(*words: str) -> Run:
    """Runs a whole process from start to end; its standard output is the answer."""
    start = perf_counter()
    done = subprocess.run(words, cwd=PROJECT, capture_output=True, encoding="utf-8")
    seconds = perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}:\n{done.stderr}")
    return Run(seconds, answer=done.stdout)


def in_turn(repeats: int, *sides: Callable[[], Run]) -> list[list[Run]]:
    """A B A B …: for each side, its runs."""
    rounds = [[side() for side in sides] for _ in range(repeats)]
    return [list(runs) for runs in zip(*rounds, strict=True)]


def compared(what: str, ours: list[Run], name: str, theirs: list[Run], limit: float | None) -> Line:
    """Ours against theirs: the medians of the ratios between neighbours in time."""
    pairs = list(zip(ours, theirs, strict=True))
    seconds = median(our.seconds / their.seconds for our, their in pairs)
    has_cpu = all(each.cpu_seconds for pair in pairs for each in pair)
    cpu = median(our.cpu_seconds / their.cpu_seconds for our, their in pairs) if has_cpu else None
    return Line(what, shown(ours), f"{name} {shown(theirs)}", seconds, limit, cpu)


def median_seconds(runs: Iterable[Run]) -> float:
    return median(run.seconds for run in runs)


def same(what: str, *answers: Any) -> None:
    """Raises AnswersDiffer unless all answers are equal."""
    if any(each != answers[0] for each in answers):
        raise AnswersDiffer(f"{what}: the answers differ\n" + "\n".join(f"  {each}" for each in answers))


def shown(runs: list[Run]) -> str:
    """The median run in words."""
    run = sorted(runs, key=lambda each: each.seconds)[len(runs) // 2]
    words = [f"{run.seconds:.2f} s"]
    words += [f"{run.cpu_seconds:.2f} CPU s"] if run.cpu_seconds else []
    words += [f"{run.peak_mib:.0f} MiB"] if run.peak_mib else []
    return ", ".join(words)


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _peak_mib() -> float:
    whole = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return whole * KIB_PER_UNIT / 1024


def _main(name: str, *arguments: str) -> None:
    module, function = name.split(":")
    steps: Steps = getattr(import_module(module), function)(*arguments)
    next(steps)
    cpu, start = _cpu_seconds(), perf_counter()
    next(steps)
    run = {"seconds": perf_counter() - start, "cpu_seconds": _cpu_seconds() - cpu, "peak_mib": _peak_mib()}
    print(json.dumps({**run, "answer": next(steps, None)}, default=str))


if __name__ == "__main__":
    _main(*sys.argv[1:])

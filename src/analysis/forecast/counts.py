"""The negative binomial by its mean and its spread: variance = mean + spread · mean². Arrays in, arrays out."""

from __future__ import annotations

from typing import cast

import numpy as np
from scipy import special

from analysis.forecast.arrivals import Array

BANDS = {50: (0.25, 0.75), 80: (0.1, 0.9), 95: (0.025, 0.975)}


def at_most(count: Array, mean: Array, spread: Array) -> Array:
    """P(X <= count); 0 below zero."""
    size = 1 / spread
    below = special.betainc(size, np.maximum(count, 0) + 1, size / (size + mean))
    return cast("Array", np.where(count < 0, 0.0, below))


def above(count: Array, mean: Array, spread: Array) -> Array:
    """P(X > count); 1 below zero, missing where `count` is missing."""
    size = 1 / spread
    beyond = special.betainc(np.maximum(count, 0) + 1, size, mean / (size + mean))
    return cast("Array", np.where(count < 0, 1.0, beyond))


def log_score(count: Array, mean: Array, spread: Array) -> Array:
    """log P(X = count): the higher, the better was the forecast."""
    size = 1 / spread
    chosen = special.gammaln(count + size) - special.gammaln(size) - special.gammaln(count + 1)
    return cast("Array", chosen + size * np.log(size / (size + mean)) + count * np.log(mean / (size + mean)))


def quantile(level: float, mean: Array, spread: Array) -> Array:
    """The smallest count that X does not exceed with at least this probability."""
    size = 1 / spread
    near = np.where(mean == 0, 0.0, np.ceil(special.nbdtrik(level, size, size / (size + mean))))
    lower = np.maximum(near - 1, 0.0)  # the inverse is of a continuous course, so the whole number below may do
    return cast("Array", np.where(at_most(lower, mean, spread) >= level, lower, near))

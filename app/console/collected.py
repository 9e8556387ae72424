"""What the workers count, collected once for a page."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from prometheus_client.core import Metric

_BOUND = "le"


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """
    Values by bucket.

    Attributes:
        bounds: The upper bound of each bucket, rising; the last one is infinite.
        counts: How many values each holds.
    """

    bounds: tuple[float, ...]
    counts: tuple[float, ...]

    @property
    def total(self) -> float:
        """Of all values."""
        return sum(self.counts)

    def at_most(self, level: float) -> float:
        """
        The bound within which at least a share of the values lies; more is not known of them.

        Returns:
            Infinity where only the last bucket reaches so far, and without values.
        """
        wanted, reached = level * self.total, 0.0
        for bound, count in zip(self.bounds, self.counts, strict=True):
            reached += count
            if reached >= wanted and reached:
                return bound
        return math.inf


class Collected:
    """Samples of metrics, added up over what is not asked for."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        """
        Args:
            metrics: As a registry or a collector of several processes has them.
        """
        self._samples: dict[str, list[tuple[Mapping[str, str], float]]] = defaultdict(list)
        for metric in metrics:
            for sample in metric.samples:
                self._samples[sample.name].append((sample.labels, sample.value))

    def total(self, name: str, **labels: str) -> float:
        """The sum of a sample over all that have these labels; 0 if there is none."""
        return sum(value for found, value in self._samples.get(name, ()) if labels.items() <= found.items())

    def by(self, name: str, *labels: str) -> dict[tuple[str, ...], float]:
        """The sums of a sample by some of its labels, without those that are 0."""
        sums: dict[tuple[str, ...], float] = defaultdict(float)
        for found, value in self._samples.get(name, ()):
            sums[tuple(found.get(label, "") for label in labels)] += value
        return {key: value for key, value in sums.items() if value}

    def spreads(self, name: str, *labels: str) -> dict[tuple[str, ...], Spread]:
        """A histogram by some of its labels, without those that hold no value."""
        reached: dict[tuple[str, ...], dict[float, float]] = defaultdict(lambda: defaultdict(float))
        for found, value in self._samples.get(f"{name}_bucket", ()):
            reached[tuple(found.get(label, "") for label in labels)][float(found[_BOUND])] += value
        spreads = {key: _spread(buckets) for key, buckets in reached.items()}
        return {key: spread for key, spread in spreads.items() if spread.total}


def _spread(reached: Mapping[float, float]) -> Spread:
    bounds = sorted(reached)
    sums = [0.0, *(reached[bound] for bound in bounds)]
    return Spread(bounds=tuple(bounds), counts=tuple(after - before for before, after in pairwise(sums)))

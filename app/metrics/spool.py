"""What waits in the spool to be shipped to the journal's store."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.journal.spool import Spool

_LOG = structlog.get_logger()


class SpoolCollector(Collector):
    """Shows what waits on this machine, whichever process wrote it."""

    def __init__(self, spool: Spool, *, every_s: float = 0) -> None:
        """
        Args:
            spool: Of this process.
            every_s: So long a line may wait.
        """
        self._spool, self._every_s = spool, every_s

    def describe(self) -> Iterable[Metric]:
        """What it can show, without a look at the disk."""
        return _gauges(0, 0, 0.0)

    def collect(self) -> Iterable[Metric]:
        """What it shows now; nothing while the disk cannot be read."""
        try:
            lag_s = self._spool.lag_s(allowed_s=self._every_s)
            return _gauges(self._spool.measure(), self._spool.max_bytes, lag_s)
        except OSError as error:
            _LOG.warning("the metrics of the spool are missing", problem=str(error))
            return []


def _gauges(waiting: int, most: int, lag_s: float) -> list[Metric]:
    return [
        GaugeMetricFamily("slipway_journal_spool_bytes", "What waits to be shipped to the store.", waiting),
        GaugeMetricFamily("slipway_journal_spool_limit_bytes", "At most so much may wait.", most),
        GaugeMetricFamily(
            "slipway_journal_lag_seconds",
            "How much longer than it may (JOURNAL_SHIP_EVERY_S) the oldest line waits; 0 if none does.",
            lag_s,
        ),
    ]

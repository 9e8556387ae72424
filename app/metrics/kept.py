"""
Metrics of what the journal's store keeps, whichever worker took it: how new it is, how large, and what was found in it.

A database that sleeps when nobody asks may go on sleeping: while nothing is written, it is asked once an hour.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final, Protocol, TypeVar

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.lookup import Lookup
from app.metrics import drift, experiment
from app.metrics.drift import gauges_of_report
from app.metrics.experiment import gauges_of_experiment
from core.documents import Document, from_json
from core.drift import REPORT_NAME, DriftReport
from core.errors import JournalUnavailable, ManifestError
from core.experiment import EXPERIMENT_NAME, Experiment
from core.journal.store import JournalStore

D = TypeVar("D", bound=Document)

PREDICTED: Final = "slipway_journal_last_prediction_timestamp_seconds"
OUTCOME: Final = "slipway_journal_last_outcome_timestamp_seconds"
SIZE, LIMIT = "slipway_journal_store_bytes", "slipway_journal_store_limit_bytes"
_HELP: Final = {
    PREDICTED: "When the newest prediction was answered, in seconds since 1970; 0 if there is none.",
    OUTCOME: "When the newest outcome was reported, in seconds since 1970; 0 if there is none.",
    SIZE: "What the store takes on its disk; of a SQLite file without the room that is free in it.",
    LIMIT: "What it may take, by JOURNAL_STORE_LIMIT_BYTES.",
}
# The store is asked at most so often, however many scrape; and while nothing new is written.
_SHOWN_S, _QUIET_S = 15.0, 3600.0
# Whoever scrapes waits for ten seconds, and for the rest too.
_PATIENCE_S: Final = 1.5
_LOG = structlog.get_logger()


class Kept(Protocol):
    """A journal."""

    @property
    def store(self) -> JournalStore:
        """Where it is kept."""

    def written_at(self) -> float:
        """When something was last written to the store, or may have been; in seconds since 1970."""


class StoreCollector(Collector):
    """Shows what is kept; while the store is away or does not answer, what it showed last."""

    def __init__(
        self,
        journal: Kept,
        *,
        limit_bytes: int | None = None,
        shown_s: float = _SHOWN_S,
        quiet_s: float = _QUIET_S,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        """
        Args:
            journal: Whose store is shown.
            limit_bytes: What it may take; None where nothing limits it.
            shown_s: How long what was read is shown before the store is asked again.
            quiet_s: The same, while nothing is written.
            patience_s: So long whoever asks waits for the store.
        """
        self._journal, self._store, self._limit = journal, journal.store, limit_bytes
        self._shown_s, self._quiet_s = shown_s, quiet_s
        self._read_at = float("-inf")
        self._metrics = Lookup(self._read, fresh_s=self._fresh_s, patience_s=patience_s)

    def describe(self) -> Iterable[Metric]:
        """What it can show, without a look at the store."""
        names = _HELP | drift.HELP | {f"slipway_experiment_{name}": text for name, text in experiment.HELP.items()}
        return [Metric(name, text, "gauge") for name, text in names.items()]

    def collect(self) -> Iterable[Metric]:
        """What it shows now."""
        return self._metrics.look().value or []

    def _fresh_s(self) -> float:
        # What is written while it is read may be missed: it is new once more.
        is_quiet = self._journal.written_at() < self._read_at - self._shown_s
        return self._quiet_s if is_quiet else self._shown_s

    def _read(self) -> list[Metric]:
        begun, self._read_at = time.time(), float("-inf")
        try:
            found = [
                *self._freshness(),
                *self._gauges(REPORT_NAME, DriftReport, gauges_of_report),
                *self._gauges(EXPERIMENT_NAME, Experiment, gauges_of_experiment),
            ]
        except JournalUnavailable as error:
            _LOG.warning("the metrics of the journal may be old", problem=str(error))
            raise
        self._read_at = begun
        return found

    def _gauges(self, name: str, kind: type[D], gauges_of: Callable[[D | None], list[Metric]]) -> list[Metric]:
        found = self._store.kept(name)
        try:
            return gauges_of(None if found is None else from_json(found[1], kind, source=name))
        except ManifestError as error:
            _LOG.warning("what the journal keeps cannot be read", problem=str(error))
            return []

    def _freshness(self) -> list[Metric]:
        span, outcome = self._store.span(), self._store.newest_outcome()
        values = {
            PREDICTED: span[1] / 1e6 if span else 0,
            OUTCOME: outcome / 1e6 if outcome else 0,
            SIZE: self._store.size_bytes(),
            LIMIT: self._limit,
        }
        return [GaugeMetricFamily(name, _HELP[name], value) for name, value in values.items() if value is not None]

"""Where the console's data come from, asked once for a page; whatever is away leaves a gap and a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

from app.console.collected import Collected
from app.console.scores import SCORE
from app.console.standing import Held, Waiting
from app.console.traffic import HOUR_US, MOST_REQUESTS, SECONDS, first_hour
from app.experiments import Experiments
from app.journal import Journal
from app.lookup import Lookup, Seen
from core.documents import from_json
from core.drift import REPORT_NAME, DriftReport
from core.errors import JournalUnavailable, ManifestError
from core.experiment import Experiment
from core.journal.store import Slice
from core.ledger import Deployment, DeploymentLedger, Environment

# Who looks again at once sees the same, and a ledger may be far away.
_STORE_FRESH_S, _LEDGER_FRESH_S = 10.0, 60.0
_PATIENCE_S: Final = 1.5
_LOG = structlog.get_logger()
# A registry may have other metrics beside these, which are read from a store that may be away.
_COUNTED: Final = (
    f"{SECONDS}_bucket",
    f"{SECONDS}_count",
    f"{SCORE}_bucket",
    "slipway_predictions_total",
    "slipway_input_warnings_total",
    "slipway_requests_sent_away_total",
    "slipway_journal_unwritten_total",
    "slipway_start_timestamp_seconds",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """
    What the journal's store has.

    Attributes:
        slices: The last day's requests, by the hour.
        report: Of the last drift check; None if there is none that can be read.
        report_problem: Why the one that is there cannot be read.
        experiment: That is kept; None if there is none.
        experiment_problem: Why it is not followed.
        held: How much it is, and how new.
    """

    slices: list[Slice]
    report: DriftReport | None
    report_problem: str
    experiment: Experiment | None
    experiment_problem: str
    held: Held


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """
    All that a page shows of how things stand.

    Attributes:
        at: When it was gathered.
        counted: By the workers.
        waiting: For the store; None where that cannot be told.
        kept: In the store.
        ledger: What served when.
    """

    at: datetime
    counted: Collected
    waiting: Waiting | None
    kept: Seen[Kept]
    ledger: Seen[list[Deployment]]


def meters_of(registry: CollectorRegistry, *, is_one_of_many: bool) -> Callable[[], Iterable[Metric]]:
    """
    What collects the counts of a server.

    Args:
        registry: Of this process.
        is_one_of_many: Whether it shares PROMETHEUS_MULTIPROC_DIR with others, all of whose counts are wanted.
    """
    if is_one_of_many:
        return MultiProcessCollector(CollectorRegistry()).collect  # type: ignore[no-untyped-call]  # it ships no types for this
    return registry.restricted_registry(_COUNTED).collect


class Sources:
    """Gathers them."""

    def __init__(
        self,
        counts: Callable[[], Iterable[Metric]],
        journal: Journal,
        experiments: Experiments,
        ledger: DeploymentLedger,
        *,
        store_limit: int | None = None,
    ) -> None:
        """
        Args:
            counts: What the workers count.
            journal: Whose store keeps the rest.
            experiments: What this process follows.
            ledger: What served when.
            store_limit: What the store should not exceed, in bytes; None for no limit.
        """
        self._limit = store_limit
        self._counts, self._journal, self._experiments, self._entries = counts, journal, experiments, ledger
        self._kept = Lookup(self._read_store, fresh_s=lambda: _STORE_FRESH_S, patience_s=_PATIENCE_S)
        self._ledger = Lookup(self._read_ledger, fresh_s=lambda: _LEDGER_FRESH_S, patience_s=_PATIENCE_S)

    def readiness(self) -> str:
        """Why the service is not ready; empty if it is."""
        try:
            self._journal.check()
        except JournalUnavailable as error:
            return str(error)
        return ""

    def gather(self) -> Gathered:
        """All that is known by now, or soon."""
        # Both at once, so that a page waits for the slower one only.
        self._kept.begin()
        self._ledger.begin()
        return Gathered(
            at=datetime.now(UTC),
            counted=self._collected(),
            waiting=self._waiting(),
            kept=self._kept.look(),
            ledger=self._ledger.look(),
        )

    def _collected(self) -> Collected:
        try:
            return Collected(self._counts())
        except Exception:  # noqa: BLE001  # a broken file of counts; the rest is worth showing
            _LOG.exception("what the workers counted cannot be read")
            return Collected(())

    def _waiting(self) -> Waiting | None:
        spool = self._journal.spool
        with suppress(OSError):
            lag_s = spool.lag_s(allowed_s=self._journal.ship_every_s)
            return Waiting(size=spool.measure(), limit=spool.max_bytes, lag_s=lag_s)
        return None

    def _read_store(self) -> Kept:
        store = self._journal.store
        slices = store.slices(since=first_hour(datetime.now(UTC)), width=HOUR_US, most=MOST_REQUESTS)
        report, problem = None, ""
        try:
            found = store.kept(REPORT_NAME)
            report = None if found is None else from_json(found[1], DriftReport, source="the newest report")
        except ManifestError as error:
            problem = str(error)
        self._experiments.look()
        return Kept(
            slices=slices,
            report=report,
            report_problem=problem,
            experiment=self._experiments.current,
            experiment_problem=self._experiments.problem,
            held=self._held(),
        )

    def _held(self) -> Held:
        store = self._journal.store
        span, reported = store.span(), store.newest_outcome()
        return Held(
            size=store.size_bytes(),
            limit=self._limit,
            predicted=_time(span[1]) if span else None,
            reported=_time(reported) if reported else None,
        )

    def _read_ledger(self) -> list[Deployment]:
        return [entry for environment in Environment for entry in self._entries.history(environment)]


def _time(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC)

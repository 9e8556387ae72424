"""What serves, since when, whether it is ready, and whether anything is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.console.collected import Collected
from app.console.deployments import current
from app.console.severity import Badge, badge
from app.console.traffic import SECONDS
from app.console.words import ago, counted, plain, seconds, share, size, span
from core.drift import DriftReport, Severity
from core.experiment import Arm
from core.ledger import Deployment, Environment
from core.thresholds import (
    BURN,
    DRIFT_DAYS,
    FAILED_MAY,
    LAG_S,
    LEAST,
    MODEL_DAYS,
    OUTCOME_DAYS,
    SLOW_MAY,
    SLOW_S,
    SPOOL_SHARE,
    STORE_SHARE,
)

_STALE: Final = timedelta(days=DRIFT_DAYS)
# As a warning a page says sooner what is alerted of.
_LATE_S, _FULL = LAG_S / 2, 0.5
# Of the challenger's rows; now and then one is late on any machine.
_FEW_REPLACED: Final = 0.01
_API: Final = "/v1/"
_PREDICT: Final = "/v1/predict"
_LONGEST: Final = 120
# What the workers count they count for as long as they run.
_EVER: Final = "Since the server started"


@dataclass(frozen=True, kw_only=True, slots=True)
class Concern:
    """
    Something that is to be looked at.

    Attributes:
        severity: How much it asks for.
        text: What it is, in a sentence.
        section: The part of the page that says more; empty for none.
    """

    severity: Severity
    text: str
    section: str = ""

    @property
    def badge(self) -> Badge:
        """Its severity, as it is shown."""
        return badge(self.severity)


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """
    What waits to be shipped to the journal's store.

    Attributes:
        size: In bytes.
        limit: That it may not exceed.
        lag_s: How much longer than it may the oldest line has waited; 0 if none has.
    """

    size: int
    limit: int
    lag_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """
    What the journal's store holds.

    Attributes:
        size: In bytes.
        limit: That it should not exceed; None if there is none.
        predicted: When the newest prediction was answered; None if there is none.
        reported: When the newest outcome was reported; likewise.
    """

    size: int
    limit: int | None
    predicted: datetime | None
    reported: datetime | None


def sort(concerns: Iterable[Concern]) -> tuple[Concern, ...]:
    """The worst first."""
    return tuple(sorted(concerns, key=lambda concern: -concern.severity.rank))


def of_readiness(problem: str) -> Iterator[Concern]:
    """
    What it means that the service is not ready.

    Args:
        problem: Why; empty if it is.
    """
    if problem:
        text = f"The service is not ready, and answers no predictions: {plain(problem)}."
        yield Concern(severity=Severity.CRITICAL, text=text)


def of_requests(found: Collected) -> Iterator[Concern]:
    """What the workers counted that nobody hopes for."""
    statuses = found.by(f"{SECONDS}_count", "route", "status")
    # Who looks whether it is ready, every few seconds, is no caller.
    asked = {key: count for key, count in statuses.items() if key[0].startswith(_API)}
    requests = sum(asked.values())
    failed = sum(count for (_, status), count in asked.items() if status.startswith("5"))
    if failed:
        text = f"{_EVER} {counted(failed, 'request')} of {requests:,.0f} failed ({share(failed / requests)})."
        yield Concern(severity=_burning(failed, requests, FAILED_MAY), text=text, section="traffic")
    yield from _of_slow(found)
    away = found.total("slipway_requests_sent_away_total")
    if away:
        text = f"{_EVER} {counted(away, 'request')} came while there were too many, and got status 503."
        yield Concern(severity=Severity.WARNING, text=text, section="traffic")
    unwritten = found.total("slipway_journal_unwritten_total")
    if unwritten:
        text = f"{_EVER} {counted(unwritten, 'request')} could not be written into the journal."
        yield Concern(severity=Severity.WARNING, text=text)
    rows = found.by("slipway_predictions_total", "fallback") | {("",): 0.0}
    replaced, all_rows = sum(rows.values()), found.total("slipway_predictions_total", arm=Arm.CHALLENGER)
    if replaced > _FEW_REPLACED * all_rows:
        rows_of_it = f"{replaced:,.0f} of the challenger's {counted(all_rows, 'row')}"
        text = f"{_EVER} the champion answered {rows_of_it}, as it failed or was too slow."
        yield Concern(severity=Severity.WARNING, text=text, section="experiment")


def _of_slow(found: Collected) -> Iterator[Concern]:
    # What is refused is quick, and no prediction.
    spread = found.spreads(SECONDS, "route", "method", "status").get((_PREDICT, "POST", "200"))
    if spread is None:
        return
    slow = sum(count for bound, count in zip(spread.bounds, spread.counts, strict=True) if bound > SLOW_S)
    if slow > SLOW_MAY * spread.total:
        text = (
            f"{_EVER} {slow:,.0f} of {counted(spread.total, 'prediction')} of one row took more than {seconds(SLOW_S)}."
        )
        yield Concern(severity=_burning(slow, spread.total, SLOW_MAY), text=text, section="traffic")


def _burning(bad: float, total: float, may: float) -> Severity:
    """Whether that is as bad as what is alerted of."""
    return Severity.ALERT if bad > LEAST and bad / total > BURN * may else Severity.WARNING


def of_model(trained: datetime, now: datetime) -> Iterator[Concern]:
    """
    What it means that the model is old.

    Args:
        trained: When it was.
        now: The time.
    """
    if now - trained > timedelta(days=MODEL_DAYS):
        yield Concern(severity=Severity.WARNING, text=f"The model was trained {ago(trained, now)}.", section="model")


def of_spool(waiting: Waiting | None) -> Iterator[Concern]:
    """What it means that lines wait; None where the disk cannot be read."""
    if waiting is None:
        yield Concern(severity=Severity.ERROR, text="The folder of what waits for the journal's store cannot be read.")
        return
    if waiting.lag_s > _LATE_S:
        length = span(timedelta(seconds=waiting.lag_s))
        text = f"The journal's store lags: a line is {length} late, {size(waiting.size)} wait."
        yield Concern(severity=Severity.ALERT if waiting.lag_s > LAG_S else Severity.WARNING, text=text)
    if waiting.size > _FULL * waiting.limit:
        text = f"What waits for the journal's store takes {size(waiting.size)} of {size(waiting.limit)} that it may."
        is_urgent = waiting.size > SPOOL_SHARE * waiting.limit
        yield Concern(severity=Severity.ALERT if is_urgent else Severity.WARNING, text=text)


def of_store(problem: str) -> Iterator[Concern]:
    """
    What it means that the journal's store cannot be read.

    Args:
        problem: Why; empty if it can.
    """
    if problem:
        yield Concern(severity=Severity.ERROR, text=f"The journal's store cannot be read: {plain(problem)}.")


def of_held(held: Held, now: datetime) -> Iterator[Concern]:
    """
    What it means that the journal's store fills, or that no outcomes come any more.

    Args:
        held: What it holds.
        now: The time.
    """
    if held.limit is not None and held.size > STORE_SHARE * held.limit:
        text = f"The journal's store takes {size(held.size)} of {size(held.limit)} that it may."
        yield Concern(severity=Severity.WARNING, text=text)
    if held.predicted is None or held.reported is None:
        # Where none ever came, none is expected.
        return
    is_asked = now - held.predicted < timedelta(days=1)
    if is_asked and now - held.reported > timedelta(days=OUTCOME_DAYS):
        text = f"Predictions are made, but the last outcome was reported {ago(held.reported, now)}."
        yield Concern(severity=Severity.WARNING, text=text, section="quality")


def of_report(report: DriftReport | None, problem: str, now: datetime) -> Iterator[Concern]:
    """
    What the last drift check found, or that there was none.

    Args:
        report: The last that can be read.
        problem: Why the one that is kept cannot be; empty if it can.
        now: The time.
    """
    if problem:
        text = f"The report of the last drift check cannot be read: {plain(problem)}."
        yield Concern(severity=Severity.ERROR, text=text, section="drift")
    elif report is None:
        yield Concern(severity=Severity.INFO, text="Drift was never checked; scripts/drift does.", section="drift")
    if report is None:
        return
    if now - report.made_at > _STALE:
        text = f"Drift was last checked {ago(report.made_at, now)}."
        yield Concern(severity=Severity.WARNING, text=text, section="drift")
    if report.severity.rank > Severity.INFO.rank:
        yield Concern(severity=report.severity, text=plain(report.headline), section="drift")
    for findings in report.quality:
        if findings.severity.rank > Severity.INFO.rank:
            # The whole sentence stands where the link leads.
            text = f"{plain(findings.tag)}: {plain(findings.sentence, _LONGEST)}"
            yield Concern(severity=findings.severity, text=text, section="quality")


def of_experiment(problem: str) -> Iterator[Concern]:
    """
    What it means that the experiment is not followed.

    Args:
        problem: Why; empty if it is.
    """
    if problem:
        text = f"The experiment is not followed: {plain(problem)}."
        yield Concern(severity=Severity.ERROR, text=text, section="experiment")


def of_ledger(entries: Sequence[Deployment] | None, problem: str, tag: str) -> Iterator[Concern]:
    """
    Whether the ledger says that this tag serves.

    Args:
        entries: Of all environments; None where they are not known.
        problem: Why they are not, or are not up to date; empty if they are.
        tag: That this process serves.
    """
    if problem:
        yield Concern(
            severity=Severity.INFO, text=f"The ledger cannot be read: {plain(problem)}.", section="deployments"
        )
    serving = list(filter(None, (current(entries or (), environment) for environment in Environment)))
    if serving and tag not in {str(entry.tag) for entry in serving}:
        known = ", ".join(f"{entry.tag} {entry.environment}" for entry in serving)
        text = f"By the ledger other tags serve ({known}), not {tag}."
        yield Concern(severity=Severity.WARNING, text=text, section="deployments")

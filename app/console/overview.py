"""How things stand, as the page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.console import standing
from app.console.deployments import DeploymentLine, current, deployments_of
from app.console.drift import Drift, drift_of
from app.console.experiment import Shown, experiment_of
from app.console.quality import Quality, quality_of
from app.console.scores import Scores, scores_of
from app.console.sources import Gathered
from app.console.standing import Concern
from app.console.traffic import Hours, Traffic, hours_of, since, traffic_of
from app.console.words import ago, moment
from core.contract import Target
from core.ledger import Environment
from core.reference import Knots


@dataclass(frozen=True, kw_only=True, slots=True)
class Overview:
    """
    How things stand.

    Attributes:
        at: When it was gathered.
        serves_since: Since when the tag serves production by the ledger, empty if it does not say.
        concerns: What is to be looked at, the worst first.
        since: When counting began; empty if it is not known.
        traffic: What the workers counted.
        hours: What the journal has of the last day; None where nothing is known of it.
        scores: Of each model that answered.
        lacks_store: Whether the journal's store cannot be read; then the concerns say why, and what it said last is
            shown. Likewise `lacks_report` and `lacks_ledger`.
        drift: The last check.
        quality: By tag.
        experiment: The one that is kept.
        deployments: The newest first; None where nothing is known of them.
    """

    at: str
    serves_since: str
    concerns: tuple[Concern, ...]
    since: str
    traffic: Traffic
    hours: Hours | None
    scores: tuple[Scores, ...]
    lacks_store: bool
    lacks_report: bool
    lacks_ledger: bool
    drift: Drift | None
    quality: tuple[Quality, ...]
    experiment: Shown | None
    deployments: tuple[DeploymentLine, ...] | None


def overview_of(
    found: Gathered, *, tag: str, trained: datetime, target: Target, promised: Knots | None, readiness: str
) -> Overview:
    """
    What is shown of it.

    Args:
        found: What was gathered.
        tag: That this process serves.
        trained: When that was made.
        target: What it predicts.
        promised: The distribution of its scores on the holdout; None where there is none of one score.
        readiness: Why the service is not ready; empty if it is.
    """
    kept, entries, now = found.kept.value, found.ledger.value, found.at
    report = kept.report if kept else None
    began = since(found.counted.total("slipway_start_timestamp_seconds"), now)
    serving = current(entries or (), Environment.PRODUCTION)
    is_serving = serving is not None and str(serving.tag) == tag
    return Overview(
        at=moment(now),
        serves_since=ago(serving.at, now) if serving is not None and is_serving else "",
        concerns=_concerns(found, tag, trained, readiness),
        since=ago(began, now) if began else "",
        traffic=traffic_of(found.counted),
        hours=hours_of(kept.slices, now) if kept else None,
        scores=scores_of(found.counted, target, tag, promised),
        lacks_store=bool(found.kept.problem),
        lacks_report=kept is not None and bool(kept.report_problem),
        lacks_ledger=bool(found.ledger.problem),
        drift=drift_of(report, now) if report else None,
        quality=quality_of(report) if report else (),
        experiment=experiment_of(kept.experiment, now) if kept and kept.experiment else None,
        deployments=None if entries is None else deployments_of(entries, now),
    )


def _concerns(found: Gathered, tag: str, trained: datetime, readiness: str) -> tuple[Concern, ...]:
    kept = found.kept.value
    concerns = [
        *standing.of_readiness(readiness),
        *standing.of_requests(found.counted),
        *standing.of_spool(found.waiting),
        *standing.of_store(found.kept.problem),
        *standing.of_ledger(found.ledger.value, found.ledger.problem, tag),
        *standing.of_model(trained, found.at),
    ]
    if kept is not None:
        concerns += standing.of_experiment(kept.experiment_problem)
        concerns += standing.of_held(kept.held, found.at)
        concerns += standing.of_report(kept.report, kept.report_problem, found.at)
    return standing.sort(concerns)

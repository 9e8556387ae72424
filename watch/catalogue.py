"""The alerts that a look raises: how bad each is and what to do; of the same names and kinds as the rules'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

SERVICE_DOWN, MANY_ERRORS, MANY_SLOW = "ServiceDown", "ManyErrors", "ManySlowAnswers"
JOURNAL_UNAVAILABLE, SPOOL_NEARLY_FULL = "JournalUnavailable", "SpoolNearlyFull"
JOURNAL_NOT_DRAINING, NOT_WRITTEN = "JournalNotDraining", "AnswersNotWritten"
DATA_DRIFTED, QUALITY_DEGRADED, NOT_CHECKED = "DataDrifted", "QualityDegraded", "DriftNotChecked"
MODEL_STALE, OUTCOMES_MISSING, CHALLENGER_FAILING = "ModelStale", "OutcomesMissing", "ChallengerFailing"
STORE_NEARLY_FULL, EGRESS_COSTLY = "StoreNearlyFull", "EgressCostly"
# No rule of Prometheus: it is about that.
MONITORING_SILENT: Final = "MonitoringSilent"


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """
    A kind of alert.

    Attributes:
        severity: page or ticket.
        kind: What it is about.
        remedy: What to do.
    """

    severity: str
    kind: str
    remedy: str


def _page(kind: str, remedy: str) -> Kind:
    return Kind(severity="page", kind=kind, remedy=remedy)


def _ticket(kind: str, remedy: str) -> Kind:
    return Kind(severity="ticket", kind=kind, remedy=remedy)


CATALOGUE: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        SERVICE_DOWN: _page("availability", "The platform's log says why; scripts/rollback if a deployment began it."),
        MANY_ERRORS: _page("availability", "The log names the requests; scripts/rollback if a deployment began it."),
        MANY_SLOW: _page("latency", "More workers, a larger machine; scripts/rollback if a deployment began it."),
        JOURNAL_UNAVAILABLE: _page("journal", "Make room on the disk, or bring the database back."),
        SPOOL_NEARLY_FULL: _page("journal", "Bring the database back before requests are refused."),
        JOURNAL_NOT_DRAINING: _ticket("journal", "The database does not answer, or not fast enough."),
        NOT_WRITTEN: _ticket("journal", "Make room on the disk, or bring the database back."),
        DATA_DRIFTED: _ticket("drift", "python -m drift report says which columns; train anew if it is to stay."),
        QUALITY_DEGRADED: _ticket("degradation", "Train anew, or go back to a better model."),
        NOT_CHECKED: _ticket("model", "scripts/doctor says why the workflow does not run."),
        MODEL_STALE: _ticket("model", "See why train.yml publishes no newer one, or allow for more days."),
        OUTCOMES_MISSING: _ticket("model", "Mend what reports outcomes to /v1/outcomes."),
        CHALLENGER_FAILING: _ticket("experiment", "scripts/experiment stop ends the experiment."),
        STORE_NEARLY_FULL: _ticket("cost", "Keep less (JOURNAL_RETENTION_DAYS, JOURNAL_SAMPLE), or pay for more."),
        EGRESS_COSTLY: _ticket("cost", "See who asks for so much, and let them take gzip."),
        MONITORING_SILENT: _page("heartbeat", "Start Prometheus, Alertmanager and the receiver of alerts again."),
    }
)

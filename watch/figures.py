"""What a service shows under /metrics, as far as it is judged; what it does not show is None."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from core.documents import Document
from core.drift import Severity
from core.thresholds import SLOW_S

_ALARMING: Final = frozenset(severity for severity in Severity if severity.is_alarming)
_SECONDS: Final = "slipway_request_duration_seconds"
_API, _PREDICT = "/v1/", "/v1/predict"


class Counters(Document, frozen=True, kw_only=True):
    """
    What only grows, until the server is started anew.

    Attributes:
        requests: Of the API, with those that were sent away.
        failed: Of these, those that should not have.
        predictions: Of one row, without those that were refused.
        slow: Of these, those that took longer than `SLOW_S`.
        challenger: Rows that were the challenger's.
        fallbacks: Of these, those that the champion answered.
        unwritten: Requests that were answered without a line in the journal.
        sent_bytes: Of answers.
    """

    requests: float = 0.0
    failed: float = 0.0
    predictions: float = 0.0
    slow: float = 0.0
    challenger: float = 0.0
    fallbacks: float = 0.0
    unwritten: float = 0.0
    sent_bytes: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """
    What is judged. Times are seconds since 1970; 0 where something never happened.

    Attributes:
        started: When the server began.
        counters: What only grows.
        lag_s: How much longer than it may the oldest line waits for the journal's store.
        spool: What waits, as a share of what may.
        store: What the store takes, as a share of what it may.
        checked: When drift was last checked.
        drifted: Columns that are an alert or critical.
        quality: The rank of the severity of the model's quality.
        trained: When the champion was trained.
        predicted: When a prediction was last answered.
        outcome: When an outcome was last reported.
    """

    started: float | None = None
    counters: Counters
    lag_s: float | None = None
    spool: float | None = None
    store: float | None = None
    checked: float | None = None
    drifted: float | None = None
    quality: float | None = None
    trained: float | None = None
    predicted: float | None = None
    outcome: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sample:
    name: str
    labels: Mapping[str, str]
    value: float


class _Shown:
    """The samples of a service, by name."""

    def __init__(self, samples: Iterable[_Sample]) -> None:
        self._by_name: dict[str, list[_Sample]] = {}
        for each in samples:
            self._by_name.setdefault(each.name, []).append(each)

    def of(self, name: str) -> list[_Sample]:
        """All samples of a name."""
        return self._by_name.get(name, [])

    def gauge(self, name: str, **labels: str) -> float | None:
        """The largest value of a gauge with these labels; None if there is none."""
        found = (each.value for each in self.of(name) if labels.items() <= each.labels.items())
        return max(found, default=None)

    def share(self, name: str, limit: str) -> float | None:
        """A gauge as a share of its limit; None where either is missing."""
        value, most = self.gauge(name), self.gauge(limit)
        return None if value is None or not most else value / most


def figures_in(text: str) -> Figures:
    """
    Read the text format of Prometheus.

    Raises:
        ValueError: if the text is none, or not a Slipway's.
    """
    try:
        shown = _Shown(_samples(text))
        counters = _counters(shown)
    except KeyError as error:
        raise ValueError(f"has no label {error}") from error
    if not shown.of("slipway_build_info") and not shown.of(f"{_SECONDS}_count"):
        raise ValueError("has no metrics of Slipway")
    columns = [each for each in shown.of("slipway_drift_columns") if each.labels.get("severity") in _ALARMING]
    return Figures(
        started=shown.gauge("slipway_start_timestamp_seconds"),
        counters=counters,
        lag_s=shown.gauge("slipway_journal_lag_seconds"),
        spool=shown.share("slipway_journal_spool_bytes", "slipway_journal_spool_limit_bytes"),
        store=shown.share("slipway_journal_store_bytes", "slipway_journal_store_limit_bytes"),
        checked=shown.gauge("slipway_drift_last_check_timestamp_seconds"),
        drifted=sum(each.value for each in columns) if columns else None,
        quality=shown.gauge("slipway_quality_severity"),
        trained=shown.gauge("slipway_model_trained_timestamp_seconds", arm="champion"),
        predicted=shown.gauge("slipway_journal_last_prediction_timestamp_seconds"),
        outcome=shown.gauge("slipway_journal_last_outcome_timestamp_seconds"),
    )


def _samples(text: str) -> Iterator[_Sample]:
    for family in text_string_to_metric_families(text):
        for each in family.samples:
            # What is no number tells nothing.
            if math.isfinite(each.value):
                yield _Sample(name=each.name, labels=each.labels, value=each.value)


def _is_prediction(sample: _Sample) -> bool:
    """Whether it counts predictions of one row; what is refused is quick, and none."""
    labels = sample.labels
    return (labels["route"], labels["method"], labels["status"]) == (_PREDICT, "POST", "200")


def _counters(shown: _Shown) -> Counters:
    asked = [each for each in shown.of(f"{_SECONDS}_count") if each.labels["route"].startswith(_API)]
    away = sum(each.value for each in shown.of("slipway_requests_sent_away_total"))
    predicted = sum(each.value for each in asked if _is_prediction(each))
    quick = sum(
        each.value
        for each in shown.of(f"{_SECONDS}_bucket")
        if _is_prediction(each) and float(each.labels["le"]) == SLOW_S
    )
    rows = [each for each in shown.of("slipway_predictions_total") if each.labels["arm"] == "challenger"]
    return Counters(
        requests=sum(each.value for each in asked) + away,
        failed=sum(each.value for each in asked if each.labels["status"].startswith("5")) + away,
        predictions=predicted,
        slow=predicted - quick,
        challenger=sum(each.value for each in rows),
        fallbacks=sum(each.value for each in rows if each.labels["fallback"]),
        unwritten=sum(each.value for each in shown.of("slipway_journal_unwritten_total")),
        sent_bytes=sum(each.value for each in shown.of("slipway_response_bytes_total")),
    )

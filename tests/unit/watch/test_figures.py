"""The metrics of a service, read."""

from __future__ import annotations

import pytest

from watch.figures import Counters, figures_in

_SECONDS = "slipway_request_duration_seconds"
TEXT = f"""
# TYPE {_SECONDS} histogram
{_SECONDS}_bucket{{le="0.1",method="POST",route="/v1/predict",status="200"}} 5
{_SECONDS}_bucket{{le="0.25",method="POST",route="/v1/predict",status="200"}} 8
{_SECONDS}_bucket{{le="+Inf",method="POST",route="/v1/predict",status="200"}} 10
{_SECONDS}_count{{method="POST",route="/v1/predict",status="200"}} 10
{_SECONDS}_bucket{{le="0.25",method="POST",route="/v1/predict",status="401"}} 400
{_SECONDS}_count{{method="POST",route="/v1/predict",status="401"}} 400
{_SECONDS}_bucket{{le="0.25",method="POST",route="/v1/outcomes",status="500"}} 1
{_SECONDS}_count{{method="POST",route="/v1/outcomes",status="500"}} 3
{_SECONDS}_count{{method="GET",route="/readyz",status="503"}} 99
# TYPE slipway_requests_sent_away_total counter
slipway_requests_sent_away_total 2
# TYPE slipway_predictions_total counter
slipway_predictions_total{{arm="champion",fallback="",label="yes",model_tag="model-v1.0.0"}} 50
slipway_predictions_total{{arm="challenger",fallback="",label="yes",model_tag="model-v1.1.0"}} 30
slipway_predictions_total{{arm="challenger",fallback="slow",label="no",model_tag="model-v1.0.0"}} 4
# TYPE slipway_journal_unwritten_total counter
slipway_journal_unwritten_total 1
# TYPE slipway_response_bytes_total counter
slipway_response_bytes_total{{route="/v1/predict"}} 700
slipway_response_bytes_total{{route="/"}} 300
# TYPE slipway_journal_spool_bytes gauge
slipway_journal_spool_bytes 25
# TYPE slipway_journal_spool_limit_bytes gauge
slipway_journal_spool_limit_bytes 100
# TYPE slipway_journal_store_bytes gauge
slipway_journal_store_bytes 25
# TYPE slipway_drift_columns gauge
slipway_drift_columns{{severity="warning"}} 7
slipway_drift_columns{{severity="alert"}} 2
slipway_drift_columns{{severity="critical"}} 1
# TYPE slipway_model_trained_timestamp_seconds gauge
slipway_model_trained_timestamp_seconds{{arm="champion",model_tag="model-v1.0.0"}} 5
slipway_model_trained_timestamp_seconds{{arm="shadow",model_tag="model-v1.2.0"}} 9
"""


def test_what_only_grows_is_added_up() -> None:
    assert figures_in(TEXT).counters == Counters(
        requests=415, failed=5, predictions=10, slow=2, challenger=34, fallbacks=4, unwritten=1, sent_bytes=1000
    )


def test_what_is_shown_is_read_and_the_rest_is_unknown() -> None:
    figures = figures_in(TEXT)
    assert (figures.spool, figures.drifted, figures.trained) == (0.25, 3, 5)
    # Nothing limits this store.
    assert figures.store is None
    assert figures.started is figures.lag_s is figures.quality is figures.outcome is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no metrics of Slipway"),
        ("up 1\n", "has no metrics of Slipway"),
        ("<html>\n", "html|has no metrics"),
        (f"{_SECONDS}_count 5\n", "has no label 'route'"),
    ],
    ids=["empty", "another", "page", "bare"],
)
def test_what_is_no_slipway_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        figures_in(text)


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf"])
def test_what_is_no_number_tells_nothing(value: str) -> None:
    text = TEXT.replace("slipway_journal_spool_bytes 25", f"slipway_journal_spool_bytes {value}")
    assert (figures_in(TEXT).spool, figures_in(text).spool) == (0.25, None)

"""The model: which one answers, what it says, and what it is asked that training did not see."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from monitoring.dashboards.panels import WINDOW, Panel, bars, facts, figure, lines, page, spread

_SCORES = "slipway_prediction_score"


def model() -> Dashboard:
    """What somebody looks at who knows the data."""
    return page(
        "slipway-model",
        "Slipway: model",
        {
            "Now": _now(),
            "Answers": _answers(),
            "Inputs": _inputs(),
        },
    )


def _now() -> list[Panel]:
    return [
        figure(
            "Age of the model",
            'time() - max(slipway_model_trained_timestamp_seconds{arm="champion"})',
            "s",
            "Since it was trained.",
            limits=[30 * 86_400, 45 * 86_400],
        ),
        figure(
            "Fetched, verified and tried in",
            'max(slipway_model_load_seconds{arm="champion"})',
            "s",
            "What a start takes before the service is ready.",
        ),
        figure(
            "Last prediction",
            "time() - (max(slipway_journal_last_prediction_timestamp_seconds) > 0)",
            "s",
            "How long ago, by the journal's store.",
        ),
        figure(
            "Last outcome",
            "time() - (max(slipway_journal_last_outcome_timestamp_seconds) > 0)",
            "s",
            "How long ago somebody reported what became of a prediction.",
        ),
        figure(
            "Rows with something new, of a thousand",
            "1000 * (sum(rate(slipway_input_warnings_total[1h])) or vector(0))"
            " / (sum(rate(slipway_predictions_total[1h])) > 0)",
            "none",
            "Values that training did not see; one row may have several.",
        ),
        figure(
            "Answered, not written down",
            "sum(increase(slipway_journal_unwritten_total[1d]))",
            "none",
            "Requests of the last day, where JOURNAL_WHEN_FULL=serve lets them pass.",
            limits=[1],
        ),
    ]


def _answers() -> list[Panel]:
    return [
        lines(
            "By label",
            {"{{label}}": f"sum by (label) (rate(slipway_predictions_total[{WINDOW}]))"},
            "rowsps",
            "Rows a second; of values there is one line without a label.",
        ),
        lines(
            "By model",
            {
                "{{model_tag}} {{arm}} {{fallback}}": (
                    f"sum by (model_tag, arm, fallback) (rate(slipway_predictions_total[{WINDOW}]))"
                )
            },
            "rowsps",
            "Who answered; a third word says why the champion stood in for the challenger.",
        ),
        spread(
            "Scores",
            f"sum by (le) (increase({_SCORES}_bucket[{WINDOW}]))",
            "none",
            "The positive class's probability; of several classes that of the label; or the value.",
        ),
        lines(
            "Mean score",
            {
                # A sum of values that may be below nothing falls, and is no counter.
                "{{model_tag}}": f"sum by (model_tag) (delta({_SCORES}_sum[{WINDOW}]))"
                f" / (sum by (model_tag) (increase({_SCORES}_count[{WINDOW}])) > 0)"
            },
            "none",
            "A step without a deployment is drift, or a caller who sends something else; after a start it is wrong.",
            is_signed=True,
        ),
    ]


def _inputs() -> list[Panel]:
    return [
        bars(
            "What training did not see",
            "topk(15, sum by (feature, code) (increase(slipway_input_warnings_total[1d])))",
            "none",
            "Values of the last day, by feature.",
            legend="{{feature}} {{code}}",
        ),
        facts(
            "Models",
            "max by (model_tag, arm) (slipway_model_info)",
            "Who answers, and who only looks on.",
            left_out=[],
        ),
    ]

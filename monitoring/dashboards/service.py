"""The service: whether it answers, how fast, and what waits."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from monitoring.dashboards.panels import WINDOW, Panel, facts, figure, lines, page, spread

_REQUESTS = "slipway_request_duration_seconds_count"
# What is refused is quick, and no prediction.
_BUCKETS = 'slipway_request_duration_seconds_bucket{route="/v1/predict",method="POST",status="200"}'
_CUT_OFF = 'caddy_http_request_duration_seconds_count{handler="subroute",method="POST",code=~"502|504"}'


def _quantile(level: float, window: str = WINDOW) -> str:
    return f"histogram_quantile({level:g}, sum by (le) (rate({_BUCKETS}[{window}])))"


def service() -> Dashboard:
    """What somebody looks at first."""
    return page(
        "slipway",
        "Slipway: service",
        {
            "Now": _now(),
            "Promises": _promises(),
            "Traffic": _traffic(),
            "Latency": _latency(),
            "Journal": _journal(),
        },
    )


def _now() -> list[Panel]:
    return [
        figure(
            "What is to serve answers",
            'min(up{job="active"}) or max(up{job="slipway"})',
            "none",
            "1 if it does: the slot that has the callers, through the proxy; where there is none, any instance.",
            limits=[1],
            is_least=True,
        ),
        figure(
            "Requests a second",
            f"sum(rate({_REQUESTS}[5m]))",
            "reqps",
            "Whatever was asked, health checks and scrapes too.",
        ),
        figure(
            "Errors",
            'max(job:slipway_request_errors:ratio_rate5m) or 0 * sum(up{job="slipway"} == 1)',
            "percentunit",
            "Of the API's requests, those that failed or were sent away; one in a thousand may.",
            limits=[0.001, 0.01],
        ),
        figure(
            "p99 of a prediction",
            # Without a request there is no number, which is not above nothing.
            f"{_quantile(0.99, '5m')} >= 0",
            "s",
            "Of a hundred requests for one row, 99 are answered within this.",
            limits=[0.1, 0.25],
        ),
        figure(
            "Journal behind by",
            "max(slipway_journal_lag_seconds)",
            "s",
            "How much longer than it may the oldest line waits for the store; nothing is usual.",
            limits=[60, 600],
        ),
        figure(
            "Spool",
            "max(slipway_journal_spool_bytes / slipway_journal_spool_limit_bytes)",
            "percentunit",
            "What waits to be shipped, of what may; beyond it requests are refused.",
            limits=[0.5, 0.8],
        ),
    ]


def _promises() -> list[Panel]:
    return [
        lines(
            "Errors: times as fast as a month allows",
            {
                window: f"max(job:slipway_request_errors:ratio_rate{window}) / 0.001"
                for window in ("5m", "1h", "6h", "3d")
            },
            "none",
            "Above 14.4 over an hour, or 6 over six, somebody is woken; above 1 over three days is a ticket.",
            limits=[1, 14.4],
        ),
        lines(
            "Slow predictions: times as many as a month allows",
            {
                window: f"max(job:slipway_slow_predictions:ratio_rate{window}) / 0.01"
                for window in ("5m", "1h", "6h", "3d")
            },
            "none",
            "Of a hundred predictions of one row one may take more than 250 ms.",
            limits=[1, 14.4],
        ),
    ]


def _traffic() -> list[Panel]:
    return [
        lines(
            "Requests",
            {"{{route}}": f"sum by (route) (rate({_REQUESTS}[{WINDOW}]))"},
            "reqps",
            "By route.",
        ),
        lines(
            "Answers that are no answers",
            {
                "{{status}}": f'sum by (status) (rate({_REQUESTS}{{status=~"[45].."}}[{WINDOW}]))',
                "sent away": f"sum(rate(slipway_requests_sent_away_total[{WINDOW}]))",
                "cut off": f"sum(rate({_CUT_OFF}[{WINDOW}]))",
            },
            "reqps",
            "422 is a fault in what was sent, 429 a key beyond its rate, 500 and more are the service's own; "
            "who was sent away came when too many were there; who was cut off got no answer from behind the proxy.",
        ),
        lines("Rows", {"{{route}}": f"sum by (route) (rate(slipway_rows_total[{WINDOW}]))"}, "rowsps", "By route."),
        lines(
            "Bytes sent",
            {"{{route}}": f"sum by (route) (rate(slipway_response_bytes_total[{WINDOW}]))"},
            "Bps",
            "Bodies of answers, for which some platforms charge.",
        ),
    ]


def _latency() -> list[Panel]:
    return [
        lines(
            "A prediction of one row",
            {f"p{100 * level:g}": _quantile(level) for level in (0.5, 0.95, 0.99)},
            "s",
            "From the first byte of a request to its answer, without the network.",
            limits=[0.25],
        ),
        spread("How long predictions take", f"sum by (le) (increase({_BUCKETS}[{WINDOW}]))", "s", "Of one row."),
        lines(
            "In flight",
            {"requests": "sum(slipway_requests_in_flight)"},
            "none",
            "Requests that are being answered at the moment of a scrape.",
        ),
        lines(
            "What answers",
            {"{{slot}}": 'max by (slot) (up{job="slipway"})', "through the proxy": 'max(up{job="active"})'},
            "none",
            "1 for each instance that does; of two slots on one host one stands by.",
        ),
    ]


def _journal() -> list[Panel]:
    return [
        lines(
            "Behind by",
            {"oldest line": "max(slipway_journal_lag_seconds)"},
            "s",
            "It grows while the store is away, and falls to nothing when it is back.",
            limits=[600],
        ),
        lines(
            "Waiting",
            {
                "spool": "max(slipway_journal_spool_bytes)",
                "limit": "max(slipway_journal_spool_limit_bytes)",
            },
            "bytes",
            "What waits to be shipped, and what may.",
        ),
        lines(
            "Store",
            {
                "store": "max(slipway_journal_store_bytes)",
                "limit": "max(slipway_journal_store_limit_bytes)",
            },
            "bytes",
            "What the journal takes in its database, and what the plan includes.",
        ),
        facts(
            "Code",
            "slipway_build_info",
            "What runs.",
            left_out=["job"],
        ),
    ]

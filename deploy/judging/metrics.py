"""How many requests an instance has answered, and how many of them with an error of its own, by its metrics."""

from __future__ import annotations

from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from core.errors import ServiceError
from core.service import Service
from deploy.judging.watching import Tally

_COUNT: Final = "slipway_request_duration_seconds_count"
# Health checks and scrapes go well when nothing else does.
_ROUTES: Final = "/v1/"


def scrape(service: Service) -> Tally:
    """
    The counts of whichever instance answers.

    Raises:
        ServiceError: if they cannot be read.
    """
    reply = service.call("GET", "/metrics")
    try:
        return tally_of(reply.body.decode())
    except (ValueError, KeyError) as error:
        raise ServiceError(f"{service.name}: what answers at /metrics is no Slipway") from error


def tally_of(text: str) -> Tally:
    """
    Add up the requests of the API in Prometheus' text format.

    Raises:
        ValueError: if the text is none.
    """
    requests = errors = 0.0
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == _COUNT and sample.labels["route"].startswith(_ROUTES):
                requests += sample.value
                errors += sample.value if sample.labels["status"].startswith("5") else 0
    return Tally(requests=int(requests), errors=int(errors))

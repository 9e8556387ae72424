"""What an instance has answered, by its metrics."""

from __future__ import annotations

import pytest

from core.errors import ServiceError
from core.service import Service
from deploy.judging.metrics import scrape, tally_of
from deploy.judging.watching import Tally
from tests.loopback import Answer, answering

METRICS = """# HELP slipway_request_duration_seconds Time.
# TYPE slipway_request_duration_seconds histogram
slipway_request_duration_seconds_bucket{le="0.1",method="POST",route="/v1/predict",status="200"} 40
slipway_request_duration_seconds_count{method="POST",route="/v1/predict",status="200"} 40
slipway_request_duration_seconds_sum{method="POST",route="/v1/predict",status="200"} 1.5
slipway_request_duration_seconds_count{method="POST",route="/v1/predict/batch",status="500"} 3
slipway_request_duration_seconds_count{method="POST",route="/v1/outcomes",status="503"} 2
slipway_request_duration_seconds_count{method="GET",route="/readyz",status="200"} 900
other_count{a="b"} 7
"""


def test_requests_of_the_api_add_up_and_health_checks_do_not() -> None:
    assert tally_of(METRICS) == Tally(requests=45, errors=5)
    assert tally_of("") == Tally()


@pytest.mark.parametrize("body", [b"<html>", b"\xff", b'slipway_request_duration_seconds_count{a="b"} 1\n'])
def test_what_is_none_is_said(body: bytes) -> None:
    with answering(lambda _: Answer(body=body)) as server, pytest.raises(ServiceError, match="no Slipway"):
        scrape(Service(server.url, ""))

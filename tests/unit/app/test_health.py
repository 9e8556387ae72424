"""GET /livez and /readyz."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient


def test_a_process_that_answers_is_alive(client: FlaskClient) -> None:
    answer = client.get("/livez")

    assert (answer.status_code, answer.get_json()) == (200, {"status": "alive"})


def test_a_ready_process_says_which_model_it_serves(client: FlaskClient) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer.get_json()) == (200, {"status": "ready", "model_tag": "model-v1.0.0"})


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_a_probe_may_ask_for_the_head_only(client: FlaskClient, path: str) -> None:
    answer = client.head(path)

    assert (answer.status_code, answer.data) == (200, b"")

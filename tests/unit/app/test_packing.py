"""Answers are packed for those who take that, and are otherwise the same."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

BATCH: dict[str, Any] = {"rows": [{"age": 30, "city": "Oslo"}] * 50}


def scores(body: bytes) -> list[float]:
    return [row["score"] for row in json.loads(body)["predictions"]]


@pytest.mark.parametrize("accepted", ["gzip", "gzip;q=0.5, br", "*"])
def test_a_large_answer_is_packed(client: FlaskClient, accepted: str) -> None:
    plain = client.post("/v1/predict/batch", json=BATCH)
    packed = client.post("/v1/predict/batch", json=BATCH, headers={"Accept-Encoding": accepted})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert len(packed.data) == int(packed.headers["Content-Length"]) < len(plain.data) / 2
    assert scores(gzip.decompress(packed.data)) == scores(plain.data)


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "identity"])
def test_nobody_gets_what_they_do_not_take(client: FlaskClient, accepted: str) -> None:
    answer = client.post("/v1/predict/batch", json=BATCH, headers={"Accept-Encoding": accepted})

    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert scores(answer.data)


def test_a_small_answer_is_not_worth_it(client: FlaskClient) -> None:
    answer = client.post("/v1/predict", json=BATCH["rows"][0], headers={"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in answer.headers


def test_refusals_are_packed_too(client: FlaskClient) -> None:
    answer = client.post("/v1/predict/batch", json={"rows": [{}] * 50}, headers={"Accept-Encoding": "gzip"})

    assert answer.status_code == 422
    assert len(json.loads(gzip.decompress(answer.data))["errors"]) == 50

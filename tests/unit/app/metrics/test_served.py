"""The metrics of the code and of the models that serve."""

from __future__ import annotations

import platform
import tomllib
from pathlib import Path

from flask.testing import FlaskClient

from app.metrics.served import build_info
from core.version import VERSION

ROOT = Path(__file__).resolve().parents[4]


def test_the_version_is_that_of_the_project() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_it_says_which_code_runs() -> None:
    (sample,) = build_info("abc").samples
    assert sample.labels == {"version": VERSION, "revision": "abc", "python": platform.python_version()}
    assert sample.value == 1


def test_it_says_which_model_answers_since_when_it_exists_and_how_long_it_took_to_load(client: FlaskClient) -> None:
    by = '{arm="champion",model_tag="model-v1.0.0"}'
    values = dict(line.rsplit(" ", 1) for line in client.get("/metrics").text.splitlines())

    assert values[f"slipway_model_info{by}"] == "1.0"
    assert float(values[f"slipway_model_trained_timestamp_seconds{by}"]) > 1e9
    assert 0 < float(values[f"slipway_model_load_seconds{by}"]) < 60

"""A candidate that is shown what a service was asked, and a training that goes on whatever comes of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ml.replaying import replay_candidate
from tests.loopback import Answer, answering


def variables(folder: Path, **changes: str) -> dict[str, str]:
    return {
        **os.environ,
        "MODEL_REGISTRY": f"directory:{folder / 'registry'}",
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        **changes,
    }


def replay(folder: Path, *, longest_s: float = 60.0, **changes: str) -> str:
    return replay_candidate(folder, folder / "model.toml", variables(folder, **changes), longest_s=longest_s)


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({}, "Nothing was replayed, as SERVICE_URL and SERVICE_KEY are not set."),
        ({"SERVICE_URL": "https://slipway.example.org"}, "Nothing was replayed, as SERVICE_KEY is not set."),
    ],
)
def test_without_a_service_nothing_is_replayed(tmp_path: Path, own: dict[str, str], said: str) -> None:
    environment = variables(tmp_path, **{"SERVICE_URL": "", "SERVICE_KEY": "", **own})
    assert replay_candidate(tmp_path, tmp_path / "model.toml", environment) == said
    assert not (tmp_path / "summary.md").exists()


def test_what_keeps_it_from_being_replayed_is_on_the_page_and_the_training_goes_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said = replay(tmp_path, SERVICE_URL="http://127.0.0.1:9", SERVICE_KEY="slip_key")
    assert said == "Nothing was replayed; the training goes on."
    problem = f"{tmp_path / 'model.toml'}"
    assert problem in capfd.readouterr().err
    assert (tmp_path / "summary.md").read_text().startswith(f"**Nothing was replayed:** {problem}")


def test_a_service_that_takes_for_ever_does_not_hold_the_training_up(tmp_path: Path) -> None:
    with answering(lambda _: Answer(body=b"{}")) as server:
        said = replay(tmp_path, longest_s=0.01, SERVICE_URL=server.url, SERVICE_KEY="slip_key")
    assert said == "Nothing was replayed, as that took more than 0.01 s; the training goes on."

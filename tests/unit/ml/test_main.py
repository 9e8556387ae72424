"""`python -m ml`: what is checked once more before a candidate becomes a release; which options are refused."""

from __future__ import annotations

from pathlib import Path

import msgspec
import polars as pl
import pytest
from click.testing import CliRunner, Result

from core.manifest import GateRecord
from core.registry import DirectoryRegistry
from core.tags import ModelTag
from ml.__main__ import main
from ml.candidate import HOLDOUT_NAME
from tests.factories import make_bundle
from tests.unit.ml.factories import make_candidate

ACCEPTED = GateRecord(accepted=True, champion=None, compared_with="the base rate", reasons=("passed: a",))
OVER_FIRST = msgspec.structs.replace(ACCEPTED, champion=ModelTag(1, 0, 0))


def _publish(folder: Path) -> Result:
    environment = {
        "MODEL_REGISTRY": f"directory:{folder / 'registry'}",
        "DEPLOYMENT_LEDGER": f"file:{folder / 'ledger.jsonl'}",
        "CANDIDATE_DIR": str(folder / "candidate"),
        "WANDB_MODE": "",
        "WANDB_API_KEY": "",
        "WANDB_PROJECT": "",
    }
    return CliRunner().invoke(main, ["publish"], env=environment)


def _registry(folder: Path, *tags: str) -> DirectoryRegistry:
    registry = DirectoryRegistry(folder / "registry")
    for tag in tags:
        registry.publish(make_bundle(folder / tag, tag=tag))
    return registry


def test_an_accepted_candidate_is_published_and_the_next_step_is_said(tmp_path: Path) -> None:
    make_candidate(tmp_path / "candidate", gate=ACCEPTED)
    result = _publish(tmp_path)
    assert result.exit_code == 0, result.output
    assert "Published model-v1.0.0: served scores equal the trained ones to " in result.output
    assert result.output.endswith("Next: scripts/serve\n")
    assert [str(tag) for tag in _registry(tmp_path).tags()] == ["model-v1.0.0"]


def test_a_successor_says_that_a_running_server_must_be_started_again(tmp_path: Path) -> None:
    _registry(tmp_path, "model-v1.0.0")
    make_candidate(tmp_path / "candidate", tag="model-v1.1.0", gate=OVER_FIRST)
    assert "a server that runs keeps its model until it is started again" in _publish(tmp_path).output


def test_a_candidate_is_published_once(tmp_path: Path) -> None:
    make_candidate(tmp_path / "candidate", gate=ACCEPTED)
    _publish(tmp_path)
    result = _publish(tmp_path)
    assert result.exit_code == 1
    assert result.stderr == "error: model-v1.0.0 is published already; train again to get the next tag\n"


def test_a_candidate_older_than_what_was_published_since_is_refused(tmp_path: Path) -> None:
    _registry(tmp_path, "model-v1.2.0")
    make_candidate(tmp_path / "candidate", tag="model-v1.1.0", gate=ACCEPTED)
    assert "model-v1.1.0 does not come after model-v1.2.0" in _publish(tmp_path).stderr


def test_a_candidate_that_the_gate_refused_is_not_published_and_the_reasons_are_said(tmp_path: Path) -> None:
    refused = msgspec.structs.replace(ACCEPTED, accepted=False, reasons=("passed: a", "failed: b", "failed: c"))
    make_candidate(tmp_path / "candidate", gate=refused)
    result = _publish(tmp_path)
    assert result.exit_code == 1
    assert result.stderr == "error: the gate refused model-v1.0.0: b; c\n"
    assert _registry(tmp_path).tags() == []


def test_a_candidate_judged_against_another_champion_is_not_published(tmp_path: Path) -> None:
    _registry(tmp_path, "model-v1.0.0", "model-v1.1.0")
    make_candidate(tmp_path / "candidate", tag="model-v1.2.0", gate=OVER_FIRST)
    result = _publish(tmp_path)
    assert result.exit_code == 1
    assert result.stderr == "error: model-v1.2.0 was not judged against today's champion; train again\n"


@pytest.mark.parametrize(("shift", "is_allowed"), [(9e-6, True), (1.1e-5, False)])
def test_a_candidate_whose_served_scores_are_not_the_trained_ones_is_not_published(
    shift: float, is_allowed: bool, tmp_path: Path
) -> None:
    make_candidate(tmp_path / "candidate", gate=ACCEPTED)
    path = tmp_path / "candidate" / HOLDOUT_NAME
    pl.read_parquet(path).with_columns(pl.col("slipway score 0") + shift).write_parquet(path)
    result = _publish(tmp_path)
    assert (result.exit_code == 0) is is_allowed
    assert is_allowed or "served scores differ from the trained ensemble's by up to 1.1e-05" in result.stderr
    assert bool(_registry(tmp_path).tags()) is is_allowed


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--rate", "0", "0.0 is not in the range"),
        ("--rate", "nan", "'nan' is not a number"),
        ("--batch", "0", "0 is not in the range"),
        ("--since", "yesterday", "'yesterday' does not match the format"),
        ("--url", "127.0.0.1:8000", "takes the address of a service, such as http://127.0.0.1:8000"),
        ("--url", "http://me:password@127.0.0.1:8000", "takes the address of a service"),
    ],
)
def test_a_bad_option_of_traffic_is_said_before_anything_is_read(option: str, value: str, words: str) -> None:
    result = CliRunner().invoke(main, ["traffic", option, value, "--model-file", "nowhere.toml"])
    assert result.exit_code == 2
    assert f"Invalid value for '{option}': {words}" in result.stderr


def test_a_malformed_key_is_named_and_not_repeated() -> None:
    result = CliRunner().invoke(main, ["traffic"], env={"API_KEY": "slip_a slip_b", "PORT": "http"})
    assert result.exit_code == 1
    assert "  PORT: takes a whole number from 1 to 65535, found 'http'" in result.stderr
    assert "  API_KEY: takes one key, as python -m app keys new shows it\n" in result.stderr
    assert "slip_" not in result.stderr

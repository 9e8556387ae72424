"""What training reads from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SettingsError
from core.ledger import Environment
from core.tags import FIRST_TAG
from ml.settings import TrainingSettings
from tests.factories import make_bundle


def test_an_empty_environment_is_enough() -> None:
    settings = TrainingSettings.from_env({})
    assert settings.candidate == Path(".slipway/candidate")
    assert (settings.wandb.api_key, settings.wandb.project, settings.wandb.folder) == ("", "slipway", Path(".slipway"))


@pytest.mark.parametrize(
    ("environment", "mode"),
    [
        ({}, "offline"),
        ({"WANDB_API_KEY": "k"}, "online"),
        ({"WANDB_API_KEY": "k", "WANDB_MODE": "offline"}, "offline"),
        ({"WANDB_MODE": "disabled"}, "disabled"),
    ],
)
def test_a_run_goes_online_where_there_is_a_key_unless_told(environment: dict[str, str], mode: str) -> None:
    assert TrainingSettings.from_env(environment).wandb.mode == mode


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("WANDB_MODE", "dryrun", "takes online or offline or disabled, found 'dryrun'"),
        ("WANDB_MODE", "online", "takes online only beside WANDB_API_KEY"),
        ("WANDB_PROJECT", "team/project", "takes up to 128 characters without /"),
        ("WANDB_PROJECT", "x" * 129, "takes up to 128 characters"),
    ],
)
def test_what_weights_and_biases_would_refuse_is_refused_at_once(name: str, value: str, words: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: {words}"):
        TrainingSettings.from_env({name: value})


def test_registry_and_ledger_are_where_the_environment_says(tmp_path: Path) -> None:
    settings = TrainingSettings.from_env(
        {"MODEL_REGISTRY": f"directory:{tmp_path}/registry", "DEPLOYMENT_LEDGER": f"file:{tmp_path}/ledger.jsonl"}
    )
    settings.registry.publish(make_bundle(tmp_path / "bundle"))
    assert (tmp_path / "registry" / str(FIRST_TAG)).is_dir()
    assert settings.ledger.history(Environment.PRODUCTION) == []


def test_the_other_variables_are_taken_as_they_are() -> None:
    environment = {"CANDIDATE_DIR": "/a", "WANDB_API_KEY": "k", "WANDB_PROJECT": "p", "WANDB_DIR": "/w"}
    settings = TrainingSettings.from_env(environment)
    assert settings.candidate == Path("/a")
    assert (settings.wandb.api_key, settings.wandb.project, settings.wandb.folder) == ("k", "p", Path("/w"))


def test_every_malformed_variable_is_named() -> None:
    with pytest.raises(SettingsError) as caught:
        TrainingSettings.from_env({"MODEL_REGISTRY": "s3", "DEPLOYMENT_LEDGER": "sqlite:x"})
    assert [fault.place for fault in caught.value.faults] == ["MODEL_REGISTRY", "DEPLOYMENT_LEDGER"]

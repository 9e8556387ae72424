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
    assert (settings.wandb_api_key, settings.wandb_project, settings.wandb_dir) == ("", "slipway", Path(".slipway"))


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
    assert (settings.wandb_api_key, settings.wandb_project, settings.wandb_dir) == ("k", "p", Path("/w"))


def test_every_malformed_variable_is_named() -> None:
    with pytest.raises(SettingsError) as caught:
        TrainingSettings.from_env({"MODEL_REGISTRY": "s3", "DEPLOYMENT_LEDGER": "sqlite:x"})
    assert [fault.place for fault in caught.value.faults] == ["MODEL_REGISTRY", "DEPLOYMENT_LEDGER"]

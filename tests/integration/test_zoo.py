"""Forty odd tables: each trains and serves, or is refused with one sentence that says what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from app import create_app
from app.settings import ServiceSettings
from core.bundle import Bundle
from core.contract import CategoricalFeature
from core.golden import score_gap
from core.registry import DirectoryRegistry
from core.tags import FIRST_TAG
from ml.__main__ import main
from tests.commands import Home
from tests.zoo import ZOO, Animal

SERVED = [animal for animal in ZOO if not animal.refused]
REFUSED = [animal for animal in ZOO if animal.refused]


def _adopt(animal: Animal, folder: Path) -> tuple[Home, Result]:
    home = Home(folder=folder / "home")
    model = ["--model-file", str(folder / "model.toml"), "--report", str(folder / "table.md"), "--trials", "1"]
    options = [str(animal.write(folder)), "--target", animal.target, *animal.options, *model]
    return home, CliRunner().invoke(main, ["adopt", *options], env=home.environment | {"WANDB_MODE": "disabled"})


def test_the_zoo_is_large() -> None:
    assert len(ZOO) >= 40
    assert len({animal.name for animal in ZOO}) == len(ZOO)


@pytest.mark.parametrize("animal", SERVED, ids=lambda animal: animal.name)
def test_it_trains_and_serves(animal: Animal, tmp_path: Path) -> None:
    home, result = _adopt(animal, tmp_path)
    assert result.exit_code == 0, result.output
    bundle = DirectoryRegistry(home.registry).fetch(FIRST_TAG)
    assert bundle.contract.target.task == animal.task
    kinds = {
        feature.name: "categorical" if isinstance(feature, CategoricalFeature) else "numeric"
        for feature in bundle.contract.features
    }
    assert {name: kinds.get(name, "out") for name in animal.kinds} == dict(animal.kinds)
    assert [text for text in animal.said if text not in result.output + (tmp_path / "table.md").read_text()] == []
    _is_served(home, bundle, animal)


def _is_served(home: Home, bundle: Bundle, animal: Animal) -> None:
    client = create_app(ServiceSettings.from_env(home.environment)).test_client()
    golden = bundle.golden().rows[0]
    answer = client.post("/v1/predict", json=golden.row)
    assert answer.status_code == 200, answer.text
    said = answer.get_json()
    scores = (
        list(said["scores"].values()) if "scores" in said else [said["value"] if "value" in said else said["score"]]
    )
    assert score_gap(np.array([scores]), np.array([golden.score]), bundle.contract.target.task) < 1e-3
    asked = client.post("/v1/predict", json={**golden.row, **animal.asked})
    assert asked.status_code == 200, asked.text
    page = client.get("/")
    assert page.status_code == 200
    assert page.content_type.startswith("text/html")


@pytest.mark.parametrize("animal", REFUSED, ids=lambda animal: animal.name)
def test_it_is_refused_with_one_sentence(animal: Animal, tmp_path: Path) -> None:
    _, result = _adopt(animal, tmp_path)
    assert result.exit_code == 1, result.output
    said = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(said) == 1, result.output
    assert animal.refused in said[0]
    assert not (tmp_path / "model.toml").exists()

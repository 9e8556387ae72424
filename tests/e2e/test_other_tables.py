"""A table of another kind trains, publishes and serves with only model.toml changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from app import create_app
from app.settings import ServiceSettings
from core.bundle import Bundle
from core.contract import Task
from core.golden import TOLERANCE, score_gap
from core.registry import DirectoryRegistry
from core.tags import FIRST_TAG
from ml.figures import metric_text
from tests.commands import Home
from tests.factories import known
from tests.tables import WRITERS, Table
from tests.wandb_file import read_records, run_summary


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """A table that was trained on and published by the command line, and what it printed."""

    task: Task
    table: Table
    home: Home
    output: str

    @property
    def bundle(self) -> Bundle:
        """The published bundle."""
        return DirectoryRegistry(self.home.registry).fetch(FIRST_TAG)


@pytest.fixture(scope="module", params=list(Task), ids=lambda task: task.value)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder: Path = tmp_path_factory.mktemp(request.param.value)
    table, home = WRITERS[request.param](folder), Home(folder=folder / "home")
    done = home.run("ml", "train", "--publish", "--trials", "2", "--model-file", str(table.model_file))
    assert done.returncode == 0, done.stdout + done.stderr
    return Trained(task=request.param, table=table, home=home, output=done.stdout)


def _predict(trained: Trained, body: Any, route: str = "/v1/predict") -> Any:
    app = create_app(ServiceSettings.from_env(trained.home.environment))
    return app.test_client().post(route, json=body).get_json()


def test_training_says_what_it_did_and_what_comes_next(trained: Trained) -> None:
    assert "Trained model-v1.0.0 on" in trained.output
    assert "Gate: accepted" in trained.output
    assert "Published model-v1.0.0" in trained.output
    assert "Next: scripts/serve" in trained.output


def test_the_model_learned_the_table(trained: Trained) -> None:
    assert known(trained.bundle.manifest.metrics[trained.table.headline])[0] > trained.table.floor


def test_the_service_answers_in_the_form_of_the_task(trained: Trained) -> None:
    answer = _predict(trained, trained.table.row)
    if trained.task is Task.REGRESSION:
        assert answer["value"] == pytest.approx(300 + 14 * 100 + 250, rel=0.05)
        # The rents scatter by 60, of which 1.645 on either side hold nine of ten.
        assert answer["low"] < answer["value"] < answer["high"]
        assert answer["high"] - answer["low"] == pytest.approx(2 * 1.645 * 60, rel=0.3)
    elif trained.task is Task.MULTICLASS:
        assert answer["label"] == "c"
        assert sum(answer["scores"].values()) == pytest.approx(1)
    else:
        assert answer["label"] == "no"
        assert 0 <= answer["score"] < trained.bundle.manifest.threshold.value  # type: ignore[union-attr]
    assert answer["model_tag"] == "model-v1.0.0"


def test_the_openapi_document_speaks_of_the_tables_own_columns(trained: Trained) -> None:
    app = create_app(ServiceSettings.from_env(trained.home.environment))
    document = app.test_client().get("/openapi.json").get_json()
    assert set(document["components"]["schemas"]["Row"]["properties"]) == set(trained.table.row)


def test_a_batch_over_http_gives_the_trained_scores_of_the_holdout(trained: Trained) -> None:
    holdout = pl.read_parquet(trained.home.candidate / "holdout.parquet")
    contract = trained.bundle.contract
    rows = list(holdout.select(contract.names).iter_rows(named=True))
    answers = _predict(trained, {"rows": rows}, "/v1/predict/batch")["predictions"]
    if trained.task is Task.MULTICLASS:
        served = [list(answer["scores"].values()) for answer in answers]
    else:
        served = [[answer["value" if trained.task is Task.REGRESSION else "score"]] for answer in answers]
    expected = holdout.select(pl.selectors.starts_with("slipway score")).to_numpy()
    assert score_gap(np.array(served), expected, trained.task) <= TOLERANCE


def test_the_service_s_intervals_hold_the_share_of_the_holdout_that_the_manifest_says(trained: Trained) -> None:
    manifest = trained.bundle.manifest
    if trained.task is not Task.REGRESSION:
        assert manifest.intervals is None
        return
    rents = pl.read_csv(trained.table.model_file.with_suffix(".csv")).tail(manifest.lineage.holdout.rows)
    rows = rents.select(trained.bundle.contract.names).to_dicts()
    answers = _predict(trained, {"rows": rows}, "/v1/predict/batch")["predictions"]
    held = [answer["low"] <= rent <= answer["high"] for answer, rent in zip(answers, rents["rent"], strict=True)]
    assert np.mean(held) == pytest.approx(manifest.metrics["coverage"].value, abs=1e-6)
    assert np.mean(held) == pytest.approx(0.9, abs=0.05)


def test_evaluating_the_published_tag_gives_the_manifests_figures(trained: Trained) -> None:
    done = trained.home.run("ml", "evaluate", "model-v1.0.0", "--model-file", str(trained.table.model_file))
    assert done.returncode == 0, done.stderr
    metric = trained.bundle.manifest.metrics[trained.table.headline]
    assert metric_text(metric) in done.stdout


def test_a_model_judged_against_itself_is_a_tie_and_stays_out(trained: Trained) -> None:
    done = trained.home.run("ml", "train", "--publish", "--trials", "2", "--model-file", str(trained.table.model_file))
    assert done.returncode == 0
    assert "Gate: refused" in done.stdout
    assert "Nothing was published; model-v1.0.0 stays the champion." in done.stdout
    assert DirectoryRegistry(trained.home.registry).tags() == [FIRST_TAG]


def test_the_offline_wandb_run_holds_config_metrics_and_the_bundle(trained: Trained) -> None:
    manifest = trained.bundle.manifest
    (path,) = trained.home.folder.glob(f"wandb/offline-run-*-{manifest.wandb_run_id}/*.wandb")
    summary = run_summary(read_records(path))
    assert summary["id"] == manifest.wandb_run_id
    assert summary["config"]["data_sha256"] == manifest.lineage.data_sha256
    assert re.fullmatch("[0-9a-f]{40}", summary["config"]["git_commit"])
    assert summary["config"]["git_commit"] == manifest.lineage.git_commit
    for name, metric in manifest.metrics.items():
        assert summary["metrics"][f"holdout/{name}"] == metric.value
    assert summary["metrics"]["importances.nrows"] == len(trained.table.row)
    assert set(summary["artifacts"]["bundle-model-v1.0.0"]) == {"manifest.json", *manifest.files}


def test_the_card_prints_and_writes_a_page_with_its_plots(trained: Trained, tmp_path: Path) -> None:
    printed = trained.home.run("ml", "card", "model-v1.0.0")
    assert printed.stdout == trained.bundle.files["MODEL_CARD.md"].decode()
    assert ("## By class" in printed.stdout) is (trained.task is Task.MULTICLASS)
    assert ("between which 90 % of the outcomes are to lie" in printed.stdout) is (trained.task is Task.REGRESSION)
    page = tmp_path / "card.html"
    assert trained.home.run("ml", "card", "model-v1.0.0", "--html", str(page)).returncode == 0
    assert "data:image/svg+xml;base64," in page.read_text()
    assert 'src="card-' not in page.read_text()

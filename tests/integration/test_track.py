"""`python -m ml track` and `report`, as drift.yml and people run them."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.keys import Scope, new_key
from core.documents import to_json
from core.ledger import Environment, FileLedger
from core.registry import DirectoryRegistry
from core.service import Service
from core.tags import ModelTag
from ml.wandb_report import TITLE
from tests.commands import ROOT, Home
from tests.drift_reports import END, TAG, make_report
from tests.factories import make_bundle
from tests.integration.test_gunicorn import serving
from tests.wandb_file import read_records, run_summary
from tests.wandb_server import wandb_service

KEY = "5ec2e7" * 7
OLD = "model-v1.3.0"
RUN = "watch-model-20130611"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Two models of which the newer one serves."""
    home = Home(folder=tmp_path)
    ledger = FileLedger(tmp_path / "ledger.jsonl")
    for day, tag in enumerate((OLD, TAG), 1):
        DirectoryRegistry(home.registry).publish(make_bundle(tmp_path / tag, tag=tag))
        at = datetime(2013, 6, day, tzinfo=UTC)
        ledger.record(Environment.PRODUCTION, ModelTag.parse(tag), at=at, reason="a new model")
    return home


def leave_report(home: Home) -> str:
    """What a check leaves in DRIFT_DIR."""
    folder = home.folder / "drift"
    folder.mkdir()
    (folder / "drift.json").write_bytes(to_json(make_report()))
    return str(folder)


def track(home: Home, **variables: str) -> subprocess.CompletedProcess[str]:
    return home.run("ml", "track", **{"AS_OF": "2013-06-11", "DRIFT_DIR": str(home.folder / "none"), **variables})


def runs(home: Home) -> list[dict[str, Any]]:
    paths = sorted(home.folder.glob(f"wandb/offline-run-*-{RUN}/*.wandb"))
    return [run_summary(read_records(path)) for path in paths]


def test_the_day_is_one_run_with_champions_gate_drift_and_live_quality(home: Home) -> None:
    done = track(home, DRIFT_DIR=leave_report(home))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{TAG} serves production; drift of {END:%Y-%m-%d} 05:17 UTC. W&B run {RUN} is in ")
    (found,) = runs(home)
    assert (found["id"], found["name"]) == (RUN, "watch 2013-06-11")
    assert (found["config"]["champion"], found["config"]["day"]) == (TAG, "2013-06-11")
    metrics = found["metrics"]
    assert (metrics["drift/severity"], metrics["live/auc"], metrics["holdout/accuracy"]) == (6, 0.919, 0.9)
    assert metrics["champion/served_days"] == 9
    tables = {name: metrics[f"watch/{name}.nrows"] for name in ("champions", "gate", "drift", "live")}
    assert tables == {"champions": 2, "gate": 2, "drift": 17, "live": 3}


def test_a_second_look_on_the_same_day_is_of_the_same_run(home: Home) -> None:
    for _ in range(2):
        assert track(home).returncode == 0
    assert {each["id"] for each in runs(home)} == {RUN}


def test_the_report_is_asked_of_the_service_where_no_check_left_one(home: Home) -> None:
    secret, entry = new_key("watch", [Scope.ADMIN])
    with serving(home.folder, API_KEYS=str(entry)) as server:
        place = {"SERVICE_URL": f"http://127.0.0.1:{server.port}", "SERVICE_KEY": secret}
        before = track(home, **place)
        assert "no check of drift" in before.stdout, before.stderr
        keep_report(place["SERVICE_URL"], secret)
        assert f"drift of {END:%Y-%m-%d} 05:17 UTC" in track(home, **place).stdout
        refused = track(home, SERVICE_URL=place["SERVICE_URL"], SERVICE_KEY=secret[:-1])
    assert (refused.returncode, "refuses the key of SERVICE_KEY (401)" in refused.stderr) == (1, True)
    assert [("drift/severity" in each["metrics"]) for each in runs(home)] == [False, True]


def keep_report(url: str, secret: str) -> None:
    content = b'{"report":' + to_json(make_report()) + b',"memory":{}}'
    Service(url, secret).call(
        "POST", "/v1/drift", passes=204, data=content, headers={"Content-Type": "application/json"}
    )


def test_without_a_key_the_script_has_nothing_to_do_in_a_workflow(home: Home) -> None:
    environment = {name: value for name, value in home.environment.items() if name != "WANDB_API_KEY"}
    command = ["scripts/track", "--if-key"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "Nothing was recorded: WANDB_API_KEY is not set.\n"
    assert runs(home) == []


def test_a_report_is_saved_once_and_then_in_its_own_place(home: Home) -> None:
    with wandb_service(KEY) as wandb:
        for _ in range(2):
            done = home.run("ml", "report", WANDB_API_KEY=KEY, WANDB_BASE_URL=wandb.url)
            assert done.returncode == 0, done.stderr
            assert done.stderr == ""
            assert f"W&B report: {wandb.url}/acme/slipway/reports/" in done.stdout
        (view,) = wandb.views.values()
        refused = home.run("ml", "report", WANDB_API_KEY=KEY[::-1], WANDB_BASE_URL=wandb.url)
        elsewhere = home.run("ml", "report", "--entity", "others", WANDB_API_KEY=KEY, WANDB_BASE_URL=wandb.url)
    assert view["displayName"] == TITLE
    assert "watch/champions" in view["spec"]
    assert "live/auc" in view["spec"]
    for failed in (refused, elsewhere):
        assert (failed.returncode, failed.stdout) == (1, "")
        assert failed.stderr.startswith("error: W&B did not take the report (")
        assert len(failed.stderr.splitlines()) == 1


def test_a_report_takes_a_key_or_is_only_shown(home: Home) -> None:
    lacking, shown = home.run("ml", "report"), home.run("ml", "report", "--dry-run")
    assert (lacking.returncode, "WANDB_API_KEY" in lacking.stderr) == (1, True)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert len(json.loads(shown.stdout)["blocks"]) > 10

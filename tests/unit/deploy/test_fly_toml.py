"""`fly.toml`: what no schema checks."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from app.keys import Scope, new_key
from core.errors import PlatformRefused
from core.registry import DirectoryRegistry
from core.settings import SettingsReader
from deploy.platforms.fly_file import machine_kind, require_blue_green
from tests.factories import make_bundle

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "fly.toml"
TAG = "model-v1.0.0"


@pytest.fixture(scope="module")
def table() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text())


def seconds(text: str) -> int:
    (number, unit) = re.fullmatch(r"(\d+)([sm])", text).groups()  # type: ignore[union-attr]  # or the test fails
    return int(number) * (60 if unit == "m" else 1)


def test_it_can_be_deployed_blue_green(table: dict[str, Any]) -> None:
    require_blue_green(FILE)
    assert table["deploy"]["strategy"] == "bluegreen"
    assert "mounts" not in table
    assert list(table["processes"]) == ["app"]


def test_the_port_is_the_one_that_the_service_listens_on(table: dict[str, Any]) -> None:
    assert table["http_service"]["internal_port"] == 8080
    assert (table["env"]["HOST"], table["env"]["PORT"]) == ("0.0.0.0", "8080")  # noqa: S104  # of a machine of its own


def test_the_metrics_are_read_where_the_service_shows_them_and_no_stranger_comes(table: dict[str, Any]) -> None:
    (metrics,) = table["metrics"]
    assert str(metrics["port"]) == table["env"]["METRICS_PORT"]
    assert metrics["port"] != table["http_service"]["internal_port"]
    assert "services" not in table


def test_green_is_well_once_it_says_that_it_is_ready(table: dict[str, Any]) -> None:
    (check,) = table["http_service"]["checks"]
    assert (check["method"], check["path"]) == ("GET", "/readyz")
    assert 5 <= seconds(check["grace_period"]) <= 60
    assert max(seconds(check["interval"]), seconds(check["timeout"])) <= 60


def test_a_machine_is_given_the_time_that_gunicorn_takes_to_end(table: dict[str, Any]) -> None:
    (graceful,) = re.findall(r"^graceful_timeout = (\d+)$", (ROOT / "gunicorn.conf.py").read_text(), re.MULTILINE)
    assert table["kill_signal"] == "SIGTERM"
    assert int(graceful) <= seconds(table["kill_timeout"]) <= 300


def test_every_variable_is_one_that_the_service_reads(table: dict[str, Any]) -> None:
    read = {
        node.args[0].value
        for node in ast.walk(ast.parse((ROOT / "app/settings.py").read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == SettingsReader.read.__name__
        and isinstance(node.args[0], ast.Constant)
    }
    assert set(table["env"]) <= read


def test_no_secret_and_no_model_is_written_down(table: dict[str, Any]) -> None:
    secret = {"API_KEYS", "DATABASE_URL", "SUBJECT_KEY", "RATE_LIMIT_STORAGE", "GITHUB_TOKEN"}
    assert not secret & set(table["env"])
    assert "MODEL_TAG" not in table["env"]


def test_a_small_machine_has_at_least_256_megabytes(table: dict[str, Any]) -> None:
    machines = [*table["vm"], table["deploy"]["release_command_vm"]]
    assert all(int(each["memory"].removesuffix("mb")) >= 256 for each in machines)
    assert machine_kind(FILE) == "shared-cpu-1x 256mb"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("[processes]", "[[mounts]]\n  source = 'a'\n  destination = '/a'\n[processes]"), "[mounts] must go"),
        (('[processes]\n  app = ""', ""), "[processes] must be written out"),
        (("[[http_service.checks]]", "[[http_service.machine_checks]]"), "[[http_service.checks]] is missing"),
        (('PORT = "8080"', 'MODEL_TAG = "model-v1.0.0"'), "[env] must not set MODEL_TAG"),
        (("[env]", "[env"), "cannot be read"),
    ],
)
def test_a_file_that_would_go_wrong_is_refused(tmp_path: Path, change: tuple[str, str], sentence: str) -> None:
    path = tmp_path / "fly.toml"
    text = FILE.read_text().replace('    [http_service.checks.headers]\n      X-Forwarded-Proto = "https"\n', "")
    path.write_text(text.replace(*change))
    with pytest.raises(PlatformRefused, match=re.escape(sentence)):
        require_blue_green(path)


def release(table: dict[str, Any], tmp_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the release command as Fly does, but with a registry on this machine."""
    _, key = new_key("caller", [Scope.PREDICT])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MODEL_")}
    settings = {**table["env"], "MODEL_REGISTRY": f"directory:{tmp_path / 'registry'}", "API_KEYS": str(key)}
    program, *arguments = shlex.split(table["deploy"]["release_command"])
    assert program == "python"
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=kept | settings | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_release_command_lets_a_model_pass_whose_golden_rows_come_out_right(
    table: dict[str, Any], tmp_path: Path
) -> None:
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle", tag=TAG))
    done = release(table, tmp_path, MODEL_TAG=TAG)
    assert done.returncode == 0
    assert "golden rows scored as at training" in done.stderr


def test_the_release_command_stops_a_deployment_without_a_tag(table: dict[str, Any], tmp_path: Path) -> None:
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle", tag=TAG))
    done = release(table, tmp_path)
    assert done.returncode == 1
    assert "MODEL_TAG: APP_ENV=production needs a tag" in done.stderr


def test_the_release_command_stops_a_damaged_model(table: dict[str, Any], tmp_path: Path) -> None:
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle", tag=TAG))
    golden = tmp_path / "registry" / TAG / "golden.json"
    golden.chmod(0o644)
    golden.write_bytes(golden.read_bytes() + b" ")
    done = release(table, tmp_path, MODEL_TAG=TAG)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr

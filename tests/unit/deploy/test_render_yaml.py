"""What render.yaml holds, by Render's schema and by what no schema checks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from app.settings import ServiceSettings
from tests.commands import ROOT

FILE = ROOT / "render.yaml"
# Render publishes it without a licence, so that it is no part of this repository.
_SCHEMAS = (ROOT.parent / "shared/facts/schemas", Path("/work/shared/facts/schemas"))
_SECRETS = {"API_KEYS", "DATABASE_URL", "SUBJECT_KEY", "GITHUB_TOKEN", "RATE_LIMIT_STORAGE"}


def _schema() -> Path | None:
    named = os.environ.get("RENDER_SCHEMA")
    places = [Path(named)] if named else [folder / "render.schema.json" for folder in _SCHEMAS]
    return next((place for place in places if place.exists()), None)


def read(text: str) -> dict[str, Any]:
    """As a reader of YAML 1.1 does, for which an unquoted off is false."""
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 1)
    document: dict[str, Any] = yaml.load(text)
    return document


@pytest.fixture
def document() -> dict[str, Any]:
    return read(FILE.read_text())


@pytest.fixture
def service(document: dict[str, Any]) -> dict[str, Any]:
    (only,) = document["services"]
    found: dict[str, Any] = only
    return found


@pytest.fixture
def variables(service: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["key"]: each for each in service["envVars"]}


def test_it_passes_renders_schema() -> None:
    schema = _schema()
    if schema is None:
        pytest.skip(
            "Render's schema is not here; set RENDER_SCHEMA to a copy of https://render.com/schema/render.yaml.json"
        )
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(schema), str(FILE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_off_is_off_in_every_yaml(document: dict[str, Any], service: dict[str, Any]) -> None:
    assert service["autoDeployTrigger"] == "off"
    assert document["previews"]["generation"] == "off"
    assert read("trigger: off") == {"trigger": False}


def test_a_sync_puts_no_tag_back(variables: dict[str, dict[str, Any]]) -> None:
    assert variables["MODEL_TAG"] == {"key": "MODEL_TAG", "sync": False}
    assert not re.search(r"model-v\d", FILE.read_text())


def test_it_holds_no_secret(variables: dict[str, dict[str, Any]]) -> None:
    for key in _SECRETS & set(variables):
        assert "value" not in variables[key]
    assert variables["SUBJECT_KEY"] == {"key": "SUBJECT_KEY", "generateValue": True}


def test_every_variable_is_one_that_the_service_reads(variables: dict[str, dict[str, Any]]) -> None:
    source = (ROOT / "app/settings.py").read_text()
    assert set(variables) <= set(re.findall(r'reader\.read\(\s*"([A-Z_]+)"', source))


def test_the_service_starts_with_what_it_sets(variables: dict[str, dict[str, Any]]) -> None:
    set_here = {key: each["value"] for key, each in variables.items() if "value" in each}
    asked_for = {
        "MODEL_TAG": "model-v1.0.0",
        "MODEL_REGISTRY": "github:acme/forecast",
        "DEPLOYMENT_LEDGER": "github:acme/forecast",
        "API_KEYS": f"shop:predict:{'0' * 64}",
        "DATABASE_URL": "postgresql://db.example.com/forecast",
    }
    assert set(asked_for) == {key for key, each in variables.items() if each.get("sync") is False}
    settings = ServiceSettings.from_env({**set_here, **asked_for, "SUBJECT_KEY": "x" * 44})
    assert settings.is_production
    assert (settings.host, settings.port, settings.trusted_proxies, settings.workers) == ("0.0.0.0", 8080, 1, 1)  # noqa: S104  # Render wants it


def test_port_and_health_path_are_those_of_the_image(
    service: dict[str, Any], variables: dict[str, dict[str, Any]]
) -> None:
    assert service["healthCheckPath"] == "/readyz"
    assert '"/readyz"' in (ROOT / "app/health.py").read_text()
    image = ROOT / service["dockerfilePath"]
    if image.exists():
        assert re.search(rf"\bPORT={variables['PORT']['value']}\b", image.read_text())


def test_a_deploy_costs_no_request(service: dict[str, Any]) -> None:
    (graceful_s,) = re.findall(r"^graceful_timeout = (\d+)$", (ROOT / "gunicorn.conf.py").read_text(), re.MULTILINE)
    assert int(graceful_s) < service["maxShutdownDelaySeconds"] <= 300
    assert "disk" not in service
    assert service["numInstances"] == 1


def test_a_paid_plan_checks_the_model_before_it_starts(service: dict[str, Any]) -> None:
    assert service["plan"] != "free"
    assert service["preDeployCommand"] == "python -m app check"
    # On plan free there is no such step; whoever changes the plan is told so.
    assert "On plan free delete preDeployCommand" in FILE.read_text()

"""What the service reads from the environment."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from app.settings import ServiceSettings
from core.errors import SettingsError
from core.tags import ModelTag

ROOT = Path(__file__).resolve().parents[3]
DEFAULTS = {
    "model_tag": None,
    "host": "127.0.0.1",
    "port": 8000,
    "workers": 1,
    "log_level": "info",
    "max_body_bytes": 10_000_000,
    "max_batch_rows": 10_000,
}
MALFORMED = {
    "MODEL_REGISTRY": "s3://bucket",
    "DEPLOYMENT_LEDGER": "ledger.jsonl",
    "MODEL_TAG": "v1",
    "PORT": "65536",
    "WEB_CONCURRENCY": "0",
    "LOG_LEVEL": "loud",
    "MAX_BODY_BYTES": "10MB",
    "MAX_BATCH_ROWS": "-1",
    "REQUEST_DEADLINE_S": "0",
}


def test_a_weak_subject_key_is_refused_and_not_repeated() -> None:
    with pytest.raises(SettingsError, match="SUBJECT_KEY: takes a secret of at least 32 characters") as caught:
        ServiceSettings.from_env({"SUBJECT_KEY": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_nothing_needs_to_be_set() -> None:
    settings = ServiceSettings.from_env({})

    assert {name: getattr(settings, name) for name in DEFAULTS} == DEFAULTS


def test_an_empty_variable_counts_as_absent() -> None:
    settings = ServiceSettings.from_env(dict.fromkeys([*MALFORMED, "HOST"], " "))

    assert {name: getattr(settings, name) for name in DEFAULTS} == DEFAULTS


def test_every_variable_is_read() -> None:
    settings = ServiceSettings.from_env(
        {
            "MODEL_TAG": "model-v1.2.3",
            "HOST": "0.0.0.0",  # noqa: S104  # nothing listens in this test
            "PORT": "80",
            "WEB_CONCURRENCY": "4",
            "LOG_LEVEL": "debug",
            "MAX_BODY_BYTES": "1000",
            "MAX_BATCH_ROWS": "1",
        }
    )

    assert settings.model_tag == ModelTag(1, 2, 3)
    assert (settings.host, settings.port, settings.workers) == ("0.0.0.0", 80, 4)  # noqa: S104  # see above
    assert (settings.log_level, settings.max_body_bytes, settings.max_batch_rows) == ("debug", 1000, 1)


def test_every_malformed_variable_is_named_at_once_with_what_it_takes() -> None:
    with pytest.raises(SettingsError) as caught:
        ServiceSettings.from_env(MALFORMED)

    assert {fault.place for fault in caught.value.faults} == set(MALFORMED)
    for fault in caught.value.faults:
        assert fault.problem.endswith(f"found {MALFORMED[fault.place]!r}")
    assert str(caught.value).startswith("environment: 9 faults\n")


@pytest.mark.parametrize("port", ["0", "65536", "-1", "8e3", "8000.0", "\u0668\u0660", "0x50", "1" * 400, "8000;id"])
def test_a_port_is_a_whole_number_from_1_to_65535(port: str) -> None:
    with pytest.raises(SettingsError, match="PORT: takes a whole number from 1 to 65535, found"):
        ServiceSettings.from_env({"PORT": port})


def test_every_setting_is_described() -> None:
    described = ServiceSettings.__doc__ or ""

    assert [field.name for field in fields(ServiceSettings) if f"{field.name}: " not in described] == []


def test_reading_the_settings_leaves_onnxruntime_out() -> None:
    script = "import sys, app.settings; sys.exit('onnxruntime' in sys.modules)"

    # gunicorn's master reads the settings before it forks, and onnxruntime does not survive a fork.
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False, timeout=60).returncode == 0

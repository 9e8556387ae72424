"""What counting costs is measured beside a service that counts nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.registry import DirectoryRegistry
from tests.factories import make_bundle


def test_a_service_that_counts_nothing_answers_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle"))
    monkeypatch.setenv("MODEL_REGISTRY", f"directory:{tmp_path / 'registry'}")
    monkeypatch.setenv("JOURNAL_DIR", str(tmp_path / "journal"))
    from bench.unmetered import application  # noqa: PLC0415  # it is made when it is imported

    client = application.test_client()
    assert client.post("/v1/predict", json={"age": 30, "city": "Oslo"}).status_code == 200
    shown = client.get("/metrics").text.splitlines()
    counted = [line for line in shown if line.startswith("slipway_predictions_total")]
    assert counted
    assert all(line.endswith(" 0.0") for line in counted)

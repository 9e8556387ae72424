"""GET /v1/model and /v1/model/card."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app import create_app
from app.settings import ServiceSettings
from core.bundle import CARD_PAGE_NAME, Bundle, write_bundle
from core.registry import DirectoryRegistry

CARD = "/v1/model/card"


def test_the_card_s_plots_lie_beside_it(tmp_path: Path, bundle: Bundle) -> None:
    (tmp_path / "plotted").mkdir()
    files = {**bundle.files, "card-scores.svg": b"<svg/>", "member-x.onnx": b"x"}
    write_bundle(tmp_path / "plotted", bundle.manifest, files)
    registry = DirectoryRegistry(tmp_path / "other")
    registry.publish(Bundle.read(tmp_path / "plotted"))
    client = create_app(
        ServiceSettings.from_env({"JOURNAL_DIR": str(tmp_path / "journal")}), registry=registry
    ).test_client()
    answer = client.get("/v1/model/card-scores.svg")

    assert (answer.status_code, answer.content_type, answer.data) == (200, "image/svg+xml", b"<svg/>")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    for name in ("card-months.svg", "member-x.onnx", "manifest.json", "golden.json"):
        assert client.get(f"/v1/model/{name}").status_code == 404


def test_the_model_is_described_by_its_manifest(client: FlaskClient, bundle: Bundle) -> None:
    answer = client.get("/v1/model")
    described = answer.get_json()

    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert described["tag"] == "model-v1.0.0"
    assert described["contract"] == bundle.manifest.contract
    assert described["threshold"] == {"value": 0.6, "rule": "a test's"}
    assert described["metrics"]["accuracy"] == {"value": 0.9, "low": 0.88, "high": 0.92}
    assert described["calibration"] == "identity"
    assert set(described) == {
        "tag",
        "created_at",
        "contract",
        "members",
        "calibration",
        "threshold",
        "intervals",
        "metrics",
        "gate",
        "lineage",
    }


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "text/markdown"),
        ("", "text/markdown"),
        ("*/*", "text/markdown"),
        ("text/markdown", "text/markdown"),
        ("application/json", "text/markdown"),
        ("text/html;q=0.4, text/markdown", "text/markdown"),
        ("text/html", "text/html"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("text/markdown;q=0, */*", "text/html"),
        ("text/html;q=nan", "text/markdown"),
        ("/;;;q=", "text/markdown"),
    ],
)
def test_the_card_comes_as_the_accept_header_asks(client: FlaskClient, accept: str | None, kind: str) -> None:
    answer = client.get(CARD, headers={} if accept is None else {"Accept": accept})

    assert answer.status_code == 200
    assert answer.content_type == f"{kind}; charset=utf-8"
    assert answer.text.startswith("<!doctype html>" if kind == "text/html" else "# model-v1.0.0")


def test_a_cache_keeps_both_kinds_of_card_apart(client: FlaskClient) -> None:
    assert client.get(CARD).headers["Vary"] == "Accept"


def test_the_card_page_may_run_no_script_and_load_nothing(client: FlaskClient) -> None:
    policy = client.get(CARD, headers={"Accept": "text/html"}).headers["Content-Security-Policy"]

    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_a_bundle_without_a_card_page_answers_with_the_text(tmp_path: Path, bundle: Bundle) -> None:
    files = {name: content for name, content in bundle.files.items() if name != CARD_PAGE_NAME}
    (tmp_path / "plain").mkdir()
    write_bundle(tmp_path / "plain", bundle.manifest, files)
    registry = DirectoryRegistry(tmp_path / "plain" / "registry")
    registry.publish(Bundle.read(tmp_path / "plain"))
    client = create_app(
        ServiceSettings.from_env({"JOURNAL_DIR": str(tmp_path / "journal")}), registry=registry
    ).test_client()

    answer = client.get(CARD, headers={"Accept": "text/html"})

    assert (answer.status_code, answer.mimetype) == (200, "text/markdown")

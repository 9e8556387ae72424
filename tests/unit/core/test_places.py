"""What MODEL_REGISTRY, DEPLOYMENT_LEDGER and DRIFT_ALERTS may name."""

from __future__ import annotations

import pytest

from core.github.deployments import DeploymentsLedger
from core.github.releases import ReleasesRegistry
from core.ledger import FileLedger
from core.places import DEFAULT_LEDGER, DEFAULT_REGISTRY, open_alerts, open_ledger, open_registry
from core.registry import DirectoryRegistry

NO_REPOSITORY = [
    "github:",
    "github:acme",
    "github:acme/",
    "github:/forecast",
    "github:acme/forecast/more",
    "github:-acme/forecast",
    "github:acme/fli ghts",
    "github:https://github.com/acme/forecast",
]


def test_the_default_locations_are_a_directory_and_a_file() -> None:
    assert isinstance(open_registry(DEFAULT_REGISTRY, {}), DirectoryRegistry)
    assert isinstance(open_ledger(DEFAULT_LEDGER, {}), FileLedger)


def test_a_repository_holds_both() -> None:
    registry, ledger = open_registry("github:acme/forecast", {}), open_ledger("github:acme/forecast", {})
    assert isinstance(registry, ReleasesRegistry)
    assert isinstance(ledger, DeploymentsLedger)
    assert (str(registry), str(ledger)) == ("github:acme/forecast", "github:acme/forecast")


@pytest.mark.parametrize("location", ["", "registry", "directory:", "s3:models", "Directory:models", ":models"])
def test_a_registry_elsewhere_is_told_what_is_taken(location: str) -> None:
    with pytest.raises(ValueError, match=r"^takes directory:PATH or github:OWNER/NAME$"):
        open_registry(location, {})


@pytest.mark.parametrize("location", ["", "ledger.jsonl", "file:", "sqlite:ledger", ":ledger.jsonl"])
def test_a_ledger_elsewhere_is_told_what_is_taken(location: str) -> None:
    with pytest.raises(ValueError, match=r"^takes file:PATH or github:OWNER/NAME$"):
        open_ledger(location, {})


@pytest.mark.parametrize("location", ["", "none"])
def test_alerts_may_go_nowhere(location: str) -> None:
    assert open_alerts(location, {}) is None


@pytest.mark.parametrize("location", ["None", "acme/forecast", "file:alerts", "mailto:a@b.test"])
def test_alerts_elsewhere_are_told_what_is_taken(location: str) -> None:
    with pytest.raises(ValueError, match=r"^takes none or github:OWNER/NAME$"):
        open_alerts(location, {})


@pytest.mark.parametrize("location", NO_REPOSITORY)
def test_what_is_no_repository_is_told_what_is_taken(location: str) -> None:
    for open_place in (open_registry, open_ledger, open_alerts):
        with pytest.raises(ValueError, match=r"^takes github:OWNER/NAME$"):
            open_place(location, {})


@pytest.mark.parametrize("token", ["ghp_one\nghp_two", "ghp one", "ghp_“one”", "ghp_\x00"])
def test_what_is_no_token_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(ValueError, match=r"^needs GITHUB_TOKEN to be one token, without spaces or line ends$"):
        open_registry("github:acme/forecast", {"GITHUB_TOKEN": token})


@pytest.mark.parametrize("url", ["http://ghe.example.com/api/v3", "ftp://127.0.0.1", "api.github.com"])
def test_a_token_is_not_sent_over_a_network_in_plain_text(url: str) -> None:
    with pytest.raises(ValueError, match="needs GITHUB_API_URL to be an https URL"):
        open_registry("github:acme/forecast", {"GITHUB_API_URL": url})

"""`python -m app check`, and the look at the port before the server starts."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.__main__ import main
from core.command import require_free
from core.errors import PortBusy, SettingsError
from core.registry import DirectoryRegistry

LOOPBACK = "127.0.0.1"


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.create_server((LOOPBACK, 0)) as listener:
        yield int(listener.getsockname()[1])


def run(folder: Path, *arguments: str, **variables: str) -> Result:
    places = {
        "MODEL_REGISTRY": f"directory:{folder / 'registry'}",
        "DEPLOYMENT_LEDGER": f"file:{folder / 'ledger.jsonl'}",
    }
    others = dict.fromkeys(["MODEL_TAG", "HOST", "PORT", "WEB_CONCURRENCY", "LOG_LEVEL"], "")
    return CliRunner().invoke(main, arguments, env=others | places | variables)


def test_check_says_what_it_verified(tmp_path: Path, registry: DirectoryRegistry) -> None:
    result = run(tmp_path, "check")

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "model-v1.0.0: every file verified, 3 golden rows scored as at training\n"


def test_check_leaves_the_ledger_alone(tmp_path: Path, registry: DirectoryRegistry) -> None:
    run(tmp_path, "check")

    assert not (tmp_path / "ledger.jsonl").exists()


def test_check_of_an_empty_registry_says_how_to_fill_it(tmp_path: Path) -> None:
    result = run(tmp_path, "check")

    assert result.exit_code == 1
    assert result.stderr == (
        f"error: the registry directory:{tmp_path / 'registry'} is empty; "
        "run scripts/train, or set MODEL_REGISTRY to another\n"
    )


def test_check_of_an_unknown_tag_lists_the_known_ones(tmp_path: Path, registry: DirectoryRegistry) -> None:
    result = run(tmp_path, "check", MODEL_TAG="model-v2.0.0")

    assert result.exit_code == 1
    assert result.stderr == "error: model-v2.0.0 is not in the registry: it holds model-v1.0.0\n"


def test_malformed_variables_are_all_named(tmp_path: Path) -> None:
    result = run(tmp_path, "check", PORT="x", LOG_LEVEL="y")

    assert result.exit_code == 1
    assert result.stderr.startswith("error: environment: 2 faults\n")
    assert "PORT: " in result.stderr
    assert "LOG_LEVEL: " in result.stderr


def test_serve_stops_at_a_busy_port_before_it_loads_anything(tmp_path: Path, busy_port: int) -> None:
    result = run(tmp_path, "serve", PORT=str(busy_port))

    assert result.exit_code == 1
    assert result.stderr == (
        f"error: port {busy_port} on 127.0.0.1 is in use; stop that process or set PORT to a free one\n"
    )


def test_serve_of_an_empty_registry_records_no_deployment(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = int(listener.getsockname()[1])

    result = run(tmp_path, "serve", PORT=str(port))

    assert result.exit_code == 1
    assert not (tmp_path / "ledger.jsonl").exists()


def test_preflight_says_nothing_when_all_is_well(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = int(listener.getsockname()[1])
    result = run(tmp_path, "preflight", PORT=str(port))

    assert (result.exit_code, result.output) == (0, "")


def test_preflight_notices_a_busy_port(tmp_path: Path, busy_port: int) -> None:
    assert f"port {busy_port} on 127.0.0.1 is in use" in run(tmp_path, "preflight", PORT=str(busy_port)).stderr


def test_preflight_of_a_tag_that_no_training_will_publish_says_so(tmp_path: Path) -> None:
    result = run(tmp_path, "preflight", MODEL_TAG="model-v2.0.0")

    assert result.exit_code == 1
    assert "model-v2.0.0 is not in the registry: it is empty; scripts/train fills it" in result.stderr


def test_a_busy_port_is_noticed(busy_port: int) -> None:
    with pytest.raises(PortBusy) as caught:
        require_free(LOOPBACK, busy_port)

    assert (caught.value.host, caught.value.port) == (LOOPBACK, busy_port)


def test_a_port_is_free_again_right_after_its_server_stopped() -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = int(listener.getsockname()[1])
        with socket.create_connection((LOOPBACK, port)), listener.accept()[0]:
            pass

    require_free(LOOPBACK, port)


@pytest.mark.parametrize("host", ["::1", "192.0.2.1", "a" * 70 + ".", ".."])
def test_an_address_that_is_not_this_machine_s_is_not_called_busy(host: str) -> None:
    with pytest.raises(SettingsError, match="HOST or PORT: this machine cannot listen on"):
        require_free(host, 8000)

"""Each service that docker compose starts takes its configuration; the real programs, without containers."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import requests

from app.keys import Scope, find_key
from app.settings import ServiceSettings
from doubles.docker import Docker
from tests.commands import ROOT
from tests.compose import composed, free_ports
from tests.database import Postgres
from tests.expressions import by_panels
from tests.loopback import Answer, answering
from tests.rules import MONITORING, alerts, rules
from tests.watched import CADDY, caddy, program, running
from watch.settings import ReceiverSettings

SERVICES = composed()["services"]


def checked(*command: str, **variables: str) -> str:
    done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def here(service: str, **folders: str) -> list[str]:
    """The options that compose gives a service, with folders of this machine in place of the container's."""
    options = [each for each in SERVICES[service]["command"] if each.startswith("--")]
    for there, folder in folders.items():
        options = [re.sub(rf"=/{there.replace('_', '/')}(?=/|$)", f"={folder}", each) for each in options]
    return options


def test_prometheus_takes_its_configuration_and_every_query(tmp_path: Path) -> None:
    port, _ = free_ports()
    options = here("prometheus", etc_prometheus=str(MONITORING), prometheus=str(tmp_path / "data"))
    assert f"--config.file={MONITORING / 'prometheus.yml'}" in options
    address = f"127.0.0.1:{port}"
    command = [program("prometheus"), *options, f"--web.listen-address={address}"]
    with running(f"http://{address}/-/ready", tmp_path / "log", command):
        for expression in (*(rule["expr"] for rule in rules()), *by_panels()):
            answer = requests.get(f"http://{address}/api/v1/query", {"query": expression}, timeout=30)
            assert answer.json()["status"] == "success", expression
        groups = requests.get(f"http://{address}/api/v1/rules", timeout=30).json()["data"]["groups"]
        assert set(alerts()) <= {rule["name"] for group in groups for rule in group["rules"]}
        taken = requests.get(f"http://{address}/api/v1/status/config", timeout=30).json()["data"]["yaml"]
        assert all(target in taken for target in ("blue:9091", "green:9091", "caddy:2020", "alertmanager:9093"))


def test_alertmanager_takes_its_configuration(tmp_path: Path) -> None:
    checked(program("amtool"), "check-config", str(MONITORING / "alertmanager.yml"))
    port, _ = free_ports()
    options = here("alertmanager", etc_alertmanager=str(MONITORING), alertmanager=str(tmp_path / "data"))
    address = f"127.0.0.1:{port}"
    command = [program("prometheus-alertmanager", "alertmanager"), *options, f"--web.listen-address={address}"]
    with running(f"http://{address}/-/ready", tmp_path / "log", command):
        status = requests.get(f"http://{address}/api/v2/status", timeout=30).json()
        assert "receiver: page" in status["config"]["original"]
        assert status["cluster"]["status"] == "disabled"


def test_postgres_takes_the_settings() -> None:
    command = SERVICES["postgres"]["command"]
    settings = dict(text.split("=", 1) for flag, text in zip(command[1::2], command[2::2], strict=True) if flag == "-c")
    server = Postgres()
    try:
        with psycopg.connect(server.url, autocommit=True) as connection:
            for name, value in settings.items():
                connection.execute(
                    psycopg.sql.SQL("alter system set {} = {}").format(
                        psycopg.sql.Identifier(name), psycopg.sql.Literal(value)
                    )
                )
        server.stop()
        server.start()
        with psycopg.connect(server.url) as connection:
            shown = {name: _shown(connection, name) for name in settings}
    finally:
        server.close()
    assert len(settings) == 5
    assert shown == {**settings, "idle_in_transaction_session_timeout": "1min", "log_min_duration_statement": "1s"}


def _shown(connection: psycopg.Connection[Any], name: str) -> str:
    row = connection.execute(psycopg.sql.SQL("show {}").format(psycopg.sql.Identifier(name))).fetchone()
    assert row is not None
    return str(row[0])


def test_initdb_knows_the_options() -> None:
    import pgserver  # noqa: PLC0415  # it warns when it is imported, where there is no XDG_RUNTIME_DIR

    folder = Path(str(pgserver.__file__)).parent / "pginstall/bin"
    known = checked(str(folder / "initdb"), "--help")
    for option in SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"].split():
        assert option.split("=")[0] in known


def test_caddy_takes_its_configuration() -> None:
    variables = SERVICES["caddy"]["environment"]
    file = SERVICES["caddy"]["command"][-1].replace("/etc/slipway", str(ROOT / "proxy"))
    adapted = checked(str(CADDY), "adapt", "--validate", "--adapter", "caddyfile", "--config", file, **variables)
    text = json.dumps(json.loads(adapted))
    assert {"0.0.0.0:80", "0.0.0.0:2020", "blue:8080", "green:8080", "127.0.0.1:2019"} <= set(
        re.findall(r'"([^"]+)"', text)
    )
    assert "{file./run/slipway/active}" in text


def test_through_the_window_caddy_can_be_looked_at_and_not_changed(tmp_path: Path) -> None:
    window, site = free_ports()
    url = f"http://127.0.0.1:{window}"
    with caddy(tmp_path, blue="blue:8080", green="green:8080", site=site, window=window):
        upstreams = requests.get(f"{url}/reverse_proxy/upstreams", timeout=5).json()
        assert {"blue:8080", "green:8080"} <= {each["address"] for each in upstreams}
        assert "blue:8080" in requests.get(f"{url}/config/", timeout=5).text
        for method, path in (("POST", "/load"), ("POST", "/stop"), ("DELETE", "/config/"), ("GET", "/config/apps")):
            requests.request(method, f"{url}{path}", json={}, timeout=5)
        assert "blue:8080" in requests.get(f"{url}/config/", timeout=5).text
        assert requests.get(f"{url}/config/apps", timeout=5).text == ""


def test_through_the_window_it_is_seen_whether_the_slot_that_is_to_serve_answers(tmp_path: Path) -> None:
    window, site = free_ports()
    url = f"http://127.0.0.1:{window}/active"
    with (
        answering(lambda asked: Answer(status=200 if asked.path == "/livez" else 404, body=b"{}")) as slot,
        caddy(tmp_path, blue=f"127.0.0.1:{slot.server_port}", green="127.0.0.1:9", site=site, window=window),
    ):

        def status(active: str) -> int:
            (tmp_path / "active").write_text(active)
            return requests.post(url, timeout=5).status_code

        assert [status(active) for active in ("blue", "blue+green")] == [200, 200]
        assert [status(active) for active in ("green", "green+blue", "none", "")] == [502, 502, 503, 503]
        (tmp_path / "active").write_text("blue")
        answer = requests.get(url, timeout=5)
        assert {asked.method for asked in slot.asked} == {"GET"}
        # What Prometheus takes for one that has nothing to count.
        assert (answer.text, answer.headers["Content-Type"]) == ("", "text/plain; version=0.0.4")


def test_one_command_makes_the_secrets_and_starts_everything_and_a_second_changes_nothing(tmp_path: Path) -> None:
    docker, home = Docker(tmp_path / "docker"), tmp_path / "home"
    (home / "scripts").mkdir(parents=True)
    for name in (
        "app",
        "core",
        "watch",
        "docker-compose.yml",
        "compose.env.example",
        *(p.name for p in ROOT.glob("require*.txt")),
    ):
        (home / name).symlink_to(ROOT / name)
    for name in ("compose", "environment"):
        shutil.copy(ROOT / "scripts" / name, home / "scripts" / name)
    variables = {**docker.environment, "VENV": str(Path(sys.executable).parent.parent)}
    made = [_kept(home, str(home / "scripts/compose"), tag, **variables) for tag in ("model-v1.0.0", "model-v2.0.0")]
    assert made[0] == made[1]
    assert [call for call in docker.calls if "up" in call] == [["compose", "up", "--detach", "--wait"]] * 2
    assert set(docker.services) == set(SERVICES) - {"green"}
    settings = ServiceSettings.from_env(docker.services["blue"]["variables"])
    assert str(settings.model_tag) == "model-v1.0.0"
    found = find_key(settings.api_keys, f"Bearer {(home / '.slipway/secrets/deploy-key').read_text().strip()}")
    assert found is not None
    assert found.scopes == {Scope.PREDICT, Scope.ADMIN}
    assert (home / ".slipway/secrets/deploy-key").stat().st_mode & 0o077 == 0
    assert (home / ".env").stat().st_mode & 0o077 == 0
    assert (home / ".slipway/secrets").stat().st_mode & 0o077 == 0
    receiver = docker.services["watch"]["variables"]
    token = {"WATCH_TOKEN_FILE": str(home / ".slipway/secrets/watch-token")}
    assert ReceiverSettings.from_env({**receiver, **token}).alerts is None
    (home / ".slipway/host/active").write_text("green")
    (home / ".slipway/host/green.env").write_text("MODEL_TAG=model-v3.0.0")
    checked(str(home / "scripts/compose"), "model-v3.0.0", **variables)
    assert set(docker.services) == set(SERVICES)
    refused = subprocess.run([home / "scripts/compose"], capture_output=True, text=True, check=False, timeout=30)
    assert (refused.returncode, refused.stderr) == (2, "usage: scripts/compose TAG\n")


def _kept(home: Path, *command: str, **variables: str) -> dict[str, str]:
    checked(*command, **variables)
    secrets = (".slipway/secrets/deploy-key", ".slipway/secrets/watch-token")
    files = (".env", ".slipway/host/active", ".slipway/host/blue.env", *secrets)
    return {name: (home / name).read_text() for name in files}

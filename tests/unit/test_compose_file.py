"""docker-compose.yml agrees with what it starts, and keeps each service apart."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from app.settings import ServiceSettings
from deploy.platforms.compose import FOLDER, open_compose_slots
from deploy.platforms.slots import Colour
from doubles.docker.compose_file import ComposeFileError, read_variables, resolve
from tests.commands import ROOT
from tests.compose import FILE, SET, composed
from tests.metric_names import sample_names, shown_kinds
from tests.rules import rules
from watch.settings import ReceiverSettings

SERVICES = composed()["services"]
SLOTS = [SERVICES[colour] for colour in Colour]


class Recorder(Mapping[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables, self.asked = variables, set[str]()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_confined_watched_and_bounded(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["logging"]["options"]["max-size"]
    assert not service.get("privileged")
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "caddy" else [])


@pytest.mark.parametrize("name", SERVICES)
def test_only_the_proxy_is_open_to_others(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:") or (name == "caddy" and port in {"80:80", "443:443", "443:443/udp"})


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_has_a_version_and_none_is_the_newest(name: str) -> None:
    image = SERVICES[name]["image"]
    assert re.fullmatch(r"slipway:local|[a-z/]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?", image), image


def test_postgres_answers_the_slots_and_nobody_else() -> None:
    near = {
        name for name, service in SERVICES.items() if set(service["networks"]) & set(SERVICES["postgres"]["networks"])
    }
    assert near == {"postgres", "blue", "green"}
    assert "ports" not in SERVICES["postgres"]
    assert composed()["networks"]["data"] == {"internal": True}


def test_by_itself_compose_starts_one_slot() -> None:
    assert {name for name, service in SERVICES.items() if "profiles" in service} == {"green"}


def test_the_slots_differ_in_their_file_of_variables_and_their_port() -> None:
    slots = open_compose_slots({})
    for colour, service in zip(Colour, SLOTS, strict=True):
        (file,) = service["env_file"]
        assert ROOT / file["path"] == FOLDER / f"{colour}.env"
        # Otherwise it would go before that of the file.
        assert "MODEL_TAG" not in service["environment"]
        assert service["ports"] == [f"{slots.address(colour).removeprefix('http://')}:8080"]
    own = {"env_file", "ports", "profiles"}
    blue, green = ({key: value for key, value in slot.items() if key not in own} for slot in SLOTS)
    assert blue == green


def test_what_compose_tells_the_service_is_what_the_service_asks_for() -> None:
    digest = "0" * 64
    variables = composed(API_KEYS=f"caller:predict:{digest}")["services"]["blue"]["environment"]
    recorder = Recorder({**variables, "MODEL_TAG": "model-v1.0.0"})
    settings = ServiceSettings.from_env(recorder)
    assert settings.is_production
    # Where models are fetched from GitHub, that is asked for besides.
    assert set(variables) <= recorder.asked | {"GITHUB_TOKEN", "MODEL_CACHE"}


def test_what_the_runbook_would_have_set_in_the_service_reaches_it() -> None:
    text = (ROOT / "docs/runbook.md").read_text() + "".join(
        path.read_text() for path in (ROOT / "monitoring/rules").glob("*.yml")
    )
    environment = {name for service in SERVICES.values() for name in service.get("environment", ())}
    # What looks, checks and deployments read, and numbers of a file.
    elsewhere = {"SERVICE_URL", "SERVICE_KEY", "DRIFT_ALERTS", "DRIFT_SOURCE", "DEPLOY_PLATFORM"}
    numbers = {"MODEL_DAYS", "OUTCOME_DAYS"}
    named = set(re.findall(r"\b([A-Z]+_[A-Z_]+)\b", text)) - elsewhere - numbers
    assert "JOURNAL_WHEN_FULL" in named
    assert named <= environment


def test_what_compose_tells_the_receiver_is_what_the_receiver_asks_for(tmp_path: Path) -> None:
    service = SERVICES["watch"]
    (tmp_path / "token").write_text("t" * 16)
    recorder = Recorder({**service["environment"], "WATCH_TOKEN_FILE": str(tmp_path / "token")})
    settings = ReceiverSettings.from_env(recorder)
    assert set(service["environment"]) <= recorder.asked | {"GITHUB_TOKEN"}
    assert f"http://127.0.0.1:{settings.port}/livez" in service["healthcheck"]["test"][-1]
    alerting = (ROOT / "monitoring/alertmanager.yml").read_text()
    assert alerting.count(f"- url: http://watch:{settings.port}/alerts\n") == 2
    secret = service["environment"]["WATCH_TOKEN_FILE"]
    assert alerting.count(f"credentials_file: {secret}}}") == 2
    for name in ("watch", "alertmanager"):
        assert SERVICES[name]["secrets"] == [secret.rpartition("/")[2]]
        assert "watch" in SERVICES[name]["networks"]


def test_ports_paths_and_patience_agree_with_the_service_and_its_image() -> None:
    service = SERVICES["blue"]
    port = service["environment"]["PORT"]
    assert f"http://127.0.0.1:{port}/readyz" in service["healthcheck"]["test"][-1]
    assert [SERVICES["caddy"]["environment"][name] for name in ("BLUE", "GREEN")] == [f"blue:{port}", f"green:{port}"]
    monitored = (ROOT / "monitoring/prometheus.yml").read_text()
    seen = service["environment"]["METRICS_PORT"]
    assert all(f'"{colour}:{seen}"' in monitored for colour in Colour)
    # Nobody outside of the network reaches it.
    assert not any(seen in published for slot in SLOTS for published in slot["ports"])
    (graceful,) = re.findall(r"^graceful_timeout = (\d+)$", (ROOT / "gunicorn.conf.py").read_text(), re.MULTILINE)
    assert int(service["stop_grace_period"].removesuffix("s")) > int(graceful)
    image = ROOT / "Dockerfile"
    if image.exists():
        text = image.read_text()
        assert f"PORT={port}" in text
        assert f"EXPOSE {port}" in text
        (workdir,) = re.findall(r"^WORKDIR (\S+)$", text, re.MULTILINE)
        assert f"./.slipway/registry:{workdir}/.slipway/registry:ro" in service["volumes"]
        for name in ("JOURNAL_DIR", "MODEL_CACHE"):
            assert f"{name}={service['environment'][name]}" in text


def test_a_body_of_rows_fits_into_the_memory_that_is_its_disk() -> None:
    (disk,) = re.findall(r"size=(\d+)m", SERVICES["blue"]["tmpfs"][0])
    assert int(SERVICES["blue"]["environment"]["MAX_STREAM_BYTES"]) * 3 < int(disk) * 2**20


def test_every_folder_of_ours_that_is_mounted_exists_or_is_made() -> None:
    made = set(re.findall(r"(\.slipway/\w+)", (ROOT / "scripts/compose").read_text()))
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert source.removeprefix("./") in made or (ROOT / source).exists(), source


@pytest.mark.parametrize("missing", SET)
def test_what_must_be_set_is_named_if_it_is_not(missing: str) -> None:
    with pytest.raises(ComposeFileError, match=f"{missing} is missing a value: run scripts/compose"):
        resolve(FILE, {name: value for name, value in SET.items() if name != missing})


def test_the_example_holds_every_variable_that_compose_takes_with_its_default() -> None:
    text = FILE.read_text()
    taken = dict(re.findall(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}", text))
    example = read_variables(ROOT / "compose.env.example")
    # Caddy would take an empty address for none.
    assert example == {**taken, "SITE": ""}
    # Each has its comment.
    lines = (ROOT / "compose.env.example").read_text().splitlines()
    for before, line in itertools.pairwise(lines):
        assert "=" not in line or line.startswith("#") or before.startswith("#")


def test_no_file_holds_a_secret() -> None:
    files = [
        FILE,
        ROOT / "compose.env.example",
        *(ROOT / "monitoring").rglob("*.yml"),
        *(ROOT / "monitoring").rglob("*.json"),
    ]
    for file in files:
        text = re.sub(r"\$\{[^}]*\}", "$", file.read_text())
        for name, value in re.findall(r"(?im)^ *[^#\n]*?(\w*(?:password|secret|token|key|keys))[:=] *(\S+)", text):
            assert value.startswith(("$", "{file:")), f"{file.name}: {name}"
        assert not re.search(r"slip_[A-Za-z0-9_-]{20}|gh[ps]_\w{20}|://\w+:[^$@/\s{]+@", text)


def test_every_metric_that_is_looked_at_is_one_that_the_service_shows(tmp_path: Path) -> None:
    boards = [path.read_text() for path in (ROOT / "monitoring/grafana/dashboards").glob("*.json")]
    # What begins with a level is recorded by a rule, and not shown by the service.
    asked = {
        name
        for text in (*(rule["expr"] for rule in rules()), *boards)
        for name in re.findall(r"(?<!:)\bslipway_\w+", text)
    }
    assert asked
    assert asked <= sample_names(shown_kinds(tmp_path))

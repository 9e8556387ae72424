"""The program: `docker compose up | stop | ps | logs` and `docker inspect`, on the folder that DOCKER_DOUBLE names."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from doubles.docker.compose_file import ComposeFileError, Service, resolve, service

_WITH_VALUE = {"--ansi", "--project-directory", "--file", "--profile", "--format", "--tail", "--type"}
_FLAGS = {"--detach", "--no-deps", "--no-build", "--force-recreate", "--all", "--no-color", "--no-log-prefix", "--wait"}
_FOLDER = Path(os.environ["DOCKER_DOUBLE"])
_STATE = _FOLDER / "state.json"


def main(arguments: list[str]) -> None:
    """Do as docker would; what it refuses ends with status 1 and a sentence on standard error."""
    with (_FOLDER / "calls").open("a") as calls:
        calls.write(json.dumps(arguments) + "\n")
    options, words = _parse(arguments)
    verb = words[1] if words[:1] == ["compose"] and len(words) > 1 else words[0]
    rules = json.loads((_FOLDER / "rules.json").read_text())
    while verb in rules["hanging"]:
        time.sleep(1)
    if verb in rules["failures"]:
        raise ComposeFileError(rules["failures"][verb])
    with (_FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _do(verb, options, words, rules["command"])


def _parse(arguments: list[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    words: list[str] = []
    rest = iter(arguments)
    for each in rest:
        if each in _WITH_VALUE:
            options[each] = next(rest)
        elif each in _FLAGS:
            options[each] = ""
        elif each.startswith("-"):
            raise ComposeFileError(f"unknown flag: {each}")
        else:
            words.append(each)
    return options, words


def _do(verb: str, options: dict[str, str], words: list[str], command: list[str]) -> None:
    state = _look()
    if verb == "inspect":
        _inspect(state, words[1])
        return
    document = resolve(Path(options.get("--file", "docker-compose.yml")), os.environ)
    folder = Path(options.get("--project-directory", "."))
    chosen = options.get("--profile")
    usual = [name for name, found in document["services"].items() if chosen in found.get("profiles", [chosen])]
    for name in words[2:] or usual:
        named = service(document, name, folder)
        if verb == "up":
            _stop(state, named)
            state[name] = _start(named, command)
        elif verb == "stop":
            _stop(state, named)
        elif verb == "ps" and name in state:
            row = {"ID": state[name]["id"], "Service": name, "State": state[name]["state"]}
            sys.stdout.write(json.dumps(row) + "\n")
        elif verb == "logs" and name in state:
            lines = Path(state[name]["log"]).read_text().splitlines()
            sys.stdout.write("".join(f"{line}\n" for line in lines[-int(options["--tail"]) :]))
    _STATE.write_text(json.dumps(state))


def _look() -> dict[str, dict[str, Any]]:
    """What there is, after what ended by itself was noticed."""
    state: dict[str, dict[str, Any]] = json.loads(_STATE.read_text()) if _STATE.exists() else {}
    for container in state.values():
        if container["pid"] and container["state"] == "running" and not _lives(container["pid"]):
            container.update(state="exited", pid=None)
    return state


def _lives(pid: int) -> bool:
    try:
        # A process whose parent does not ask for its status stays as a zombie.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _inspect(state: dict[str, dict[str, Any]], identity: str) -> None:
    for container in state.values():
        if container["id"] == identity:
            variables = [f"{name}={value}" for name, value in container["variables"].items()]
            known = {"Id": identity, "RestartCount": container["restarts"], "Config": {"Env": variables}}
            sys.stdout.write(json.dumps([known]))
            return
    raise ComposeFileError(f"error: no such object: {identity}")


def _start(named: Service, command: list[str]) -> dict[str, Any]:
    identity, pid = uuid.uuid4().hex, None
    log = _FOLDER / f"{identity}.log"
    with log.open("w") as output:
        if command:
            # Of the container's own address nothing is here; the port that leads to it is.
            where = {"HOST": "127.0.0.1", "PORT": str(named.port)}
            variables = {"PATH": os.environ["PATH"], **named.variables, **where}
            pid = subprocess.Popen(  # noqa: S603  # what a test has it run in place of an image
                command, env=variables, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True
            ).pid
    return {
        "id": identity,
        "state": "running",
        "pid": pid,
        "restarts": 0,
        "log": str(log),
        "variables": named.variables,
    }


def _stop(state: dict[str, dict[str, Any]], named: Service) -> None:
    container = state.get(named.name)
    if container is None or container["state"] == "exited":
        return
    pid, deadline = container["pid"], time.monotonic() + named.grace_s
    if pid:
        os.kill(pid, signal.SIGTERM)
        while _lives(pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        if _lives(pid):
            os.killpg(pid, signal.SIGKILL)
    container.update(state="exited", pid=None)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ComposeFileError as refusal:
        sys.exit(str(refusal))

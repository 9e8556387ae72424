"""The two slots as services of docker compose."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from core.errors import PlatformAway, PlatformError, PlatformRefused
from core.files import write_atomically
from core.tags import ModelTag, is_tag
from deploy.platforms.service_process import ROOT
from deploy.platforms.slots import Colour

FILE: Final = ROOT / "docker-compose.yml"
FOLDER: Final = ROOT / ".slipway" / "host"
_ASK_S: Final = 30.0
# An image may have to be fetched first.
_START_S: Final = 300.0
# More than stop_grace_period.
_STOP_S: Final = 90.0
_LINES: Final = 15
_CUT: Final = 500
# What docker itself takes. All else docker-compose.yml takes from .env, whoever calls it.
_PASSED: Final = re.compile(r"PATH|HOME|USER|TMPDIR|SSH_AUTH_SOCK|XDG_\w+|DOCKER_\w+|COMPOSE_\w+")
_PASSWORD: Final = re.compile(r"(?<=://)[^\s/@]+@")
_SECRET: Final = re.compile(r"(?i)(?:password|token|key)s?\s*[=:]\s*\S+")
_AWAY: Final = re.compile(r"cannot connect|error during connect|deadline exceeded|timed? ?out|EOF", re.IGNORECASE)


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """A container, as `docker compose ps` lists it."""

    id: str = msgspec.field(name="ID")
    service: str = msgspec.field(name="Service")
    state: str = msgspec.field(name="State")

    @property
    def runs(self) -> bool:
        return self.state in {"created", "running", "restarting", "paused"}


class _Settings(msgspec.Struct, frozen=True, kw_only=True):
    variables: list[str] = msgspec.field(name="Env", default_factory=list)


class _Container(msgspec.Struct, frozen=True, kw_only=True):
    """A container, as `docker inspect` describes it."""

    restarts: int = msgspec.field(name="RestartCount", default=0)
    settings: _Settings = msgspec.field(name="Config", default_factory=_Settings)

    @property
    def tag(self) -> ModelTag | None:
        texts = [text.removeprefix("MODEL_TAG=") for text in self.settings.variables if text.startswith("MODEL_TAG=")]
        return ModelTag.parse(texts[-1]) if texts and is_tag(texts[-1]) else None


class ComposeSlots:
    """The services `blue` and `green` of a compose file, each with its tag in a file of variables; see `Slots`."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        *,
        file: Path = FILE,
        ports: tuple[int, int] = (8001, 8002),
        ask_s: float = _ASK_S,
    ) -> None:
        """
        Args:
            folder: Takes `blue.env` and `green.env`, which the compose file names.
            environment: Of this process; docker gets of it what docker itself takes.
            file: Describes the services; a `.env` lies beside it.
            ports: On which it publishes blue and green on the loopback.
            ask_s: So long docker may take to answer a question, in seconds.
        """
        self._folder, self._file, self._ask_s = folder, file, ask_s
        self._ports = dict(zip(Colour, ports, strict=True))
        self._environment = {name: value for name, value in environment.items() if _PASSED.fullmatch(name)}

    def standing(self) -> Mapping[Colour, ModelTag | None]:
        """See `Slots.standing`; the tag is the one that the container was made with."""
        return {Colour(row.service): self._inspect(row).tag for row in self._rows() if row.runs}

    def start(self, colour: Colour, tag: ModelTag) -> None:
        """
        See `Slots.start`.

        Raises:
            PlatformRefused: if the slot is not empty; also if docker cannot start it.
        """
        standing = self.standing()
        if colour in standing:
            if standing[colour] == tag:
                return
            raise PlatformRefused(f"slot {colour} runs {standing[colour] or 'something'} already; stop it first")
        self._note(colour, tag)
        self._compose("up", "--detach", "--no-deps", "--no-build", "--force-recreate", colour, timeout_s=_START_S)

    def _note(self, colour: Colour, tag: ModelTag) -> None:
        """Write down what the slot serves, so that it does so whoever starts it, and after a restart of the machine."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self._folder / f"{colour}.env", f"MODEL_TAG={tag}\n".encode())
        except OSError as error:
            raise PlatformRefused(
                f"{error.filename}: {error.strerror}; it must be a file that can be written"
            ) from error

    def stop(self, colour: Colour) -> None:
        """See `Slots.stop`; docker waits as long as stop_grace_period of the compose file says."""
        if any(row.service == colour and row.runs for row in self._rows()):
            self._compose("stop", colour, timeout_s=_STOP_S)

    def has_died(self, colour: Colour) -> bool:
        """See `Slots.has_died`; what docker had to start again has died too."""
        rows = [row for row in self._rows() if row.service == colour]
        if not rows or any(row.state not in {"created", "running"} for row in rows):
            return True
        return any(self._inspect(row).restarts for row in rows)

    def said(self, colour: Colour) -> str:
        """See `Slots.said`."""
        return self._compose("logs", "--no-color", "--no-log-prefix", "--tail", str(_LINES), colour).strip()

    def address(self, colour: Colour) -> str:
        """See `Slots.address`."""
        return f"http://127.0.0.1:{self._ports[colour]}"

    def _rows(self) -> list[_Row]:
        text = self._compose("ps", "--all", "--format", "json", *Colour)
        try:
            # One a line; Compose before 2.21 made an array of them.
            if text.lstrip().startswith("["):
                return msgspec.json.decode(text, type=list[_Row])
            return [msgspec.json.decode(line, type=_Row) for line in text.splitlines() if line.strip()]
        except msgspec.MsgspecError as error:
            raise PlatformRefused(f"docker compose ps answers what is not understood ({error})") from error

    def _inspect(self, row: _Row) -> _Container:
        text = self._run("docker inspect", "inspect", "--type", "container", row.id)
        try:
            return msgspec.json.decode(text, type=list[_Container])[0]
        except (msgspec.MsgspecError, IndexError):
            # What it answers holds the container's secrets, and so might a traceback.
            raise PlatformRefused("docker inspect answers what is not understood") from None

    def _compose(self, verb: str, *arguments: str, timeout_s: float | None = None) -> str:
        # Without its profile green would be unknown to some commands.
        project = ("--ansi", "never", "--project-directory", str(self._file.parent), "--file", str(self._file))
        command = ("compose", *project, "--profile", "green", verb, *arguments)
        return self._run(f"docker compose {verb}", *command, timeout_s=timeout_s)

    def _run(self, name: str, *arguments: str, timeout_s: float | None = None) -> str:
        patience_s = timeout_s or self._ask_s
        try:
            done = subprocess.run(
                ["docker", *arguments],  # noqa: S607  # wherever the PATH has it
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=patience_s,
                check=False,
            )
        except OSError as error:
            raise PlatformRefused(
                "docker is not installed, or not on the PATH; its plugin compose is needed too"
            ) from error
        except subprocess.TimeoutExpired:
            # Its text repeats what docker said until then.
            remedy = "`docker info` shows whether the engine is well"
            raise PlatformAway(f"{name} did not end within {patience_s:g} s; {remedy}") from None
        if done.returncode:
            raise _failure(name, done.stderr.strip() or done.stdout.strip())
        return done.stdout


def open_compose_slots(environment: Mapping[str, str]) -> ComposeSlots:
    """The slots of docker-compose.yml on this machine; `docker` is looked for when it is needed."""
    return ComposeSlots(FOLDER, environment)


def _failure(name: str, said: str) -> PlatformError:
    """Why a command of docker failed: the end of what it said, without the secrets that it may repeat."""
    clean = _SECRET.sub("***", _PASSWORD.sub("***@", said))
    kind = PlatformAway if _AWAY.search(said) else PlatformRefused
    return kind(f"{name} failed: {' '.join(clean.split())[-_CUT:] or 'it says nothing of why'}")

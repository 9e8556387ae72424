"""A compose file as docker compose reads it: variables put in, profiles and files of variables looked up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

_VARIABLE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?:(?P<kind>:-|:\?)(?P<rest>[^}]*))?\}")


class ComposeFileError(Exception):
    """What docker compose would say of a file that it does not take."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """A service: its variables, its grace period in seconds, and the port of the loopback that leads to it."""

    name: str
    variables: dict[str, str]
    grace_s: float
    port: int | None


def read_variables(path: Path) -> dict[str, str]:
    """A file of variables, one a line."""
    lines = [line.strip() for line in path.read_text().splitlines()]
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in pairs}


def resolve(path: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """
    The file with every variable put in: those of the process come before those of `.env` beside the file.

    Raises:
        ComposeFileError: if there is no such file, or a required variable is missing.
    """
    if not path.is_file():
        raise ComposeFileError(f"open {path}: no such file or directory")
    beside = path.parent / ".env"
    known = {**(read_variables(beside) if beside.is_file() else {}), **environment}
    document: dict[str, Any] = _put_in(YAML(typ="safe").load(path), known, ())
    return document


def _put_in(node: Any, known: Mapping[str, str], place: tuple[str, ...]) -> Any:
    if isinstance(node, dict):
        return {key: _put_in(value, known, (*place, str(key))) for key, value in node.items()}
    if isinstance(node, list):
        return [_put_in(value, known, (*place, str(number))) for number, value in enumerate(node)]
    if isinstance(node, str) and not place[0].startswith("x-"):
        return _VARIABLE.sub(lambda match: _value(match, known, place), node)
    return node


def _value(match: re.Match[str], known: Mapping[str, str], place: tuple[str, ...]) -> str:
    name, kind = match["name"], match["kind"]
    if name is None:
        return "$"
    found = known.get(name, "")
    if kind == ":?" and not found:
        raise ComposeFileError(
            f"error while interpolating {'.'.join(place)}: required variable {name} is missing a value: {match['rest']}"
        )
    return found or (match["rest"] if kind == ":-" else "")


def service(document: Mapping[str, Any], name: str, folder: Path) -> Service:
    """
    One service of a resolved file.

    Args:
        document: From `resolve`.
        name: Of the service.
        folder: To which paths in the file are relative.

    Raises:
        ComposeFileError: if there is none of this name, or a file of variables is missing.
    """
    if name not in document["services"]:
        raise ComposeFileError(f"no such service: {name}")
    found = document["services"][name]
    variables: dict[str, str] = {}
    for entry in found.get("env_file", ()):
        path = folder / entry["path"]
        if path.is_file():
            variables |= read_variables(path)
        elif entry.get("required", True):
            raise ComposeFileError(f"env file {path} not found: stat {path}: no such file or directory")
    variables |= {key: str(value) for key, value in found.get("environment", {}).items()}
    ports = [str(each).split(":") for each in found.get("ports", ())]
    grace = str(found.get("stop_grace_period", "10s")).removesuffix("s")
    return Service(name=name, variables=variables, grace_s=float(grace), port=int(ports[0][-2]) if ports else None)

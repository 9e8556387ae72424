"""What deploying needs to know of `fly.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

from core.errors import PlatformRefused

_SMALLEST: Final = ("shared-cpu-1x", "256mb")


def require_blue_green(path: Path) -> None:
    """
    Refuse a file with which a blue-green deployment goes wrong; flyctl takes some of them.

    Raises:
        PlatformRefused: saying what would be right.
    """
    table = _read(path)
    service = table.get("http_service", {})
    faults = [
        sentence
        for applies, sentence in (
            ("mounts" in table, "[mounts] must go: a blue-green deployment takes no volumes"),
            ("processes" not in table, "[processes] must be written out, or machines may double; add app = ''"),
            (
                not service.get("checks") and "checks" not in table,
                "[[http_service.checks]] is missing",
            ),
            (
                "MODEL_TAG" in table.get("env", {}),
                "[env] must not set MODEL_TAG; each deployment does",
            ),
        )
        if applies
    ]
    if faults:
        raise PlatformRefused(f"{path}: {'; '.join(faults)}")


def machine_kind(path: Path) -> str:
    """
    The kind of machine that a first deployment makes, such as `shared-cpu-1x 256mb`.

    Raises:
        PlatformRefused: if the file cannot be read.
    """
    (vm, *_) = _read(path).get("vm") or [{}]
    return f"{vm.get('size', _SMALLEST[0])} {vm.get('memory', _SMALLEST[1])}"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise PlatformRefused(f"{path}: cannot be read ({error}); restore it from the repository") from error

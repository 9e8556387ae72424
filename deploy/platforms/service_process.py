"""How the service is started as a process of this machine."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from core.tags import ModelTag

_LINES: Final = 15
ROOT: Final = Path(__file__).resolve().parent.parent.parent
# Of whoever deploys; a service has no use for them.
_SECRETS: Final = frozenset({"SERVICE_KEY", "FLY_API_TOKEN", "FLY_ACCESS_TOKEN", "RENDER_API_KEY", "API_KEY"})
# Where the metrics of another server's processes add up, and are shown: two servers would answer there by turns.
_OF_ANOTHER: Final = frozenset({"PROMETHEUS_MULTIPROC_DIR", "METRICS_PORT", "FLY_APP_NAME", "RENDER_SERVICE_NAME"})


def command(*options: str) -> list[str]:
    """What starts gunicorn with the service; to be run in `ROOT`."""
    config = str(ROOT / "gunicorn.conf.py")
    return [sys.executable, "-m", "gunicorn", "--config", config, *options, "app.wsgi:application"]


def environment_of(
    environment: Mapping[str, str], tag: ModelTag, *, host: str, port: int, **others: str
) -> dict[str, str]:
    """
    The environment in which a service of a tag listens on a port.

    Args:
        environment: Of this process; what a service may know of it is passed on.
        tag: To serve.
        host: To listen on.
        port: To listen on.
        others: Variables that are set beside.
    """
    passed = {name: value for name, value in environment.items() if name not in _SECRETS | _OF_ANOTHER}
    return {**passed, "MODEL_TAG": str(tag), "HOST": host, "PORT": str(port), **others}


def last_lines(log: Path | None) -> str:
    """The last lines that a service said; empty if there are none."""
    if log is None or not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LINES:])

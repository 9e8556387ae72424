"""Room on the disk for what a worker counts: a page that it has no room for kills the process that touches it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import structlog

# By the kind of a file, as prometheus_client names it: more than all series of a model take.
_BYTES: Final[Mapping[str, int]] = MappingProxyType(
    {"counter": 1 << 18, "histogram": 1 << 20, "gauge_livesum": 1 << 16, "gauge_livemin": 1 << 16}
)
_LOG = structlog.get_logger()


def take_room(folder: Path, pid: int) -> None:
    """
    Take the room before the library maps its files, which it would make without blocks on the disk.

    Args:
        folder: PROMETHEUS_MULTIPROC_DIR.
        pid: Of the worker.
    """
    for kind, size in _BYTES.items():
        try:
            # What a worker of the same number has counted stays.
            with (folder / f"{kind}_{pid}.db").open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            _LOG.error("the metrics have no room on the disk", folder=str(folder), problem=error.strerror or str(error))

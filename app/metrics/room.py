"""The files of what workers count, and room for them: a page without room kills the process that touches it."""

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
    if not hasattr(os, "posix_fallocate"):
        # macOS has none; there a disk is rarely a container's.
        return
    for kind, size in _BYTES.items():
        try:
            # What a worker of the same number has counted stays.
            with (folder / f"{kind}_{pid}.db").open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            _LOG.error("the metrics have no room on the disk", folder=str(folder), problem=error.strerror or str(error))


def clear(folder: Path) -> None:
    """
    Remove what was counted by a server that has not ended by itself: its requests would be in flight for ever.

    Args:
        folder: PROMETHEUS_MULTIPROC_DIR.
    """
    for path in folder.glob("*_*.db"):
        pid = path.stem.rpartition("_")[2]
        if pid.isdecimal() and not _runs(int(pid)):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                _LOG.error("metrics of an earlier server stay", path=str(path), problem=error.strerror or str(error))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        # One that may not be asked does.
        pass
    return True

"""
Reads the records of a W&B run file, which the SDK writes and only its service reads.

Source:
    The file is a LevelDB log (leveldb/doc/log_format.md) after a header of 7 bytes; each entry is a protobuf Record.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wandb.proto import wandb_internal_pb2

_HEADER = b":W&B"
_HEADER_BYTES = 7
_BLOCK_BYTES = 32768
_RECORD_HEADER = struct.Struct("<IHB")
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4


def read_records(path: Path) -> list[Any]:
    """Every record of a run file, in order."""
    parse = wandb_internal_pb2.Record.FromString  # type: ignore[attr-defined]  # generated code without types
    return [parse(entry) for entry in _entries(path.read_bytes())]


def _entries(content: bytes) -> Iterator[bytes]:
    assert content.startswith(_HEADER)
    position, parts = _HEADER_BYTES, b""
    while position + _RECORD_HEADER.size <= len(content):
        left_in_block = _BLOCK_BYTES - position % _BLOCK_BYTES
        if left_in_block < _RECORD_HEADER.size:
            position += left_in_block
            continue
        _, length, kind = _RECORD_HEADER.unpack_from(content, position)
        start = position + _RECORD_HEADER.size
        parts += content[start : start + length]
        position = start + length
        if kind in {_FULL, _LAST}:
            yield parts
            parts = b""
        else:
            assert kind in {_FIRST, _MIDDLE}


def run_summary(records: list[Any]) -> dict[str, Any]:
    """
    What a reader of the dashboard would see.

    Returns:
        `id`, `name`, `config`, `metrics` (the last logged value by key) and `artifacts` (name to file names).
    """
    found: dict[str, Any] = {"config": {}, "metrics": {}, "artifacts": {}}
    for record in records:
        kind = record.WhichOneof("record_type")
        if kind == "run":
            found |= {"id": record.run.run_id, "name": record.run.display_name}
            found["config"] |= {item.key: json.loads(item.value_json) for item in record.run.config.update}
        elif kind == "history":
            for item in record.history.item:
                found["metrics"][item.key or ".".join(item.nested_key)] = json.loads(item.value_json)
        elif kind == "artifact":
            found["artifacts"][record.artifact.name] = [entry.path for entry in record.artifact.manifest.contents]
    return found

"""What a planted fault does to an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from doubles.github.exchange import Answer
from doubles.github.faults import CutDownload, Fault, Truncated, WrongByte, WrongDigest


def damaged(answer: Answer, fault: Fault | None) -> Answer:
    """The answer with its content spoilt, if the fault is of that kind."""
    match fault:
        case Truncated(to=to):
            return replace(answer, content=answer.content[:to])
        case WrongByte(at=at):
            content = bytearray(answer.content)
            content[at] ^= 0xFF
            return replace(answer, content=bytes(content))
        case WrongDigest() if answer.content:
            document = json.loads(answer.content)
            _spoil(document, fault)
            return replace(answer, content=json.dumps(document).encode())
        case _:
            return answer


def sent(answer: Answer, fault: Fault | None) -> Iterator[bytes]:
    """
    The answer's content as it goes out.

    Raises:
        ConnectionAbortedError: where a planted fault cuts the connection.
    """
    if isinstance(fault, CutDownload):
        yield answer.content[: fault.after]
        raise ConnectionAbortedError
    yield answer.content


def _spoil(document: Any, fault: WrongDigest) -> None:
    if isinstance(document, list):
        for item in document:
            _spoil(item, fault)
    if isinstance(document, dict):
        if "digest" in document and fault.name in {None, document["name"]}:
            document["digest"] = fault.digest
        _spoil(list(document.values()), fault)

"""What the public gets of a service."""

from __future__ import annotations

import msgspec
import requests

from core.bearer import Bearer
from core.tags import ModelTag


class _Ready(msgspec.Struct):
    model_tag: str


def answering_tags(url: str, questions: int, timeout_s: float) -> set[ModelTag]:
    """
    The tags with which a service says that it is ready; empty if it does not say so.

    Args:
        url: Of the service.
        questions: So often it is asked, each time on a new connection, as more than one tag may answer.
        timeout_s: For each answer.
    """
    found = [answering_tag(url, timeout_s) for _ in range(questions)]
    return {tag for tag in found if tag is not None}


def answering_tag(url: str, timeout_s: float) -> ModelTag | None:
    """The tag that says at an address that it is ready; None if none does, whatever the cause."""
    close = {"Connection": "close"}
    try:
        answer = requests.get(f"{url}/readyz", auth=Bearer(""), timeout=timeout_s, headers=close, allow_redirects=False)
        if answer.status_code != requests.codes.ok:
            return None
        return ModelTag.parse(msgspec.json.decode(answer.content, type=_Ready).model_tag)
    except (requests.RequestException, msgspec.DecodeError, ValueError):
        return None

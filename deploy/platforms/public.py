"""What the public gets of a service."""

from __future__ import annotations

import requests

from core.bearer import Bearer
from core.tags import ModelTag, is_tag


def answering_tags(url: str, questions: int, timeout_s: float) -> set[ModelTag]:
    """
    The tags with which a service says that it is ready; empty if it does not say so.

    Args:
        url: Of the service.
        questions: So often it is asked, each time on a new connection, as more than one tag may answer.
        timeout_s: For each answer.
    """
    found = [_answered_tag(url, timeout_s) for _ in range(questions)]
    return {tag for tag in found if tag is not None}


def _answered_tag(url: str, timeout_s: float) -> ModelTag | None:
    try:
        answer = requests.get(f"{url}/readyz", auth=Bearer(""), timeout=timeout_s, headers={"Connection": "close"})
        tag = answer.json().get("model_tag", "") if answer.ok else ""
    except (requests.RequestException, ValueError, AttributeError):
        return None
    return ModelTag.parse(tag) if isinstance(tag, str) and is_tag(tag) else None

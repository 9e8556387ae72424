"""Chooses what an environment goes back to."""

from __future__ import annotations

from collections.abc import Sequence

from core.ledger import Deployment
from core.tags import ModelTag


def target(history: Sequence[Deployment]) -> ModelTag | None:
    """
    The tag that served before the present one; None where there was none.

    A way back that was taken once is not taken for a way forward: after A, B and back to A, what served before A
    counts, not B.

    Args:
        history: Of one environment, oldest first.
    """
    past: list[ModelTag] = []
    for deployment in history:
        if past and past[-1] == deployment.tag:
            continue
        if len(past) > 1 and past[-2] == deployment.tag:
            past.pop()
        else:
            past.append(deployment.tag)
    return past[-2] if len(past) > 1 else None

"""What the public gets of a service on Render, and when both tags may answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from core.tags import ModelTag
from deploy.platforms.public import answering_tag
from deploy.platforms.render_answers import Deploy


class Public:
    """A public address that is asked until it answers as hoped."""

    def __init__(self, poll_s: float, sleep: Callable[[float], None]) -> None:
        """
        Args:
            poll_s: Between two questions, in seconds.
            sleep: Waits, in seconds.
        """
        self._poll_s, self._sleep = poll_s, sleep

    def ask(self, url: str, wanted: ModelTag | None = None, *, within_s: float, timeout_s: float) -> ModelTag | None:
        """
        Which tag answers.

        Args:
            url: The address.
            wanted: Is waited for; any tag if None.
            within_s: So long it is asked again; once if 0.
            timeout_s: So long each answer may take.

        Returns:
            What answered last; None if nothing did, or not that it is ready.
        """
        deadline = time.monotonic() + within_s
        while True:
            tag = answering_tag(url, timeout_s)
            is_found = tag is not None if wanted is None else tag == wanted
            if is_found or time.monotonic() >= deadline:
                return tag
            self._sleep(self._poll_s)


def unsettled_s(live: Deploy | None, now: datetime, settling_s: float) -> float:
    """
    How long what was live before may still answer, in seconds.

    Args:
        live: The deploy that serves; None if none does.
        now: With a time zone.
        settling_s: How long both answer after a deploy went live.
    """
    since = live.since if live else None
    if since is None:
        return 0.0
    age_s = max((now - since).total_seconds(), 0.0)
    return max(settling_s - age_s, 0.0)

"""The port of what finds out whether a model may serve, and whether it does well."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from core.tags import ModelTag
from deploy.evidence import Verdict
from deploy.platform import Addresses


class Judge(Protocol):
    """Asks services. What does not answer, or not as it should, is evidence and no error."""

    def require_key(self, url: str) -> None:
        """
        Make sure that a service which serves takes the key; one that does not answer says nothing of it.

        Raises:
            ServiceError: if it does not, with what the key needs.
        """

    def wait_until_ready(self, url: str, green: ModelTag, has_died: Callable[[], bool]) -> Verdict:
        """Ask a green that was just started until it says that it is ready, has died, or the patience is at its end."""

    def verify(self, url: str, green: ModelTag) -> Verdict:
        """Whether ready, tag, golden rows and a smoke batch are as they should be at an address."""

    def compare(self, addresses: Addresses, green: ModelTag) -> Verdict:
        """Send the newest rows that blue answered to both, and compare scores, errors and time."""

    def watch(
        self, url: str, green: ModelTag, blue: ModelTag | None, since: datetime, tell: Callable[[str], None]
    ) -> Verdict:
        """
        Look for the stated time at what the public gets.

        Args:
            url: What the public asks.
            green: The tag that should answer.
            blue: The tag that answered before; None if none did.
            since: When it was switched, with a time zone.
            tell: Is told now and then how it stands, in one line.

        Returns:
            As soon as something is wrong, else at the end.
        """

"""Counts requests: in this worker's memory, or in a Redis together with other workers and machines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from limits import RateLimitItem
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter
from limits.util import WindowStats

T = TypeVar("T")

# So long may each exchange with the Redis take, which a caller has to wait for.
_TIMEOUT_S = 0.25
_RETRY_S = 5.0
_LOG = structlog.get_logger()


class LocalLimiter(FixedWindowRateLimiter):
    """A limiter that counts in the memory of this worker, also when the clock is set back."""

    def __init__(self) -> None:
        super().__init__(MemoryStorage())

    def hit(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        """Count a request, and say whether it is within the limit."""
        if super().hit(item, *identifiers, cost=cost):
            return True
        # A window that ends later than one of now would is of before the clock was set back, and would last until then.
        if self.get_window_stats(item, *identifiers).reset_time <= time.time() + item.get_expiry():
            return False
        self.clear(item, *identifiers)
        return super().hit(item, *identifiers, cost=cost)


class SharedLimiter(FixedWindowRateLimiter):
    """A limiter that counts in a Redis and, while that is away, in the memory of this worker."""

    def __init__(self, url: str, *, retry_s: float = _RETRY_S) -> None:
        """
        Args:
            url: Of the Redis; nothing is asked of it before the first request.
            retry_s: A Redis that did not answer is left alone for so long.
        """
        super().__init__(
            storage_from_string(url, wrap_exceptions=True, socket_connect_timeout=_TIMEOUT_S, socket_timeout=_TIMEOUT_S)
        )
        self._here = LocalLimiter()
        self._retry_s = retry_s
        self._lock = threading.Lock()
        self._is_away = False
        self._retry_at = 0.0

    def hit(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        """Count a request, and say whether it is within the limit."""
        return self._ask(
            lambda: super(SharedLimiter, self).hit(item, *identifiers, cost=cost),
            lambda: self._here.hit(item, *identifiers, cost=cost),
        )

    def get_window_stats(self, item: RateLimitItem, *identifiers: str) -> WindowStats:
        """When the limit begins anew, and how much of it is left."""
        return self._ask(
            lambda: super(SharedLimiter, self).get_window_stats(item, *identifiers),
            lambda: self._here.get_window_stats(item, *identifiers),
        )

    def _ask(self, shared: Callable[[], T], here: Callable[[], T]) -> T:
        if self._is_away and not self._may_retry():
            return here()
        try:
            answer = shared()
        except StorageError as error:
            if self._notes(is_away=True):
                _LOG.warning(
                    "rates are counted by each worker", problem=str(error.storage_error), next_try_s=self._retry_s
                )
            return here()
        if self._is_away and self._notes(is_away=False):
            _LOG.info("rates are counted together again")
        return answer

    def _may_retry(self) -> bool:
        """True for one request of those that come at once: the others must not wait for the Redis too."""
        with self._lock:
            is_due = time.monotonic() >= self._retry_at
            if is_due:
                self._retry_at = time.monotonic() + self._retry_s
            return is_due

    def _notes(self, *, is_away: bool) -> bool:
        """Remember how the Redis is, and say whether that is news."""
        with self._lock:
            is_news = self._is_away is not is_away
            self._is_away, self._retry_at = is_away, time.monotonic() + self._retry_s
            return is_news

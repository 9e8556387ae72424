"""The service's own headers, and those by which callers name things."""

from __future__ import annotations

import re

IDEMPOTENCY_KEY, REPLAYED = "Idempotency-Key", "Idempotency-Replayed"
REQUEST_ID, SUBJECT = "X-Request-ID", "X-Subject"
UNRECORDED, YES = "X-Unrecorded", "yes"
NAME = "1 to 255 visible ASCII characters"
NAME_PATTERN = "^[!-~]{1,255}$"
_NAME = re.compile(NAME_PATTERN[1:-1])


def is_name(text: str) -> bool:
    """Whether a header's value can name something."""
    return _NAME.fullmatch(text) is not None

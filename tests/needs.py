"""What a test needs of the machine."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def lacking(what: str, remedy: str) -> NoReturn:
    """Skip a test on a user's machine; in CI, which must have everything, let it fail."""
    (pytest.fail if "CI" in os.environ else pytest.skip)(f"{what}; {remedy}")

"""How the tests run."""

from __future__ import annotations

import os

from hypothesis import settings

# A busy machine is no bug; and what CI finds must be found again.
settings.register_profile("slipway", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("slipway")

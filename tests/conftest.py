"""How the tests run."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.database import Postgres

# A busy machine is no bug; and what CI finds must be found again.
settings.register_profile("slipway", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("slipway")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """One real Postgres for all tests that ask for it."""
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    yield server
    server.close()

"""How the tests run."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from core.github import client
from doubles.github import GitHub
from tests.commands import Home
from tests.database import Postgres
from tests.github import EVERYTHING, REPOSITORY, Caller, make_client

# A thread of OpenMP that waits busily takes a core from the other test process: two trainings at once on two cores took
# 295 seconds, and take 74; one alone takes 67 in place of 44.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# A busy machine is no bug; and what CI finds must be found again.
settings.register_profile("slipway", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("slipway")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One real Postgres for all tests that ask for it."""
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The table of model.toml, trained and published once for all tests that ask for it."""
    # Test processes have folders of their own in one that they share.
    is_alone = "PYTEST_XDIST_WORKER" not in os.environ
    shared = tmp_path_factory.getbasetemp() if is_alone else tmp_path_factory.getbasetemp().parent
    home = Home(folder=shared / "shipped")
    with (shared / "shipped.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.registry.exists():
            home.folder.mkdir(exist_ok=True)
            done = home.run("ml", "train", "--publish")
            assert done.returncode == 0, done.stdout + done.stderr
    return home


@pytest.fixture
def github() -> Iterator[GitHub]:
    """GitHub with one repository; a test that breaks the API's contract, or sends a token astray, fails at its end."""
    with GitHub() as github:
        github.add_repository(REPOSITORY)
        yield github
    assert github.violations == []
    assert github.leaks == []


@pytest.fixture
def owner(github: GitHub) -> Caller:
    """A caller whose token may do everything."""
    return Caller(github=github, token=github.token(kind="user", login="ada", **EVERYTHING))


@pytest.fixture
def github_client(github: GitHub) -> client.GitHub:
    """With a token like that of a workflow which may publish and deploy."""
    return make_client(github, github.token(contents="write", deployments="write"))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes get the name of their argument: what gzip packs holds the time, and all processes must find equal tests."""
    return argname if isinstance(val, bytes) else None

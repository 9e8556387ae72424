"""The double in one's own process: started, filled, given faults, asked what it saw."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, Self, cast

from doubles.github.api import Api
from doubles.github.contract import Contract, github_contract
from doubles.github.faults import Fault, Faults, Planted
from doubles.github.hosts import Core, Host
from doubles.github.records import RecordedCall, Records, Violation
from doubles.github.routes import ROUTES
from doubles.github.seeding import add_commit, add_repository, add_token, add_workflow
from doubles.github.server import Listener
from doubles.github.state import Commit, Level, Repository, State, Token, Workflow
from doubles.github.storage import Storage
from doubles.github.world import Addresses, World

# No address of one is the name of another, as with GitHub: whoever forwards a token forwards it to a stranger.
HOSTS = {"api": "127.0.0.1", "web": "127.0.0.1", "uploads": "127.0.0.1", "assets": "localhost"}


class GitHub:
    """
    GitHub on four loopback ports.

    Args:
        folder: Where state outlives a stop; without one, everything is forgotten.
        port: The API's port; pages, uploads and assets take the three above it. 0 takes free ones.
    """

    def __init__(self, folder: Path | None = None, *, port: int = 0, contract: Contract | None = None) -> None:
        self._folder, self._port, self._contract = folder, port, contract
        self.records = Records()

    def __enter__(self) -> Self:
        """Start answering."""
        self._temporary = None if self._folder else TemporaryDirectory(prefix="github-")
        storage = Storage(folder=self._folder or Path(cast("TemporaryDirectory[str]", self._temporary).name))
        ports = {site: self._port + offset if self._port else 0 for offset, site in enumerate(HOSTS)}
        self._listeners = {site: Listener(name, ports[site]) for site, name in HOSTS.items()}
        addresses = Addresses(**{site: listener.url for site, listener in self._listeners.items()})
        self.world = World(state=storage.load(), storage=storage, addresses=addresses)
        api = Api(world=self.world, records=self.records, contract=self._contract or github_contract(), routes=ROUTES)
        self._core = Core(world=self.world, api=api, records=self.records, save=self._save)
        for site, listener in self._listeners.items():
            listener.serve(Host(site=site, core=self._core))
        return self

    def __exit__(self, *_: object) -> None:
        """Stop; what was in a folder stays there."""
        self._core.stopping.set()
        # Each takes as long as it takes the thread to look up.
        with ThreadPoolExecutor() as threads:
            list(threads.map(Listener.stop, self._listeners.values()))
        with self._core.lock:
            self._save()
        if self._temporary is not None:
            self._temporary.cleanup()

    @property
    def api_url(self) -> str:
        """What is https://api.github.com elsewhere."""
        return self.world.addresses.api

    @property
    def server_url(self) -> str:
        """What is https://github.com elsewhere."""
        return self.world.addresses.web

    @property
    def uploads_url(self) -> str:
        """What is https://uploads.github.com elsewhere."""
        return self.world.addresses.uploads

    @property
    def assets_url(self) -> str:
        """What is https://release-assets.githubusercontent.com elsewhere."""
        return self.world.addresses.assets

    @property
    def state(self) -> State:
        """Everything that is remembered; a test may change it between requests."""
        return self.world.state

    @property
    def faults(self) -> Faults:
        """What is planted."""
        return self._core.faults

    @property
    def calls(self) -> list[RecordedCall]:
        """Every call so far, but for those of the control routes."""
        return self.records.calls

    @property
    def violations(self) -> list[Violation]:
        """What broke GitHub's contract so far; to be empty at the end of every test."""
        return self.records.violations

    @property
    def leaks(self) -> list[RecordedCall]:
        """The calls that brought a token to the assets' host."""
        return self.records.leaks

    def repository(self, full_name: str) -> Repository:
        """A repository's state."""
        return self.world.repository(full_name)

    def add_repository(self, full_name: str, *, private: bool = False, default_branch: str = "main") -> Repository:
        """A new repository with one commit."""
        with self._core.lock:
            return add_repository(self.world, full_name, private=private, default_branch=default_branch)

    def add_commit(
        self,
        full_name: str,
        *,
        sha: str | None = None,
        date: datetime | None = None,
        branch: str | None = None,
        changes_workflows: bool = False,
    ) -> Commit:
        """A commit on a branch, the default one if none is named; the branch points at it."""
        with self._core.lock:
            repository = self.repository(full_name)
            return add_commit(
                self.world, repository, sha=sha, date=date, branch=branch, changes_workflows=changes_workflows
            )

    def add_workflow(self, full_name: str, path: str, text: str) -> Workflow:
        """A workflow file, or its new text."""
        with self._core.lock:
            return add_workflow(self.world, self.repository(full_name), path, text)

    def token(
        self,
        *,
        login: str = "github-actions[bot]",
        kind: Literal["installation", "user"] = "installation",
        repositories: Sequence[str] | None = None,
        rate_limit: int | None = None,
        **scopes: Level,
    ) -> str:
        """
        A new token.

        Args:
            login: Whose it is, and so who is the author of what it makes.
            kind: `installation` is like a workflow's GITHUB_TOKEN, `user` like a person's.
            repositories: The repositories it is for, all if None.
            rate_limit: Requests an hour, by default 1000 for an installation and 5000 for a user.
            scopes: Its permissions, such as `contents="write", issues="read"`; none are implied.
        """
        token = Token(
            login=login,
            kind=kind,
            permissions=dict(scopes),
            repositories=None if repositories is None else list(repositories),
            rate_limit=rate_limit,
        )
        with self._core.lock:
            return add_token(self.world, token)

    def plant(
        self, fault: Fault, *, method: str = "*", path: str = "*", site: str = "*", skip: int = 0, times: int = 1
    ) -> None:
        """Let a fault strike the next calls that match; see `doubles.github.faults.Planted`."""
        planted = Planted(fault=fault, method=method, path=path, site=site, skip=skip, times=times)
        self._core.faults.plant(planted)

    def set_clock(self, moment: datetime | None) -> None:
        """Hold the clock at a time, or let it be the real one again."""
        self.state.clock = moment

    def advance_clock(self, by: timedelta) -> None:
        """Hold the clock at a later time than now."""
        self.state.clock = self.world.now + by

    def limit_content(self, per_minute: int | None) -> None:
        """Switch the secondary limit on content-creating requests on or off."""
        self.world.rates.content_per_minute = per_minute

    def _save(self) -> None:
        if self._folder is not None:
            self.world.storage.save(self.state)

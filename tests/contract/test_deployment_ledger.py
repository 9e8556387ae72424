"""The deployment ledger: what every implementation promises, and what the file withstands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from core.errors import DeploymentRuns, LedgerError
from core.github.client import GitHub
from core.github.deployments import DeploymentsLedger
from core.ledger import Deployment, DeploymentLedger, Environment, FileLedger, champion, served_at
from core.tags import ModelTag
from doubles import github as double
from tests.contract.trouble import largest_file, racing
from tests.github import REPOSITORY

PRODUCTION, STAGING = Environment.PRODUCTION, Environment.STAGING
V1, V2, V3 = (ModelTag.parse(f"model-v1.{minor}.0") for minor in (0, 1, 2))
NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file ledger lies; not there until something is recorded."""
    return tmp_path / "deep" / "ledger.jsonl"


@pytest.fixture
def file_ledger(path: Path) -> FileLedger:
    return FileLedger(path)


@pytest.fixture
def deployments_ledger(github: double.GitHub, github_client: GitHub) -> DeploymentsLedger:
    """In a repository that has a git tag for each of the models, as their releases make them."""
    for tag in (V1, V2, V3):
        github_client.send("POST", "git", "refs", body={"ref": f"refs/tags/{tag}", "sha": head(github)})
    return DeploymentsLedger(github_client)


def head(github: double.GitHub) -> str:
    """The newest commit."""
    return github.repository(REPOSITORY).refs["refs/heads/main"]


@pytest.fixture(params=["file_ledger", "deployments_ledger"])
def ledger(request: pytest.FixtureRequest) -> DeploymentLedger:
    """Each implementation in turn, empty; a new one adds the name of its fixture here."""
    implementation: DeploymentLedger = request.getfixturevalue(request.param)
    return implementation


def record(
    ledger: DeploymentLedger,
    tag: ModelTag,
    environment: Environment = PRODUCTION,
    at: datetime = NOON,
    reason: str = "a test's",
) -> Deployment:
    return ledger.record(environment, tag, at=at, reason=reason)


def tags(history: list[Deployment]) -> list[ModelTag]:
    return [deployment.tag for deployment in history]


def test_a_new_ledger_has_no_history_and_no_champion(ledger: DeploymentLedger) -> None:
    history = ledger.history(PRODUCTION)
    assert history == []
    assert champion(history) is None


def test_a_record_is_what_the_history_then_holds(ledger: DeploymentLedger) -> None:
    entry = ledger.record(PRODUCTION, V1, at=NOON, reason="the first model")
    assert entry == Deployment(environment=PRODUCTION, tag=V1, previous=None, at=NOON, reason="the first model")
    assert ledger.history(PRODUCTION) == [entry]


def test_a_time_without_a_zone_is_refused(ledger: DeploymentLedger) -> None:
    with pytest.raises(ValueError, match="needs a zone"):
        record(ledger, V1, at=NOON.replace(tzinfo=None))
    assert ledger.history(PRODUCTION) == []


def test_a_history_is_in_the_order_of_recording(ledger: DeploymentLedger) -> None:
    # The second was recorded later, though its clock was behind.
    for tag, at in ((V2, NOON), (V1, NOON - HOUR), (V3, NOON + HOUR)):
        record(ledger, tag, at=at)
    assert tags(ledger.history(PRODUCTION)) == [V2, V1, V3]


def test_the_champion_is_what_was_recorded_last(ledger: DeploymentLedger) -> None:
    for tag in (V1, V3, V2):
        record(ledger, tag)
    assert champion(ledger.history(PRODUCTION)) == V2


def test_each_record_names_what_it_replaced(ledger: DeploymentLedger) -> None:
    entries = [record(ledger, tag) for tag in (V1, V2, V2, V1)]
    assert [entry.previous for entry in entries] == [None, V1, V2, V2]


def test_environments_are_apart(ledger: DeploymentLedger) -> None:
    record(ledger, V1, PRODUCTION)
    record(ledger, V2, STAGING)
    record(ledger, V3, PRODUCTION)
    assert [(entry.tag, entry.previous) for entry in ledger.history(PRODUCTION)] == [(V1, None), (V3, V1)]
    assert [(entry.tag, entry.previous) for entry in ledger.history(STAGING)] == [(V2, None)]


@pytest.mark.parametrize(
    "reason",
    ["", "two\nlines", "\r\n", 'a "quoted" \\ word', "Zürich → 東京 🚀", "\0", "\u2028", "x" * 100_000],
    ids=["empty", "newline", "crlf", "quotes", "unicode", "nul", "line separator", "long"],
)
def test_a_reason_is_kept_to_the_letter(reason: str, ledger: DeploymentLedger) -> None:
    record(ledger, V1, reason=reason)
    record(ledger, V2)
    assert ledger.history(PRODUCTION)[0].reason == reason


@pytest.mark.parametrize(
    "at",
    [
        NOON + timedelta(microseconds=1),
        datetime(2026, 4, 1, 14, 0, tzinfo=timezone(timedelta(hours=2))),
        datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=timezone(-timedelta(hours=9, minutes=30))),
    ],
)
def test_a_time_is_kept_to_the_microsecond_in_any_zone(at: datetime, ledger: DeploymentLedger) -> None:
    record(ledger, V1, at=at)
    assert ledger.history(PRODUCTION)[0].at == at


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (NOON - timedelta(microseconds=1), None),
        (NOON, V1),
        (NOON + HOUR / 2, V1),
        (NOON + HOUR, V2),
        (NOON + 5 * HOUR, V1),
        ((NOON + HOUR).astimezone(timezone(timedelta(hours=5))), V2),
    ],
)
def test_what_served_at_a_time_is_what_was_deployed_last_before_it(
    time: datetime, expected: ModelTag | None, ledger: DeploymentLedger
) -> None:
    for tag, at in ((V1, NOON), (V2, NOON + HOUR), (V1, NOON + 2 * HOUR)):
        record(ledger, tag, at=at)
    assert served_at(ledger.history(PRODUCTION), time) == expected


def test_two_do_not_deploy_to_an_environment_at_once(ledger: DeploymentLedger) -> None:
    with ledger.hold(PRODUCTION, V1) as held:
        held.reach("watch")
        with (
            pytest.raises(DeploymentRuns, match=rf"to production runs \({V1}: watch, since"),
            ledger.hold(PRODUCTION, V2),
        ):
            pass


def test_environments_are_held_by_themselves(ledger: DeploymentLedger) -> None:
    with ledger.hold(PRODUCTION, V1), ledger.hold(STAGING, V2):
        pass


def test_an_environment_can_be_held_again_once_it_was_let_go(ledger: DeploymentLedger) -> None:
    with pytest.raises(LedgerError, match="it broke"), ledger.hold(PRODUCTION, V1):
        raise LedgerError("it broke")
    with ledger.hold(PRODUCTION, V2):
        pass


def test_who_was_refused_leaves_the_holder_alone(ledger: DeploymentLedger) -> None:
    with ledger.hold(PRODUCTION, V1):
        for _ in range(2):
            with pytest.raises(DeploymentRuns), ledger.hold(PRODUCTION, V2):
                pass


def test_holding_is_no_record(ledger: DeploymentLedger) -> None:
    with ledger.hold(PRODUCTION, V1):
        record(ledger, V2)
    assert tags(ledger.history(PRODUCTION)) == [V2]


# From here on the file itself is damaged, so that no other implementation can take part.
@pytest.fixture
def recorded(file_ledger: FileLedger, path: Path) -> bytes:
    """The content of a ledger with three entries."""
    for number, tag in enumerate((V1, V2, V3)):
        record(file_ledger, tag, at=NOON + number * HOUR)
    return path.read_bytes()


def test_a_history_that_is_only_read_makes_no_file(file_ledger: FileLedger, path: Path) -> None:
    file_ledger.history(PRODUCTION)
    assert not path.parent.exists()


def test_an_entry_is_one_line(recorded: bytes) -> None:
    assert recorded.count(b"\n") == 3
    assert recorded.endswith(b"\n")


def test_another_ledger_of_the_same_file_goes_on_with_it(recorded: bytes, path: Path) -> None:
    assert record(FileLedger(path), V1).previous == V3


def test_a_last_line_that_was_cut_anywhere_is_passed_over_and_replaced(
    recorded: bytes, file_ledger: FileLedger, path: Path
) -> None:
    whole = recorded.rindex(b"\n", 0, -1) + 1
    for length in range(whole, len(recorded)):
        path.write_bytes(recorded[:length])
        assert tags(file_ledger.history(PRODUCTION)) == [V1, V2]
        assert record(file_ledger, V3, at=NOON + 2 * HOUR).previous == V2
        assert path.read_bytes() == recorded


@pytest.mark.parametrize("rest", [b"\0" * 50, b"\xff\xfe", b"{}", b'{"tag'])
def test_a_last_line_of_garbage_without_end_is_passed_over_and_replaced(
    rest: bytes, recorded: bytes, file_ledger: FileLedger, path: Path
) -> None:
    path.write_bytes(recorded + rest)
    assert tags(file_ledger.history(PRODUCTION)) == [V1, V2, V3]
    record(file_ledger, V1)
    assert tags(file_ledger.history(PRODUCTION)) == [V1, V2, V3, V1]


# What a person or a disk may do to a line, and what is said of it.
CORRUPT = [
    (b"", "truncated"),
    (b"{}", "missing required field"),
    (b"not json", "malformed"),
    (b"\xff\xfe", "malformed"),
    (b'{"at":"2026-04-01T12:00:00Z","environment":"moon","previous":null,"reason":"","tag":"model-v1.0.0"}', "moon"),
    (b'{"at":"2026-04-01T12:00:00Z","environment":"staging","previous":null,"reason":"","tag":"v1"}', "model tag"),
    (b'{"at":"2026-04-01T12:00:00Z","environment":"staging","previous":null,"reason":"","tag":1}', "model tag"),
    (
        b'{"at":"2026-04-01T12:00:00Z","environment":"staging","previous":7,"reason":"","tag":"model-v1.0.0"}',
        "previous",
    ),
    (b'{"at":"noon","environment":"staging","previous":null,"reason":"","tag":"model-v1.0.0"}', "RFC3339"),
]


@pytest.mark.parametrize(("line", "problem"), CORRUPT)
def test_a_corrupt_line_is_named_by_its_number(
    line: bytes, problem: str, recorded: bytes, file_ledger: FileLedger, path: Path
) -> None:
    first, _, third = recorded.splitlines()
    path.write_bytes(b"\n".join([first, line, third, b""]))
    with pytest.raises(LedgerError, match=rf"ledger\.jsonl line 2: .*{problem}.*; mend or remove that line"):
        file_ledger.history(PRODUCTION)


def test_a_corrupt_ledger_is_not_written_to(recorded: bytes, file_ledger: FileLedger, path: Path) -> None:
    corrupt = b"{}\n" + recorded
    path.write_bytes(corrupt)
    with pytest.raises(LedgerError, match="line 1"):
        record(file_ledger, V1)
    assert path.read_bytes() == corrupt


def test_a_ledger_below_a_file_cannot_be_read_nor_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    ledger = FileLedger(tmp_path / "file" / "ledger.jsonl")
    with pytest.raises(LedgerError, match=r"cannot be read \(Not a directory\)"):
        ledger.history(PRODUCTION)
    with pytest.raises(LedgerError, match="cannot be written"):
        record(ledger, V1)


def test_a_directory_in_the_place_of_the_file_cannot_be_read_nor_written(path: Path, file_ledger: FileLedger) -> None:
    path.mkdir(parents=True)
    with pytest.raises(LedgerError, match=r"cannot be read \(Is a directory\)"):
        file_ledger.history(PRODUCTION)
    with pytest.raises(LedgerError, match=r"cannot be written \(Is a directory\)"):
        record(file_ledger, V1)


@pytest.mark.parametrize("room", [0, 1, 60])
def test_a_disk_without_room_for_the_line_leaves_the_ledger_as_it_was(
    room: int, recorded: bytes, file_ledger: FileLedger, path: Path
) -> None:
    with largest_file(len(recorded) + room), pytest.raises(LedgerError, match="cannot be written"):
        record(file_ledger, V1)
    assert path.read_bytes() == recorded


def record_each(start: Barrier, path: Path, number: int, count: int) -> None:
    """In a process of its own: record tag after tag, staging and production in turn."""
    ledger = FileLedger(path)
    start.wait()
    for minor in range(count):
        for environment in Environment:
            record(ledger, ModelTag(number, minor, 0), environment)


def test_processes_that_record_together_lose_nothing_and_name_what_they_replaced(
    file_ledger: FileLedger, path: Path
) -> None:
    count, seen = 20, list[Deployment]()
    with racing(record_each, [(path, number, count) for number in range(4)]) as processes:
        while any(process.is_alive() for process in processes):
            history = file_ledger.history(PRODUCTION)
            assert history[: len(seen)] == seen, "an entry that was read once must stay"
            seen = history
    for environment in Environment:
        history = file_ledger.history(environment)
        assert sorted(tags(history)) == [ModelTag(number, minor, 0) for number in range(4) for minor in range(count)]
        assert history[0].previous is None
        assert all(entry.previous == before.tag for before, entry in pairwise(history))

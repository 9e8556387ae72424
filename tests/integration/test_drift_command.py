"""`python -m drift` as its users call it, beside journals, services and disks as they have them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from app.keys import Scope, new_key
from core.documents import from_json
from core.drift import DriftReport, Severity
from core.errors import SourceError
from core.journal.sqlite import SqliteStore
from drift.sources.service import ServiceSource
from tests.commands import ROOT
from tests.disk import SmallDisk
from tests.drift_rows import Place, make_day, make_days, publish, write_journal
from tests.factories import FEATURES
from tests.integration.test_gunicorn import Server, free_port, serving

ADMIN, ADMIN_ENTRY = new_key("admin", [Scope.ADMIN])
ASKER, ASKER_ENTRY = new_key("asker", [Scope.PREDICT])
AS_OF = "2026-06-08"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "model.toml").write_text(MODEL_FILE)
    return publish(tmp_path)


MODEL_FILE = f"""
[target]
name = "churn"
task = "binary"
positive = "yes"
negative = "no"
{FEATURES}"""


def start(place: Place, *arguments: str, within: Sequence[str] = (), **variables: str) -> subprocess.Popen[str]:
    environment = {"PATH": os.environ["PATH"], "AS_OF": AS_OF, **place.environment, **variables}
    return subprocess.Popen(
        [*within, sys.executable, "-m", "drift", *arguments], cwd=ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def drift(place: Place, *arguments: str, **variables: str) -> tuple[int | None, str, str]:
    """Status, output and errors of one command."""
    process = start(place, *arguments, **variables)
    output, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors
    return process.returncode, output, errors


def check(place: Place, *arguments: str, **variables: str) -> tuple[int | None, str, str]:
    return drift(place, "check", "--model-file", str(place.folder / "model.toml"), *arguments, **variables)


def test_a_check_is_shown_explained_and_written(place: Place) -> None:
    place.write(make_days(7, older_by=30))
    status, output, _ = check(place)
    assert (status, "8 windows were judged." in output) == (0, True)
    assert "-m drift explain" in output

    page = place.folder / "report.html"
    assert drift(place, "report", "--html", str(page))[:2] == (0, f"The report: {page}\n")
    assert page.read_text().startswith("<!doctype html>")
    _, text, _ = drift(place, "report", "--format", "json")
    assert from_json(text.encode(), DriftReport, source="").severity is Severity.ALERT
    assert drift(place, "explain", "age")[0] == 0
    assert drift(place, "explain", "speed") == (
        1,
        "",
        "error: the last check says nothing of 'speed'; it knows age, city, score\n",
    )
    assert drift(place, "report", "--html", str(place.folder / "no" / "where.html"))[0] == 1


@pytest.mark.parametrize(
    ("arguments", "variables", "problem"),
    [
        (["report"], {}, "sqlite:.*/journal.db: no check was made yet; .*python -m drift check makes one"),
        (
            ["check"],
            {"DRIFT_SOURCE": "sqlite:nowhere.db"},
            "DRIFT_SOURCE: takes sqlite:PATH .* no nowhere.db",
        ),
        (["check"], {"DRIFT_SOURCE": "rows.xls"}, "DRIFT_SOURCE: takes service:URL, sqlite:PATH"),
        (["check"], {"DRIFT_DIR": "/dev/null/drift"}, "/dev/null/drift.*: Not a directory"),
        (["check"], {"MODEL_REGISTRY": "directory:nowhere"}, "the registry directory:nowhere is empty"),
        (["simulate", "--as-of", "2026-06-03"], {}, "holds no complete week, from Monday to Sunday, yet"),
        (["simulate", "--fault", "age by magic"], {}, "fault 'age by magic': begins with one of unit, "),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    place: Place, arguments: list[str], variables: dict[str, str], problem: str
) -> None:
    place.write(make_days(7))
    extra = ["--model-file", str(place.folder / "model.toml")] if arguments == ["check"] else []
    status, _, errors = drift(place, *arguments, *extra, **variables)
    assert (status, bool(re.match(f"error: .*{problem}", errors))) == (1, True), errors


def test_one_week_is_enough_to_try_faults(place: Place) -> None:
    place.write(make_days(7))
    status, output, errors = drift(place, "simulate", "--fault", "missing:age:0.2")
    assert (status, "age" in output) == (0, True), errors


def test_two_checks_at_once_find_the_same_and_count_nothing_twice(place: Place) -> None:
    place.write([make_day(day, known=0.5) for day in range(7)])
    processes = [start(place, "check", "--model-file", str(place.folder / "model.toml")) for _ in range(2)]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, "")
    after = place.check(7).report
    assert (after.judged, after.severity, after.windows[0].rows) == (0, Severity.OK, 4200)
    assert [len(each.history) for each in after.windows[1].columns] == [7, 7, 7]


def test_a_disk_that_is_full_loses_no_window(place: Place, tmp_path: Path) -> None:
    place.write(make_days(7))
    with closing(SmallDisk(tmp_path / "disk", size_bytes=8_192)) as disk:
        folder = {"DRIFT_DIR": str(disk.path / "drift")}
        arguments = ["check", "--model-file", str(place.folder / "model.toml")]
        process = start(place, *arguments, within=disk.command, **folder)
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, "No space left on device" in errors) == (1, True)
    assert place.check(7).report.judged == 8


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, Server]]:
    place = publish(tmp_path_factory.mktemp("served"))
    (place.folder / "model.toml").write_text(MODEL_FILE)
    (place.folder / "journal").mkdir()
    with closing(SqliteStore(place.folder / "journal" / "journal.db")) as store:
        write_journal(store, make_days(7, older_by=30))
    with serving(place.folder, API_KEYS=f"{ADMIN_ENTRY},{ASKER_ENTRY}", JOURNAL_RETENTION_DAYS="3650") as server:
        yield place, server


def test_a_service_shows_what_a_check_of_it_found(served: tuple[Place, Server]) -> None:
    place, server = served
    url = f"http://127.0.0.1:{server.port}"
    status, output, errors = check(place, "--source", f"service:{url}", SERVICE_KEY=ADMIN)
    assert (status, "8 windows were judged." in output) == (0, True), errors

    headers = {"Authorization": f"Bearer {ADMIN}"}
    shown = requests.get(f"{url}/v1/drift", headers=headers, timeout=10)
    report = from_json(shown.content, DriftReport, source="")
    assert (report.severity, report.made_at) == (Severity.ALERT, datetime(2026, 6, 8, tzinfo=UTC))
    metrics = requests.get(f"{url}/metrics", headers=headers, timeout=10).text
    assert f"slipway_drift_severity {Severity.ALERT.rank}.0" in metrics
    assert "0 windows were judged." in check(place, "--source", f"service:{url}", SERVICE_KEY=ADMIN)[1]


@pytest.mark.parametrize("key", [ASKER, ""], ids=["another scope", "no key"])
def test_a_key_that_may_not_is_told_what_it_lacks(served: tuple[Place, Server], key: str) -> None:
    place, server = served
    status, _, errors = check(place, "--source", f"http://127.0.0.1:{server.port}", SERVICE_KEY=key)
    assert (status, "set SERVICE_KEY to one with the scope admin" in errors) == (1, True)


def test_a_service_that_is_down_is_told(place: Place) -> None:
    source = ServiceSource(f"http://127.0.0.1:{free_port()}", "", sleep=lambda _: None)
    with pytest.raises(SourceError, match=r"nothing answers there, .*; check the address and whether it runs"):
        place.check(7, source)

"""What a drift check reads from the environment."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from core.errors import SettingsError
from core.journal.sqlite import SqliteStore
from core.registry import DirectoryRegistry
from drift.settings import DriftSettings
from drift.sources.store import StoreSource
from tests.journal import make_prediction

HIDDEN = "hunter2"
DATABASE = f"postgresql://u:{HIDDEN}@127.0.0.1:9/journal"
NOW = datetime(2026, 11, 26, 6, 29, tzinfo=UTC)


def read(**environment: str) -> DriftSettings:
    return DriftSettings.from_env(environment)


def test_an_empty_environment_is_enough() -> None:
    settings = read()
    assert settings.source == "sqlite:.slipway/journal/journal.db"
    assert settings.folder == Path(".slipway/drift")
    assert isinstance(settings.registry, DirectoryRegistry)
    assert (settings.alerts, settings.as_of, settings.service_key) == (None, None, "")


@pytest.mark.parametrize(
    ("environment", "source"),
    [
        ({"JOURNAL_DIR": "/data/journal"}, "sqlite:/data/journal/journal.db"),
        ({"JOURNAL_DIR": "/data", "DATABASE_URL": DATABASE}, "database"),
        ({"JOURNAL_DIR": "/data", "DATABASE_URL": DATABASE, "DRIFT_SOURCE": "rows.csv"}, "rows.csv"),
        ({"GITHUB_ACTIONS": "false"}, "sqlite:.slipway/journal/journal.db"),
        ({"GITHUB_ACTIONS": "true"}, None),
        ({"GITHUB_ACTIONS": "true", "DRIFT_SOURCE": " ", "DATABASE_URL": ""}, None),
        ({"GITHUB_ACTIONS": "true", "DATABASE_URL": DATABASE}, "database"),
        ({"GITHUB_ACTIONS": "true", "DRIFT_SOURCE": "https://slipway.test"}, "https://slipway.test"),
    ],
)
def test_rows_are_where_somebody_says_or_where_this_machine_has_them(
    environment: dict[str, str], source: str | None
) -> None:
    assert read(**environment).source == source


def test_where_nothing_says_where_rows_are_there_is_nothing_to_open() -> None:
    assert read(GITHUB_ACTIONS="true").open_rows() is None


def test_the_journal_of_the_service_on_this_machine_is_opened(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "journal.db")
    store.add([make_prediction()])
    store.close()
    source = read(JOURNAL_DIR=str(tmp_path)).open_rows()
    assert isinstance(source, StoreSource)
    assert source.name == f"sqlite:{tmp_path}/journal.db"
    assert source.span() is not None


def test_the_secrets_of_a_source_reach_it_and_nothing_else() -> None:
    settings = read(DATABASE_URL=DATABASE, SERVICE_KEY=HIDDEN)
    source = settings.open_rows()
    assert source is not None
    assert source.name == "postgresql://u:***@127.0.0.1:9/journal"
    assert HIDDEN not in repr(settings)
    assert HIDDEN not in repr(read(DRIFT_SOURCE=DATABASE))


def test_a_file_of_rows_is_remembered_in_the_folder_of_the_reports(tmp_path: Path) -> None:
    source = read(DRIFT_SOURCE="rows.csv", DRIFT_DIR=str(tmp_path / "drift")).open_rows(tag="model-v1.0.0")
    assert source is not None
    source.keep({"drift-memory": b"{}"})
    (kept,) = (tmp_path / "drift").glob("rows.csv-*/drift-memory.json")
    assert kept.read_bytes() == b"{}"


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"DRIFT_SOURCE": "rows.xlsx"}, "takes service:URL"),
        ({"DRIFT_SOURCE": f"https://u:{HIDDEN}@slipway.test"}, "its key comes from SERVICE_KEY"),
        ({"DATABASE_URL": f"mysql://u:{HIDDEN}@h"}, "needs DATABASE_URL to be postgresql"),
        ({"JOURNAL_DIR": "/nowhere"}, "there is no /nowhere/journal.db"),
    ],
)
def test_what_names_no_source_is_told_what_would(environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError, match=f"environment: --source or DRIFT_SOURCE: .*{sentence}") as caught:
        read(**environment).open_rows()
    assert HIDDEN not in str(caught.value)


@pytest.mark.parametrize("text", ["", "none"])
def test_without_a_repository_nothing_is_told(text: str) -> None:
    assert read(DRIFT_ALERTS=text).alerts is None


def test_alerts_go_to_the_repository_that_is_named() -> None:
    alerts = read(DRIFT_ALERTS="github:acme/forecast", GITHUB_TOKEN=HIDDEN).alerts
    assert alerts is not None
    assert alerts.settings.repository == "acme/forecast"


def test_every_malformed_variable_is_named_and_no_secret_is_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        read(MODEL_REGISTRY="s3", DRIFT_ALERTS="acme/forecast", AS_OF="July", SERVICE_KEY=f"{HIDDEN} {HIDDEN}")
    assert [str(fault) for fault in caught.value.faults] == [
        "MODEL_REGISTRY: takes directory:PATH or github:OWNER/NAME, found 's3'",
        "SERVICE_KEY: takes one key, as python -m app keys new shows it",
        "DRIFT_ALERTS: takes none or github:OWNER/NAME, found 'acme/forecast'",
        "AS_OF: takes a day as YYYY-MM-DD, found 'July'",
    ]


def test_a_day_of_the_past_counts_as_now_from_its_midnight() -> None:
    settings = read(AS_OF="2013-07-01")
    assert settings.as_of == date(2013, 7, 1)
    assert settings.moment(NOW) == datetime(2013, 7, 1, tzinfo=UTC)


def test_without_a_day_now_is_what_the_clock_says() -> None:
    assert read().moment(NOW) == NOW

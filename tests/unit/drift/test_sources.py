"""A source is what its name says."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.journal.sqlite import SqliteStore
from drift.sources import open_source
from tests.journal import make_prediction

HIDDEN = "hunter2"
DATABASE = f"postgresql://u:{HIDDEN}@127.0.0.1:9/journal"


def name_of(text: str, folder: Path, **environment: str) -> str:
    return open_source(text, environment, folder=folder).name


def test_every_kind_has_a_name_without_secrets(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "journal.db")
    store.add([make_prediction()])
    store.close()
    names = {
        "service:https://slipway.test/": "https://slipway.test",
        "https://slipway.test/base": "https://slipway.test/base",
        "http://127.0.0.1:8000": "http://127.0.0.1:8000",
        "http://[::1]:8000": "http://[::1]:8000",
        f"sqlite:{tmp_path}/journal.db": f"sqlite:{tmp_path}/journal.db",
        DATABASE: "postgresql://u:***@127.0.0.1:9/journal",
        "database": "postgresql://u:***@127.0.0.1:9/journal",
        "here/rows.csv": "here/rows.csv",
        "rows.CSV.gz": "rows.CSV.gz",
        "rows.parquet": "rows.parquet",
        "rows.jsonl": "rows.jsonl",
    }
    found = {text: name_of(text, tmp_path, DATABASE_URL=DATABASE, SERVICE_KEY=HIDDEN) for text in names}
    assert found == names


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "takes service:URL"),
        ("rows.xlsx", "takes service:URL"),
        ("rows.parquet.gz", "takes service:URL"),
        ("service:", "takes service:URL"),
        ("service:slipway.test", "takes an https URL"),
        ("http://slipway.test", "takes an https URL"),
        (f"https://u:{HIDDEN}@slipway.test", "its key comes from SERVICE_KEY"),
        ("database", "needs DATABASE_URL to be postgresql"),
        ("sqlite:nowhere.db", "there is no nowhere.db"),
        ("sqlite:", "takes service:URL"),
    ],
)
def test_what_names_no_source_is_told_what_would(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        open_source(text, {"DATABASE_URL": f"mysql://u:{HIDDEN}@h"}, folder=tmp_path)
    assert HIDDEN not in str(caught.value)


def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no"):
        open_source(f"sqlite:{tmp_path}/journal.db", {}, folder=tmp_path / "memory")
    assert list(tmp_path.iterdir()) == []

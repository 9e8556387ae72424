"""`python -m ml adopt`: what it refuses before or instead of writing, each in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ml.__main__ import main
from tests.customers import write_customers
from tests.loopback import Answer, answering


def _adopt(folder: Path, *arguments: str, **variables: str) -> Result:
    places = ["--within", str(folder), "--model-file", str(folder / "model.toml"), "--no-train"]
    return CliRunner().invoke(main, ["adopt", *arguments, *places], env=variables)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    write_customers(tmp_path / "data/customers.csv")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["nowhere.csv", "--target", "left"], 2, "nowhere.csv does not exist"),
        (["https://example.org/a.csv", "b.csv", "--target", "left"], 2, "takes one URL, or files"),
        (["http://example.org/a.csv", "--target", "left"], 1, "takes an https URL"),
        (["data", "--target", "left"], 2, "data is a folder; name its files, such as data/*.csv"),
        (["data/customers.csv"], 2, "Missing option '--target'"),
        (["data/customers.csv", "--target", "lefft"], 1, "has no column 'lefft' (--target); did you mean 'left'?"),
        (["data/customers.csv", "--target", "last_note"], 1, "error: customers.csv: target 'last_note' holds texts of"),
        (["data/customers.csv", "--target", "signed_up"], 1, "holds dates or times; add the number of days"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(
    folder: Path, arguments: list[str], status: int, words: str
) -> None:
    result = _adopt(folder, *arguments)
    assert result.exit_code == status
    assert words in result.stderr
    assert [path.name for path in folder.iterdir()] == ["data"]


def test_a_url_is_downloaded_and_stays_in_the_model_file_with_its_signature(folder: Path) -> None:
    table = (folder / "data/customers.csv").read_bytes()
    with answering(lambda _asked: Answer(body=table, headers={"Content-Type": "text/csv"})) as server:
        url = f"{server.url}/customers.csv?signature=abc"
        result = _adopt(folder, url, "--target", "left", DATA_DIR=str(folder / "copies"))
        assert result.exit_code == 0, result.output
    assert f'path = "{url}"' in (folder / "model.toml").read_text()
    report = (folder / "docs/table.md").read_text()
    assert "/customers.csv --target left" in report
    assert "signature" not in report


def test_the_report_names_the_command_with_its_wishes(folder: Path) -> None:
    wishes = ["--drop", "town", "--keep", "refund", "--positive", "no"]
    result = _adopt(folder, "data/customers.csv", "--target", "left", *wishes)
    assert result.exit_code == 0, result.output
    report = (folder / "docs/table.md").read_text()
    assert "scripts/adopt data/customers.csv --target left --positive no --drop town --keep refund" in report
    assert "'refund' was kept by --keep." in result.stdout
    assert "'town': It was named by --drop." in result.stdout

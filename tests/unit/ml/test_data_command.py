"""`python -m ml data`, and a training that finds nothing new: at files, and at a server whose table changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import polars as pl
import pytest
from click.testing import CliRunner, Result

from core.registry import DirectoryRegistry
from ml.__main__ import main
from ml.lineage import settings_digest, window
from ml.pipeline import read_parts
from ml.problem import read_problem
from tests.factories import make_bundle, make_contract, make_manifest
from tests.loopback import Answer, Asked, answering
from tests.unit.ml.factories import make_frame

# The contract of `make_contract`, as model.toml has it.
CONTRACT = """
[target]
name = "churn"
task = "binary"
positive = "yes"
negative = "no"
description = "Left within a month."
[[features]]
name = "age"
kind = "numeric"
unit = "a"
low = 0
high = 120
nullable = true
description = "Age of the customer."
[[features]]
name = "city"
kind = "categorical"
categories = ["Oslo", "Rome"]
description = "Where they live."
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """A model.toml beside a registry."""

    folder: Path

    def write(self, path: str) -> None:
        (self.folder / "model.toml").write_text(f'[dataset]\npath = "{path}"\n{CONTRACT}')

    def run(self, *arguments: str, **variables: str) -> Result:
        environment = {
            "MODEL_REGISTRY": f"directory:{self.folder / 'registry'}",
            "DEPLOYMENT_LEDGER": f"file:{self.folder / 'ledger.jsonl'}",
            "CANDIDATE_DIR": str(self.folder / "candidate"),
            "WANDB_DIR": str(self.folder),
            "DATA_DIR": str(self.folder / "kept"),
        }
        file = ["--model-file", str(self.folder / "model.toml")]
        return CliRunner().invoke(main, [*arguments, *file], env=environment | variables)

    def publish(self, files: str) -> None:
        """A model that says it was made from these files, with the settings of model.toml."""
        before = (self.folder / "model.toml").read_text()
        self.write(files)
        problem = read_problem(self.folder / "model.toml")
        parts = read_parts(problem, None)
        lineage = msgspec.structs.replace(
            make_manifest(make_contract()).lineage,
            data_sha256=parts.train.sha256,
            settings_sha256=settings_digest(problem),
            train=window(parts.train),
            validation=window(parts.validation),
            holdout=window(parts.holdout),
        )
        bundle = make_bundle(self.folder / "made", lineage=lineage)
        DirectoryRegistry(self.folder / "registry").publish(bundle)
        (self.folder / "model.toml").write_text(before)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(folder=tmp_path)
    _table(0).write_csv(tmp_path / "a.csv")
    _table(1).write_csv(tmp_path / "b.csv")
    home.write("?.csv")
    return home


def _table(seed: int) -> pl.DataFrame:
    return make_frame(seed=seed).drop("at")


@pytest.fixture
def tables(home: Home) -> Iterator[dict[str, bytes]]:
    """What a server has under `/table`; model.toml names it."""
    held = {"csv": (home.folder / "a.csv").read_bytes()}

    def reply(_: Asked) -> Answer:
        return Answer(body=held["csv"], headers={"Content-Type": "text/csv"})

    with answering(reply) as server:
        home.write(f"{server.url}/table?signature=abc")
        yield held


def test_files_are_shown_with_sizes_rows_columns_and_checksum(home: Home) -> None:
    result = home.run("data")
    assert result.exit_code == 0, result.output
    sizes = [(home.folder / name).stat().st_size for name in ("a.csv", "b.csv")]
    title, _, first, second, total, sha256, verdict = result.stdout.splitlines()
    assert title == f"{home.folder}/?.csv (2 files)"
    assert first.split() == [f"{home.folder}/a.csv", f"{sizes[0]:,}"]
    assert second.split() == [f"{home.folder}/b.csv", f"{sizes[1]:,}"]
    assert total == f"800 rows, 3 columns, {sum(sizes):,} bytes"
    assert sha256.startswith("SHA-256 ")
    assert verdict == "No model is published yet: scripts/train makes the first."


def test_of_many_files_the_first_are_shown(home: Home) -> None:
    for number in range(30):
        _table(0).head(1).write_csv(home.folder / f"part{number:02}.csv")
    home.write("part*.csv")
    assert "... and 10 more\n30 rows, 3 columns, " in home.run("data").stdout


def test_a_name_moves_no_cursor(home: Home) -> None:
    (home.folder / "a.csv").rename(home.folder / "\x1b[2Ja.csv")
    home.write("*.csv")
    assert "\x1b" not in home.run("data").stdout


def test_without_a_model_there_is_something_new(home: Home) -> None:
    assert home.run("data", "--check").exit_code == 3


def test_what_the_newest_model_was_made_from_is_nothing_new(home: Home) -> None:
    home.publish("?.csv")
    result = home.run("data", "--check")
    assert result.stdout.endswith("\nmodel-v1.0.0 was made from the same data and settings.\n")
    assert result.exit_code == 0


def test_a_file_more_changes_the_data(home: Home) -> None:
    home.publish("?.csv")
    _table(2).write_csv(home.folder / "c.csv")
    result = home.run("data", "--check")
    assert result.stdout.endswith("\nSince model-v1.0.0 the data changed: scripts/train makes a model of them.\n")
    assert result.exit_code == 3
    assert home.run("data").exit_code == 0


def test_settings_are_told_apart_from_the_data(home: Home) -> None:
    home.publish("?.csv")
    file = home.folder / "model.toml"
    file.write_text(file.read_text() + "[training]\ntrials = 1\n")
    assert "Since model-v1.0.0 the settings changed: " in home.run("data").stdout


def test_data_that_cannot_be_read_are_an_error_of_their_own(home: Home) -> None:
    home.write("none*.csv")
    result = home.run("data", "--check")
    assert result.exit_code == 1
    assert f"error: {home.folder}/none*.csv matches no file; dataset.path" in result.stderr


def test_a_table_behind_a_url_trains_nothing_until_it_changes(home: Home, tables: dict[str, bytes]) -> None:
    home.publish("a.csv")
    summary = home.folder / "summary.md"
    result = home.run("train", "--if-new", GITHUB_STEP_SUMMARY=str(summary))
    said = "Nothing was trained: model-v1.0.0 was made from the same data and settings."
    assert (result.exit_code, result.stdout) == (0, f"{said}\n")
    assert summary.read_text() == f"{said}\n\n"
    tables["csv"] = (home.folder / "b.csv").read_bytes()
    assert "the data changed" in home.run("data").stdout


@pytest.mark.usefixtures("tables")
def test_a_url_is_shown_without_what_may_be_its_signature(home: Home) -> None:
    result = home.run("data")
    assert result.exit_code == 0, result.output
    assert "/table\n" in result.stdout
    assert "signature" not in result.output


@pytest.mark.parametrize("command", ["train", "evaluate", "data", "traffic"])
def test_every_command_that_reads_the_data_downloads_them(command: str, home: Home) -> None:
    with answering(lambda _: Answer(status=404)) as server:
        home.write(f"{server.url}/table.csv")
        tag = ["model-v1.0.0"] if command == "evaluate" else []
        DirectoryRegistry(home.folder / "registry").publish(make_bundle(home.folder / "made"))
        result = home.run(command, *tag)
    assert result.exit_code == 1
    assert f"error: {server.url}/table.csv: there is no such file (404)" in result.stderr

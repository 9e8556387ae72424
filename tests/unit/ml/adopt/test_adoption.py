"""Adopting a file: what is written, what is written over, and what a second run keeps."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from core.errors import DatasetError, ModelFileError
from ml.adopt.adoption import Adopted, Request, adopt_table, dataset_path
from ml.adopt.decisions import Wishes
from ml.progress import Progress
from tests.customers import write_customers


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    (tmp_path / "data").mkdir()
    write_customers(tmp_path / "data/customers.csv")
    return Request(
        files=(tmp_path / "data/customers.csv",),
        wishes=Wishes(target="left"),
        model_file=tmp_path / "model.toml",
        report=tmp_path / "docs/table.md",
        replace=False,
        command="scripts/adopt data/customers.csv --target left",
    )


def _adopt(request: Request) -> Adopted:
    return adopt_table(request, Progress(Console(file=io.StringIO())))


def test_what_is_written_trains_on_the_file_that_was_adopted(request_: Request) -> None:
    adopted = _adopt(request_)
    assert adopted.problem.contract == adopted.decisions.contract
    assert len(adopted.problem.load(None)) == 1488
    assert adopted.row is not None
    assert set(adopted.row) == set(adopted.decisions.contract.names)
    assert isinstance(adopted.row["support_calls"], int)
    assert "'refund'" in request_.report.read_text()


def test_adopting_again_writes_the_same_bytes(request_: Request) -> None:
    places = (request_.model_file, request_.report, request_.base)
    _adopt(request_)
    before = [place.read_bytes() for place in places]
    adopted = _adopt(request_)
    assert [place.read_bytes() for place in places] == before
    assert adopted.merged.changed == adopted.merged.kept == ()


def test_what_was_edited_stays_and_the_rest_follows_the_table(request_: Request) -> None:
    _adopt(request_)
    edited = request_.model_file.read_text().replace("high = 120", "high = 99")
    request_.model_file.write_bytes(b"\xef\xbb\xbf" + edited.replace("\n", "\r\n").encode())
    table = pl.read_csv(request_.files[0], infer_schema=False)
    table.with_columns(
        monthly_spend=pl.col("monthly_spend").str.replace("$78.94", "$400.00", literal=True),
        plan=pl.col("plan").str.replace("plus", "more"),
    ).write_csv(request_.files[0])
    adopted = _adopt(request_)
    assert "feature 'plan' categories: ['basic', 'plus', 'pro'] -> ['basic', 'more', 'pro']" in adopted.merged.changed
    assert any("'monthly_spend' high stays 99, as you edited it" in line for line in adopted.merged.kept)
    (spend,) = (each for each in adopted.problem.contract.features if each.name == "monthly_spend")
    assert getattr(spend, "high", None) == 99


def test_a_model_file_of_somebody_else_is_not_written_over(request_: Request) -> None:
    request_.model_file.write_text("# mine\n")
    with pytest.raises(ModelFileError, match=r"--replace writes a new one and keeps this one as model\.toml\.before"):
        _adopt(request_)
    assert request_.model_file.read_text() == "# mine\n"
    assert not request_.report.exists()
    adopted = _adopt(replace(request_, replace=True))
    assert adopted.remarks == ("The model.toml there was is kept as model.toml.before.",)
    assert request_.model_file.with_name("model.toml.before").read_text() == "# mine\n"
    adopted = _adopt(replace(request_, replace=True))
    assert adopted.remarks == ("The model.toml there was is kept as model.toml.before2.",)
    assert request_.model_file.with_name("model.toml.before").read_text() == "# mine\n"


def test_the_shipped_example_is_replaced_with_a_word(request_: Request) -> None:
    request_.model_file.write_text('[dataset]\nloader = "example.tables:load"\n')
    (remark,) = _adopt(request_).remarks
    assert remark.startswith("model.toml was the example's and is replaced; git has it still.")


def test_a_refused_table_leaves_everything_as_it_was(request_: Request) -> None:
    with pytest.raises(DatasetError, match="has no column 'lefft'"):
        _adopt(replace(request_, wishes=Wishes(target="lefft")))
    assert not request_.model_file.exists()
    assert not request_.report.parent.exists()


def test_a_damaged_base_is_named(request_: Request) -> None:
    _adopt(request_)
    head = request_.base.read_text().splitlines(keepends=True)[0]
    request_.base.write_text("[[[")
    with pytest.raises(ModelFileError, match=r"table\.toml: file: is not what adopt wrote; restore or remove it"):
        _adopt(request_)
    request_.base.write_text(head + "[[[")
    with pytest.raises(ModelFileError, match=r"table\.toml: file: is not what adopt wrote \(Invalid"):
        _adopt(request_)


@pytest.mark.parametrize("name", ["model.md", "report.toml", "pyproject.md"])
def test_a_report_takes_the_place_of_no_other_file(name: str, request_: Request) -> None:
    project = request_.model_file.with_name("pyproject.toml")
    project.write_text("[project]\n")
    with pytest.raises(ModelFileError, match="or name another --report"):
        _adopt(replace(request_, report=request_.model_file.with_name(name)))
    assert project.read_text() == "[project]\n"
    assert not request_.model_file.exists()


def test_a_model_file_that_says_nothing_sensible_is_named_before_anything_is_written(request_: Request) -> None:
    _adopt(request_)
    edited = request_.model_file.read_text().replace("[target]", "[target.x]\ny = 1\n[target]")
    request_.model_file.write_text(edited)
    before = request_.base.read_bytes()
    with pytest.raises(ModelFileError, match=r"model\.toml: target\.x: unknown key"):
        _adopt(replace(request_, wishes=Wishes(target="left", drop=("town",))))
    assert (request_.model_file.read_text(), request_.base.read_bytes()) == (edited, before)


def test_the_row_to_send_keeps_the_model_file_that_was_edited(request_: Request) -> None:
    _adopt(request_)
    text = request_.model_file.read_text()
    newsletter = text[text.index("[[features]]\n# Texts of 2 values: 'false'") :]
    request_.model_file.write_text(text.replace(newsletter, "").replace("high = 12\n", "high = 1\n"))
    row = _adopt(request_).row
    assert row is not None
    assert "newsletter" not in row
    assert row["support_calls"] in (0, 1)


def test_there_is_no_row_to_send_where_none_keeps_the_model_file(request_: Request) -> None:
    _adopt(request_)
    request_.model_file.write_text(request_.model_file.read_text().replace('"data_used"', '"data_unused"'))
    assert _adopt(request_).row is None


def test_a_table_outside_of_the_folder_is_said(request_: Request) -> None:
    inner = request_.model_file.parent / "inner"
    inner.mkdir()
    adopted = _adopt(replace(request_, model_file=inner / "model.toml"))
    assert adopted.remarks[0].startswith("The table lies outside of this folder")


def test_a_typed_table_trains_as_it_was_adopted(request_: Request) -> None:
    path = request_.model_file.with_name("table.parquet")
    pl.DataFrame(
        {
            "left": [" a", "a", "b"] * 100,
            "tells": [number % 3 for number in range(300)],
            "ratio": [float("inf"), *range(29)] * 10,
            "amount": [number * 7 % 300 / 4 for number in range(300)],
        },
        schema_overrides={"amount": pl.Decimal(9, 2), "ratio": pl.Float64},
    ).write_parquet(path)
    adopted = _adopt(replace(request_, files=(path,)))
    assert adopted.decisions.target.target.classes == (" a", "a", "b")
    left_out = {each.name: each.reason for each in adopted.decisions.left_out}
    assert "It is infinite in 10 of 300 rows" in left_out["ratio"]
    assert "Alone it nearly gives the outcome" in left_out["tells"]
    assert len(adopted.problem.load(None)) == 300


def test_files_are_read_once_and_in_the_order_of_their_names(request_: Request) -> None:
    (first,) = request_.files
    second, link = first.with_name("more.csv"), first.with_name("other.csv")
    second.write_bytes(first.read_bytes())
    link.symlink_to(first)
    adopted = _adopt(replace(request_, files=(link, second, first, first)))
    assert adopted.profile.rows == 2 * 1500
    raw = adopted.problem.read(None)
    assert (raw.sha256, sum(map(len, raw.batches(999)))) == (adopted.profile.sha256, 2 * 1500)


def test_a_file_whose_name_is_no_text_is_refused(request_: Request) -> None:
    path = request_.files[0].rename(request_.files[0].with_name("\udcff.csv"))
    with pytest.raises(DatasetError, match=r"a file's name is not UTF-8: '\\udcff\.csv'; rename it"):
        _adopt(replace(request_, files=(path,)))


def test_one_file_is_named_from_the_model_files_folder(tmp_path: Path) -> None:
    assert dataset_path([tmp_path / "data/a.csv"], tmp_path) == "data/a.csv"
    assert dataset_path([tmp_path / "a.csv"], tmp_path / "inner") == "../a.csv"


def test_several_files_are_named_by_a_pattern_that_takes_no_other(tmp_path: Path) -> None:
    files = [tmp_path / f"sales-{month:02}.csv" for month in (1, 2, 12)]
    for file in files:
        file.touch()
    assert dataset_path(files, tmp_path) == "sales-*.csv"
    (tmp_path / "sales-old.csv").touch()
    with pytest.raises(DatasetError, match=r"sales-\*\.csv takes 'sales-old\.csv' as well"):
        dataset_path(files, tmp_path)
    (tmp_path / "sales-old.csv").unlink()
    (tmp_path / ".sales-02.csv").touch()
    with pytest.raises(DatasetError, match=r"\*\.csv leaves hidden ones out; rename '\.sales-02\.csv'"):
        dataset_path([*files, tmp_path / ".sales-02.csv"], tmp_path)
    with pytest.raises(DatasetError, match="of the same ending, unlike"):
        dataset_path([*files, tmp_path / "sales-01.csv.gz"], tmp_path)
    with pytest.raises(DatasetError, match="from one folder"):
        dataset_path([*files, tmp_path / "inner/sales-3.csv"], tmp_path)

"""model.toml: every mistake is named with its place, all of them at once."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from core.drift_policy import DriftPolicy
from core.errors import DatasetError, ModelFileError
from ml.datasets.form import TableForm
from ml.problem import Problem, read_problem
from ml.split import Share
from tests.commands import ROOT
from tests.factories import FEATURES

GOOD = f"""
[dataset]
path = "data.csv"
time_column = "at"
[split]
validation = "10%"
holdout = "20%"
[target]
name = "churn"
task = "binary"
positive = "yes"
negative = "no"
[training]
seed = 1
[gate]
segments = ["city"]
{FEATURES}"""

# What is replaced, by what, the place that must be named, and words that must be said.
BROKEN = [
    ("[split]", "[splitt]", "splitt", "unknown key; known here: dataset, drift, experiment, features"),
    ("[dataset]\n", "[dataset]\nurl = 'x'\n", "dataset.url", "unknown key"),
    ('path = "data.csv"\n', "", "dataset", "either path (a file, a glob of files or a URL) or loader"),
    ('path = "data.csv"', 'path = "a.csv"\nloader = "a:b"', "dataset", "either path"),
    ("data.csv", "data.xlsx", "dataset.path", "of a text, found 'data.xlsx'"),
    ("data.csv", "s3://bucket/data.csv", "dataset.path", "a file, a glob of files or an https URL, found 's3://bucket"),
    ("data.csv", "http://data.example.org/a.csv", "dataset.path", "takes an https URL (http only on this machine)"),
    ("data.csv", "https://me:secret@data.example.org/a.csv", "dataset.path", "without a name or password in it; set"),
    ("data.csv", "data/*", "dataset.path", "of a text, found 'data/*'"),
    ('"data.csv"', "7", "dataset.path", "takes text, found 7"),
    ('path = "data.csv"', 'loader = "no-colon"', "dataset.loader", "takes module:function"),
    ('path = "data.csv"', 'loader = "no_such_module:load"', "dataset.loader", "No module named 'no_such_module'"),
    ('path = "data.csv"', 'loader = "ml.dataset:no_such"', "dataset.loader", "no attribute 'no_such'"),
    ('path = "data.csv"', 'loader = "ml.dataset:MIN_ROWS"', "dataset.loader", "is not a function"),
    ("[dataset]\n", "[dataset]\ndelimiter = ';;'\n", "dataset.delimiter", "takes one character, such as , or ; or"),
    ("[dataset]\n", "[dataset]\ndelimiter = 'x'\n", "dataset.delimiter", "found 'x'"),
    ("[dataset]\n", "[dataset]\ndelimiter = 7\n", "dataset.delimiter", "takes text, found 7"),
    ("[dataset]\n", "[dataset]\nencoding = 'klingon'\n", "dataset.encoding", "an encoding that Python knows"),
    ("[dataset]\n", "[dataset]\nencoding = 'rot13'\n", "dataset.encoding", "such as utf-8, cp1252"),
    ("[dataset]\n", "[dataset]\nencoding = ''\n", "dataset.encoding", "found ''"),
    ("[dataset]\n", "[dataset]\ndecimal = ';'\n", "dataset.decimal", "takes one of ., ,, found ';'"),
    ("[dataset]\n", "[dataset]\ngrouping = '.'\n", "dataset.grouping", "one character that is not the decimal mark"),
    ("[dataset]\n", "[dataset]\ngrouping = 'to'\n", "dataset.grouping", "found 'to'"),
    ("[dataset]\n", "[dataset]\nmissing = '-'\n", "dataset.missing", "takes a list, found '-'"),
    ("[dataset]\n", "[dataset]\nmissing = ['-', 9]\n", "dataset.missing[1]", "takes text, found 9"),
    ("[dataset]\n", "[dataset]\ntime_format = '%H:%M'\n", "dataset.time_format", "directives that give a whole date"),
    ("[dataset]\n", "[dataset]\ntime_format = 'soon'\n", "dataset.time_format", "or unix or unix ms, found 'soon'"),
    ('path = "data.csv"', 'loader = "ml.times:span"\ndecimal = ","', "dataset.decimal", "belongs to path"),
    ('negative = "no"', "left_out = 'maybe'", "target.left_out", "takes a list, found 'maybe'"),
    ('negative = "no"', "left_out = ['x', 'yes']", "target.left_out[1]", "'yes' is a value that the model is to tell"),
    ('task = "binary"\npositive = "yes"\nnegative = "no"', "task = 'regression'\nleft_out = ['x']", "target.left_out",
     "belongs to binary and multiclass targets only"),
    ('time_column = "at"', "time_column = 3", "dataset.time_column", "takes text, found 3"),
    ("[dataset]\n", "[dataset]\nmax_faulty_share = 2\n", "dataset.max_faulty_share", "from 0 to 1, found 2"),
    ("[dataset]\n", "[dataset]\nmax_faulty_share = nan\n", "dataset.max_faulty_share", "takes a number, found nan"),
    ('validation = "10%"', 'validation = "0%"', "split.validation", "takes 1% to 50%"),
    ('holdout = "20%"', 'holdout = "3months"', "split.holdout", "such as 12h, 30d, 4w, 3mo or 1y"),
    ('holdout = "20%"', "holdout = 20", "split.holdout", "takes text, found 20"),
    ('time_column = "at"\n[split]\nvalidation = "10%"', '[split]\nvalidation = "1mo"', "split.validation",
     "needs dataset.time_column"),
    ('holdout = "20%"', 'holdout = "3mo"', "split", "takes two percentages or two lengths of time, found 10% and 3mo"),
    ("[split]\n", "[split]\ntest = '1%'\n", "split.test", "unknown key; known here: holdout, validation"),
    ('name = "churn"\n', "", "target.name", "missing; it takes text"),
    ('name = "churn"', 'name = " churn"', "target.name", "without spaces around them"),
    ('task = "binary"\npositive = "yes"\nnegative = "no"', 'task = "ranking"\npositive = "yes"', "target.task",
     "takes one of binary, multiclass, regression, found 'ranking'"),
    ('negative = "no"', 'negative = "yes"', "target.negative", "must differ from positive"),
    ('negative = "no"', 'unit = "EUR"', "target.unit", "unknown key"),
    ("seed = 1", "seed = -1", "training.seed", "a whole number from 0 to"),
    ("seed = 1", "seed = 1.5", "training.seed", "takes a whole number, found 1.5"),
    ("seed = 1", "trials = 0", "training.trials", "from 1 to 1000, found 0"),
    ("seed = 1", 'trials = "ten"', "training.trials", "takes a whole number, found 'ten'"),
    ("seed = 1", 'threshold_rule = "best"', "training.threshold_rule", "takes one of cost, f1"),
    ("seed = 1", "false_positive_cost = 0", "training.false_positive_cost", "from 1e-06 to 1e+06, found 0"),
    ("seed = 1", "false_negative_cost = -1", "training.false_negative_cost", "found -1"),
    ("seed = 1", "interval = 0.8", "training.interval", "belongs to regression targets only"),
    ("seed = 1", "epochs = 3", "training.epochs", "unknown key"),
    ('segments = ["city"]', 'segments = ["city", "age"]', "gate.segments[1]", "'age' is not a categorical feature"),
    ('name = "age"', 'name = "^a.*$"', "features[0].name", "'^a.*$' is a pattern of columns; rename the column"),
    ('name = "age"', 'name = "slipway score 0"', "features[0].name", "begins with 'slipway ', which is reserved"),
    ('segments = ["city"]', "segments = [1]", "gate.segments[0]", "takes text, found 1"),
    ('segments = ["city"]', "min_segment_rows = 0", "gate.min_segment_rows", "found 0"),
    ('segments = ["city"]', "confidence = 1", "gate.confidence", "from 0.6 to 0.9999, found 1"),
    ('segments = ["city"]', "stale_after_days = -3", "gate.stale_after_days", "found -3"),
    ('segments = ["city"]', "stale_margin = 1.5", "gate.stale_margin", "from 0 to 1"),
    ('segments = ["city"]', "max_calibration_error = 2", "gate.max_calibration_error", "from 0 to 1"),
    ('segments = ["city"]', "max_coverage_error = -1", "gate.max_coverage_error", "from 0 to 1"),
    ('segments = ["city"]', "max_latency_ratio = 0", "gate.max_latency_ratio", "from 0.1 to 1000"),
    ('segments = ["city"]', "min_rows = 1", "gate.min_rows", "unknown key"),
    ("seed = 1", "trials = false", "training.trials", "takes a whole number, found False"),
    ('segments = ["city"]', "[drift]\noutcome_days = 91", "drift.outcome_days", "from 0 to 90, found 91"),
    ('segments = ["city"]', "[drift]\nwindow = '1d'", "drift.window", "unknown key; known here: min_labels"),
    ('name = "age"\n', "", "features[0].name", "missing; it takes text"),
    ('name = "age"', 'name = "city"', "features[1].name", "'city' is already features[0]"),
    ('name = "age"', 'name = "churn"', "features[0].name", "'churn' is already the target"),
    ("high = 120", "high = 0", "features[0] (age).high", "must be above low (0)"),
    ("low = 0\n", "", "features[0] (age).low", "missing; it takes a number"),
    ("low = 0", 'low = "0"', "features[0] (age).low", "takes a number, found '0'"),
    ('kind = "numeric"', 'kind = "number"', "features[0] (age).kind", "takes one of numeric, categorical"),
    ("high = 120", "high = 120\nmax = 3", "features[0] (age).max", "unknown key"),
    ("high = 120", "high = 120\nnullable = 1", "features[0] (age).nullable", "takes true or false, found 1"),
    ('["Oslo", "Rome"]', '["Oslo", "Oslo"]', "features[1] (city).categories", "each once"),
    ('["Oslo", "Rome"]', "[]", "features[1] (city).categories", "at least one text"),
    ('["Oslo", "Rome"]', '["Oslo", 3]', "features[1] (city).categories[1]", "takes text, found 3"),
]  # fmt: skip


def _read(folder: Path, text: str) -> Problem:
    path = folder / "model.toml"
    path.write_text(text)
    return read_problem(path)


def _faults(folder: Path, text: str) -> dict[str, str]:
    with pytest.raises(ModelFileError) as caught:
        _read(folder, text)
    assert str(folder / "model.toml") in str(caught.value)
    assert len(caught.value.faults) == len({fault.place for fault in caught.value.faults})
    return {fault.place: fault.problem for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("old", "new", "place", "words"), BROKEN, ids=[f"{place}: {new.splitlines()[-1:]}" for _, new, place, _ in BROKEN]
)
def test_a_mistake_is_named_with_its_place_and_nothing_else_is(
    old: str, new: str, place: str, words: str, tmp_path: Path
) -> None:
    assert GOOD.count(old) == 1
    faults = _faults(tmp_path, GOOD.replace(old, new))
    assert list(faults) == [place]
    assert words in faults[place]


def test_how_a_table_is_written_and_what_is_left_out_are_read(tmp_path: Path) -> None:
    text = GOOD.replace(
        "[dataset]\n",
        "[dataset]\ndelimiter = ';'\nencoding = 'cp1252'\ndecimal = ','\ngrouping = '.'\nmissing = ['-', 'k.A.']\n"
        "time_format = '%d.%m.%Y %H:%M'\n",
    ).replace('negative = "no"', "left_out = ['maybe']")
    problem = _read(tmp_path, text)
    assert problem.left_out == ("maybe",)
    assert problem.form == TableForm(
        delimiter=";",
        encoding="cp1252",
        decimal=",",
        grouping=".",
        missing=("-", "k.A."),
        time_format="%d.%m.%Y %H:%M",
    )
    assert "left_out" not in problem.contract.to_dict()["target"]


@pytest.mark.parametrize("name", ["data.tsv", "data.TSV.gz"])
def test_columns_of_a_file_named_tsv_are_separated_by_tabs(name: str, tmp_path: Path) -> None:
    assert _read(tmp_path, GOOD.replace("data.csv", name)).form.delimiter == "\t"


def test_a_table_is_read_as_model_toml_says_it_is_written(tmp_path: Path) -> None:
    rows = [f"0{day % 9 + 1}.01.20{day:02d};{day},5 yr;Köln;{'yes' if day % 2 else 'no'}" for day in range(10, 99)]
    rows += ["01.01.2000;-;Rome;maybe", "01.01.2000;old;Rome;yes"]
    rows += ["01.01.2001;-;Rome;no"] * 30
    (tmp_path / "data.csv").write_bytes("\n".join(["at;age;city;churn", *rows]).encode("cp1252"))
    text = GOOD.replace(
        "[dataset]\n",
        "[dataset]\ndelimiter = ';'\nencoding = 'cp1252'\ndecimal = ','\nmissing = ['-']\ntime_format = '%d.%m.%Y'\n",
    ).replace('negative = "no"', "negative = 'no'\nleft_out = ['maybe']")
    text = text.replace("high = 120", "high = 120\nunit = 'yr'\nnullable = true").replace('"Oslo"', '"Köln"')
    data = _read(tmp_path, text).load(None)
    assert len(data) == 119
    assert sorted(data.rows["age"].drop_nulls().to_list()) == [day + 0.5 for day in range(10, 99)]
    assert data.notes == (
        "1 rows were left out: their 'churn' is 'maybe' (target.left_out)",
        "1 rows were left out: column 'age', row 91: old is not a number",
    )


def test_several_mistakes_are_reported_together(tmp_path: Path) -> None:
    text = GOOD.replace("seed = 1", "seed = -1").replace("data.csv", "data.doc").replace("high = 120", "high = -1")
    assert sorted(_faults(tmp_path, text)) == ["dataset.path", "features[0] (age).high", "training.seed"]


def test_an_empty_file_names_every_table_that_is_needed(tmp_path: Path) -> None:
    places = set()
    with pytest.raises(ModelFileError) as caught:
        _read(tmp_path, "")
    places = {fault.place for fault in caught.value.faults}
    assert {"dataset", "target", "features"} <= places


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"nowhere.toml: file: cannot be read \(No such file or directory\)"):
        read_problem(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("content", [b"[dataset", b"\xff\xfe"])
def test_a_file_that_is_not_toml_is_said_not_to_be(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.toml").write_bytes(content)
    with pytest.raises(ModelFileError, match="file: is not TOML"):
        read_problem(tmp_path / "model.toml")


@pytest.mark.parametrize("key", ["threshold_rule", "false_positive_cost", "false_negative_cost"])
def test_the_threshold_s_settings_belong_to_binary_targets_only(key: str, tmp_path: Path) -> None:
    text = GOOD.replace('task = "binary"\npositive = "yes"\nnegative = "no"', 'task = "regression"')
    value = '"f1"' if key == "threshold_rule" else "2"
    assert _faults(tmp_path, text.replace("seed = 1", f"{key} = {value}")) == {
        f"training.{key}": "belongs to binary targets only"
    }


def test_a_good_file_says_what_it_says(tmp_path: Path) -> None:
    problem = _read(tmp_path, GOOD)
    assert problem.contract.names == ("age", "city")
    assert problem.time_column == "at"
    assert (problem.validation, problem.holdout) == (Share(amount=10, unit="%"), Share(amount=20, unit="%"))
    assert problem.training.seed == 1
    assert problem.gate.segments == ("city",)


def test_drift_looks_at_the_segments_of_the_gate_unless_told(tmp_path: Path) -> None:
    assert _read(tmp_path, GOOD).drift == DriftPolicy(segments=("city",))
    assert _read(tmp_path, f"{GOOD}[drift]\nsegments = []\n").drift == DriftPolicy()


def test_what_is_left_out_has_defaults(tmp_path: Path) -> None:
    text = GOOD
    for optional in ('[split]\nvalidation = "10%"\nholdout = "20%"\n', "[training]\nseed = 1\n",
                     '[gate]\nsegments = ["city"]\n', 'time_column = "at"\n'):  # fmt: skip
        text = text.replace(optional, "")
    problem = _read(tmp_path, text)
    assert problem.time_column is None
    assert (str(problem.validation), str(problem.holdout)) == ("15%", "20%")
    assert (problem.training.trials, problem.training.threshold_rule) == (10, "cost")
    assert (problem.gate.confidence, problem.gate.segments) == (0.975, ())


def test_a_path_is_looked_for_beside_the_model_file(tmp_path: Path) -> None:
    days = pl.date_range(pl.date(2025, 1, 1), pl.date(2025, 12, 31), eager=True)
    frame = pl.DataFrame({"at": days, "age": 30, "city": "Oslo", "churn": ["yes", "no"] * 182 + ["no"]})
    frame.write_csv(tmp_path / "data.csv")
    assert len(_read(tmp_path, GOOD).load(None)) == 365


def test_a_path_that_leads_nowhere_is_named_when_the_data_are_wanted(tmp_path: Path) -> None:
    problem = _read(tmp_path, GOOD)
    with pytest.raises(DatasetError, match=r"data\.csv does not exist; dataset\.path in model\.toml names it"):
        problem.load(None)


def test_the_model_file_of_this_repository_is_good() -> None:
    assert read_problem(ROOT / "model.toml").contract.features

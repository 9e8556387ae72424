"""What a drift check makes of rows that are as bad as rows can be, and of what happens around it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from msgspec import structs

from core.contract import Task
from core.documents import from_json, to_json
from core.drift import DriftReport, Severity
from core.drift_policy import DriftPolicy
from core.errors import RegistryError, SlipwayError, SourceError
from core.journal.postgres import PostgresStore
from core.reference import numeric_reference
from core.registry import DirectoryRegistry
from drift.alerts.conditions import Condition, Kind
from drift.running import Checked
from drift.sources.store import StoreSource
from tests.database import Postgres
from tests.drift_rows import (
    MONDAY,
    NEXT_TAG,
    ONE_DAY,
    TAG,
    Day,
    Place,
    make_day,
    make_days,
    make_drift_reference,
    publish,
    write_journal,
)
from tests.factories import make_bundle

OK, INSUFFICIENT, ALERT = Severity.OK, Severity.INSUFFICIENT_DATA, Severity.ALERT
CRITICAL, ERROR = Severity.CRITICAL, Severity.ERROR
# On the morning of which day the first week is complete.
WEEK_IS_OVER = 7
NUMBER = "No row has a value that the model can take. In 100 % of the rows its value is not a finite number."


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("models"), tags=(TAG, NEXT_TAG)).folder / "registry"


@pytest.fixture
def place(models: Path, tmp_path: Path) -> Place:
    shutil.copytree(models, tmp_path / "registry")
    return Place(folder=tmp_path)


def told(checked: Checked, column: str, days: int = 7) -> tuple[Severity, str]:
    """What the report says of a column."""
    (window,) = (each for each in checked.report.windows if each.days == days)
    (found,) = (each for each in window.columns if each.column == column)
    return found.severity, found.sentence


def rows_of_week(checked: Checked) -> int:
    return next(each.rows for each in checked.report.windows if each.days == 7)


def condition(checked: Checked, kind: Kind) -> Condition:
    (found,) = (each for each in checked.conditions if each.kind is kind)
    return found


def timeless(report: DriftReport) -> DriftReport:
    """A report without what depends on when it was made."""
    assert from_json(to_json(report), DriftReport, source="") == report
    return structs.replace(report, made_at=MONDAY, judged=0)


def without(days: Sequence[Day], name: str) -> list[Day]:
    return [
        replace(day, inputs={column: values for column, values in day.inputs.items() if column != name}) for day in days
    ]


def test_an_empty_journal_has_nothing_to_compare(place: Place) -> None:
    place.write([])
    for _ in range(2):
        checked = place.check(WEEK_IS_OVER)
        assert (checked.report.severity, checked.report.judged) == (INSUFFICIENT, 0)
        assert checked.report.supply.sentence == "The journal holds no row yet."
        assert not any(each.severity.is_alarming for each in checked.conditions)


def test_one_row_is_too_few_to_tell(place: Place) -> None:
    place.write([make_day(6, 1)])
    checked = place.check(WEEK_IS_OVER)
    assert (checked.report.severity, checked.report.headline) == (INSUFFICIENT, "Too few rows to tell.")
    assert told(checked, "age", days=1) == (INSUFFICIENT, "Only 1 row with a value is too few to tell.")


def test_rows_like_those_of_training_are_no_drift_wherever_they_are(place: Place, postgres: Postgres) -> None:
    days = make_days(7)
    place.write(days)
    store = PostgresStore(postgres.new_database())
    write_journal(store, days)
    found = [
        place.check(WEEK_IS_OVER),
        place.check(WEEK_IS_OVER, StoreSource(store)),
        *(place.check_file(WEEK_IS_OVER, place.export(days, name)) for name in ("rows.parquet", "rows.csv")),
    ]
    store.close()
    assert [(each.report.severity, each.report.judged) for each in found] == [(OK, 8)] * 4
    assert all(each.report.windows == found[0].report.windows for each in found)


def test_a_column_that_no_row_has_is_critical_in_a_file_only(place: Place) -> None:
    place.write(without(make_days(7), "age"))
    in_file = place.check_file(WEEK_IS_OVER, place.export(make_days(7), age=None))
    in_journal = place.check(WEEK_IS_OVER)

    assert told(in_file, "age") == (CRITICAL, "No row has it, and the model needs it.")
    assert told(in_journal, "age") == (INSUFFICIENT, "The rows do not hold it, so nothing can be said of it.")
    assert [each.report.severity for each in (in_file, in_journal)] == [CRITICAL, OK]


def test_a_journal_that_holds_no_inputs_still_tells_of_the_answers(place: Place) -> None:
    place.write([replace(day, inputs={}) for day in make_days(7)])
    checked = place.check(WEEK_IS_OVER)
    assert (checked.report.severity, checked.report.notes) == (OK, ())
    assert told(checked, "score")[0] is OK


@pytest.mark.parametrize(
    ("columns", "severity", "sentence"),
    [
        ({"age": 5.0}, ALERT, "The values are spread differently from training, 28.6 times as much as is usual."),
        ({"age": float("nan")}, CRITICAL, "No row has a value; in training 89.8 % had one."),
        ({"age": float("inf")}, CRITICAL, NUMBER),
        ({"age": "NNW"}, CRITICAL, NUMBER),
    ],
)
@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv"])
def test_a_column_of_nonsense_is_told_in_a_sentence(
    place: Place, columns: dict[str, Any], severity: Severity, sentence: str, name: str
) -> None:
    checked = place.check_file(WEEK_IS_OVER, place.export(make_days(7), name, **columns))
    assert told(checked, "age") == (severity, sentence)
    assert told(checked, "city")[0] is OK
    assert b"NaN" not in to_json(checked.report)


def test_ten_thousand_categories_are_unseen_ones(place: Place) -> None:
    names = [f"town {number}" for number in range(10_000)]
    place.write([make_day(day, 5000, city=names[day % 2 :: 2]) for day in range(7)])
    severity, sentence = told(place.check(WEEK_IS_OVER), "city")
    assert severity is ALERT
    assert sentence.startswith("100 % of the values are categories that the model never saw: 'town 0', ")


def test_redacted_columns_are_compared_by_what_is_missing(place: Place) -> None:
    stars = [None if row % 10 == 0 else "*" for row in range(600)]
    place.write(make_days(7, age=stars, city=["*"] * 600))
    checked = place.check(WEEK_IS_OVER)
    expected = (OK, "Its values are not written down; as many are missing as is usual.")
    assert [told(checked, name) for name in ("age", "city")] == [expected, expected]


def test_rows_of_unknown_tags_are_passed_over_and_told_for_a_week(place: Place) -> None:
    strange = [make_day(3, tag="model-v9.9.9"), make_day(3, 1, tag="a\n" * 50), make_day(4, 1, tag="")]
    place.write([*make_days(7), *strange])
    first, again = place.check(WEEK_IS_OVER), place.check(WEEK_IS_OVER)

    assert first.report.severity is ERROR
    assert [each.rows for each in first.report.windows] == [4200, 600]
    unknown, *others = first.report.notes
    assert unknown.startswith("600 rows of the last seven days, answered by model-v9.9.9, could not be compared: it is")
    assert all("that is not a model's tag, which looks like model-v1.4.0." in note for note in others)
    assert timeless(again.report) == timeless(first.report)
    place.write([make_day(day) for day in range(7, 12)])
    assert (place.check(12).report.severity, place.check(12).report.notes) == (OK, ())


def test_many_unknown_tags_are_put_together(place: Place) -> None:
    place.write([make_day(0, 1, tag=f"tag {number}") for number in range(30)])
    notes = place.check(1).report.notes
    assert len(notes) == 21
    assert notes[-1].startswith("10 rows of the last seven days, answered by 'others', could not be compared")


def test_rows_of_another_contract_are_passed_over(place: Place) -> None:
    checked = place.check_file(WEEK_IS_OVER, place.export(make_days(7), age=None, city=None, speed=3.0))
    assert (checked.report.severity, checked.report.windows) == (ERROR, ())
    assert "they have none of its columns, which are age, city." in checked.report.notes[0]
    assert not condition(checked, Kind.NO_DATA).severity.is_alarming


def test_rows_from_before_are_not_counted_again(place: Place) -> None:
    place.write(make_days(8))
    before = place.check(8)
    place.write([make_day(3, older_by=40)])
    assert timeless(place.check(8).report) == timeless(before.report)


def test_rows_of_a_time_to_come_wait_until_it_has_come(place: Place) -> None:
    place.write([*make_days(7), make_day(9, 300, older_by=40)])
    early = place.check(WEEK_IS_OVER)
    assert early.report.severity is OK
    assert early.report.notes == (
        "The newest row is from 2026-06-10 12:00 UTC, which is to come; it is left for later.",
    )
    assert early.report.supply.newest == MONDAY + 6 * ONE_DAY + timedelta(hours=12)

    late = place.check(10)
    assert (told(late, "age", days=1)[0], late.report.notes) == (ALERT, ())


def test_a_row_of_a_time_to_come_does_not_hide_that_none_come(place: Place) -> None:
    place.write([*make_days(7), make_day(4000, 1)])
    checked = place.check(10)
    assert (checked.report.headline, checked.report.supply.quiet_days) == ("No rows come any more.", 3)


def test_a_clock_that_was_wrong_once_does_not_hold_up_the_outcomes(place: Place) -> None:
    place.write([make_day(4000, 1)])
    assert place.check(1).report.judged == 0
    place.write(make_days(14, known=0.9))
    assert [each.severity for each in place.check(21).report.quality] == [OK]


def test_rows_of_long_ago_are_not_walked_to_day_by_day(place: Place) -> None:
    place.write([make_day(-20_000, 5), *make_days(7)])
    checked = place.check(WEEK_IS_OVER)
    assert (checked.report.severity, checked.report.judged) == (OK, 8)
    assert checked.report.notes == (
        "Rows from before 2025-12-01 were not looked at, as a first check looks back 26 weeks.",
    )


def test_an_old_export_says_how_to_see_what_was_then(place: Place) -> None:
    checked = place.check_file(3000, place.export(make_days(7)))
    assert (checked.report.headline, checked.report.windows) == ("No rows come any more.", ())
    assert "check with --forget --as-of 2026-06-08." in checked.report.notes[0]


def test_a_check_of_a_day_before_the_last_one_says_that_it_judges_nothing(place: Place) -> None:
    place.write(make_days(7))
    place.check(WEEK_IS_OVER)
    checked = place.check(3)
    assert checked.report.judged == 0
    assert checked.report.notes[0].startswith("Every day before 2026-06-08 counts as judged, which is later than now")


def test_a_file_that_is_checked_twice_is_judged_once(place: Place) -> None:
    path = place.export(make_days(7))
    first, second = place.check_file(WEEK_IS_OVER, path), place.check_file(WEEK_IS_OVER, path)
    assert (first.report.judged, second.report.judged) == (8, 0)
    assert timeless(first.report) == timeless(second.report)
    assert place.check_file(WEEK_IS_OVER, path, forgets=True).report == first.report


def test_rows_that_were_exported_twice_count_once_where_they_have_ids(place: Place) -> None:
    path = place.export(make_days(7))
    pl.concat([pl.read_parquet(path)] * 2).write_parquet(path)
    with_ids = place.check_file(WEEK_IS_OVER, path)
    pl.read_parquet(path).drop("id").write_parquet(path)
    without_ids = place.check_file(WEEK_IS_OVER, path, forgets=True)

    assert [rows_of_week(each) for each in (with_ids, without_ids)] == [4200, 8400]
    assert with_ids.report.notes == (f"4,200 rows were left out of {path}, as their 'id' came before.",)
    assert without_ids.report.notes == (f"{path} has no 'id', so rows that were exported twice count twice.",)


@pytest.mark.parametrize(("count", "every"), [(10, 1), (60, 6)])
def test_a_late_check_finds_what_earlier_ones_would_have_found(place: Place, count: int, every: int) -> None:
    old = {9, 10, 30, 31, 32}
    days = [
        make_day(day, 250, known=0.6, older_by=30 if day in old else 0, tag=TAG if day < 40 else NEXT_TAG)
        for day in range(count)
        if day not in {5, 20, 21}
    ]  # fmt: skip
    place.write([*days, make_day(count - 2, 4, tag="model-v8.0.0")])
    once = place.check(count)
    often = [place.check(day, forgets=day == every) for day in range(every, count + 1, every)][-1]

    assert timeless(often.report) == timeless(once.report)
    assert often.conditions == once.conditions


def test_each_row_is_judged_by_the_model_that_answered_it(place: Place) -> None:
    days = [make_day(day, older_by=30 if day < 7 else 0, tag=TAG if day < 7 else NEXT_TAG) for day in range(28)]
    place.write(days)
    checked = place.check(WEEK_IS_OVER)
    assert {(each.tag, each.days, each.severity) for each in checked.report.windows} == {
        (TAG, 1, ALERT),
        (TAG, 7, ALERT),
    }

    later = place.check(14)
    assert (later.report.severity, {each.tag for each in later.report.windows}) == (OK, {NEXT_TAG})
    assert condition(later, Kind.DRIFT).clean_windows == 1
    assert condition(place.check(21), Kind.DRIFT).since is None


def test_a_part_of_a_week_is_judged_by_its_days_only(place: Place) -> None:
    place.write([make_day(day, tag=TAG if day < 4 else NEXT_TAG) for day in range(7)])
    checked = place.check(WEEK_IS_OVER)
    assert {(each.tag, each.days) for each in checked.report.windows} == {(NEXT_TAG, 1)}
    assert checked.report.judged == 7


def test_days_that_are_often_without_a_row_may_be_missing_at_the_ends_of_a_week(tmp_path: Path) -> None:
    place = publish(tmp_path, longest_gap_days=2)
    place.write(make_days(5))
    assert rows_of_week(place.check(WEEK_IS_OVER)) == 3000


def test_trouble_of_which_no_window_says_anything_for_a_month_is_over(place: Place) -> None:
    place.write([*make_days(7, older_by=30), *(make_day(day, 20) for day in range(7, 42))])
    assert condition(place.check(WEEK_IS_OVER), Kind.DRIFT).severity is ALERT
    assert condition(place.check(28), Kind.DRIFT).severity is ALERT
    over = condition(place.check(42), Kind.DRIFT)
    assert (over.severity, over.since, over.clean_windows) == (OK, None, 2)


def test_a_tag_that_answers_no_more_is_forgotten_in_the_end(place: Place) -> None:
    place.write([*make_days(7), make_day(28 * 7 + 1, tag=NEXT_TAG)])
    place.check(26 * 7)
    assert set(place.memory().tags) == {TAG}
    place.check(29 * 7)
    assert set(place.memory().tags) == {NEXT_TAG}


@pytest.mark.parametrize("task", Task)
def test_every_task_has_answers_that_are_compared_and_outcomes_that_are_judged(tmp_path: Path, task: Task) -> None:
    place = publish(tmp_path, task)
    place.write(make_days(14, task=task))
    checked = place.check(21)
    assert {each.severity for window in checked.report.windows for each in window.columns} == {OK}
    (quality,) = checked.report.quality
    assert (quality.severity, quality.labels, quality.predictions) == (INSUFFICIENT, 0, 4200)


def of_several_members(folder: Path) -> Place:
    """A model whose members lie apart as those of `apart` do."""
    reference = make_drift_reference()
    usual = numeric_reference(np.random.default_rng(7).gamma(2.0, 0.01, 20_000).round(6))
    scores = {**reference.scores, "disagreement": structs.replace(usual, spreads=reference.scores["score"].spreads)}
    bundle = make_bundle(folder / TAG, reference=structs.replace(reference, scores=scores))
    DirectoryRegistry(folder / "registry").publish(bundle)
    return Place(folder=folder)


def apart(day: Day, times: float = 1.0) -> Day:
    """The same rows, on which members lie so many times as far apart as is usual."""
    drawn = np.random.default_rng(day.at.toordinal()).gamma(2.0, 0.01, len(day)) * times
    return replace(day, answers={**day.answers, "disagreement": drawn.round(6).tolist()})


def test_members_that_agree_less_are_told_as_rows_unlike_those_of_training(tmp_path: Path) -> None:
    place = of_several_members(tmp_path)
    place.write([apart(day, 3.0) for day in make_days(7)])
    checked = place.check(WEEK_IS_OVER)
    severity, sentence = told(checked, "disagreement")
    assert severity is ALERT
    assert sentence.startswith("The members agree less than in training: they lie 0.0")
    assert sentence.endswith("Rows are unlike those of training.")
    assert checked.report.headline == "The agreement of the model's members changed."


@pytest.mark.parametrize("source", ["journal", "file"])
def test_members_that_agree_as_ever_are_no_drift(tmp_path: Path, source: str) -> None:
    place, days = of_several_members(tmp_path), [apart(day) for day in make_days(7)]
    place.write(days)
    checked = place.check(WEEK_IS_OVER) if source == "journal" else place.check_file(WEEK_IS_OVER, place.export(days))
    assert told(checked, "disagreement")[0] is OK
    assert checked.report.severity is OK


@pytest.mark.parametrize("older", [7, 3])
def test_rows_of_an_older_service_do_not_say_how_far_members_lay_apart(tmp_path: Path, older: int) -> None:
    place = of_several_members(tmp_path)
    place.write([day if number < older else apart(day) for number, day in enumerate(make_days(7))])
    checked = place.check(WEEK_IS_OVER)
    assert told(checked, "disagreement")[0] is (INSUFFICIENT if older == 7 else OK)
    assert checked.report.severity is OK


def test_a_reference_of_an_older_bundle_has_nothing_to_compare_it_with(place: Place) -> None:
    place.write([apart(day, 3.0) for day in make_days(7)])
    checked = place.check(WEEK_IS_OVER)
    assert checked.report.severity is OK
    assert "disagreement" not in {each.column for window in checked.report.windows for each in window.columns}


@pytest.mark.parametrize("task", Task)
def test_outcomes_that_are_never_what_was_answered_are_degradation(tmp_path: Path, task: Task) -> None:
    place = publish(tmp_path, task)
    place.write([make_day(day, task=task, known=0.9, is_wrong=day >= 7) for day in range(14)])
    calm, bad = place.check(14), place.check(21)
    assert [each.report.quality[0].severity for each in (calm, bad)] == [OK, CRITICAL]
    worse = ("mae", "rmse", "coverage") if task is Task.REGRESSION else ("accuracy",)
    assert set(condition(bad, Kind.DEGRADATION).columns) == set(worse)
    assert bad.report.headline == f"{TAG} does worse than on its holdout."


@pytest.mark.parametrize(("windows", "judged", "lengths"), [(("1d",), 14, {1}), (("7d",), 2, {7})])
def test_only_windows_of_the_lengths_that_are_asked_for_are_judged(
    place: Place, windows: tuple[str, ...], judged: int, lengths: set[int]
) -> None:
    place.write([make_day(day, older_by=30) for day in range(14)])
    checked = place.check(14, policy=DriftPolicy(windows=windows))
    assert (checked.report.judged, {each.days for each in checked.report.windows}) == (judged, lengths)
    assert condition(checked, Kind.DRIFT).severity is ALERT


def test_quiet_days_are_told_when_they_are_more_than_the_reference_had(tmp_path: Path) -> None:
    place = publish(tmp_path, longest_gap_days=2)
    place.write([make_day(day) for day in (0, 1, 5, 6)])
    found = [condition(place.check(day), Kind.NO_DATA) for day in range(1, 8)]
    assert [each.severity for each in found] == [OK, OK, OK, OK, ALERT, OK, OK]
    assert [each.since for each in found] == [None] * 4 + [MONDAY + 5 * ONE_DAY] * 2 + [None]


def test_a_journal_that_begins_late_was_not_quiet_before(place: Place) -> None:
    place.write([])
    for day in range(5):
        assert condition(place.check(day), Kind.NO_DATA).severity is OK
    place.write([make_day(5)])
    assert condition(place.check(6), Kind.NO_DATA).severity is OK


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{", "what drift remembers cannot be read .*; begin anew with --forget"),
        (b'{"format":1,"days_until":"2026-06-02T00:00:00"}', "cannot be read .*; begin anew with --forget"),
        (b'{"format":99,"moods":[]}', r"was written by a newer Slipway \(format 99\); upgrade this one"),
    ],
)
def test_a_memory_that_cannot_be_read_is_left_as_it_is_until_it_is_forgotten(
    place: Place, content: bytes, sentence: str
) -> None:
    path = place.export(make_days(7))
    sound = place.check_file(WEEK_IS_OVER, path)
    (memory,) = place.folder.glob("drift/rows.parquet-*/drift-memory.json")
    memory.write_bytes(content)
    with pytest.raises(SourceError, match=sentence):
        place.check_file(WEEK_IS_OVER, path)
    assert memory.read_bytes() == content
    assert place.check_file(WEEK_IS_OVER, path, forgets=True).report == sound.report


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"[]", "check with --forget"), (b'{"format":2}', r"newer Slipway \(format 2\); upgrade this one")],
)
def test_a_report_that_cannot_be_read_is_forgotten_on_demand(place: Place, content: bytes, sentence: str) -> None:
    path = place.export(make_days(7))
    place.check_file(WEEK_IS_OVER, path)
    (kept,) = place.folder.glob("drift/rows.parquet-*/drift-report.json")
    kept.write_bytes(content)
    with pytest.raises(SourceError, match=sentence):
        place.check_file(8, path)
    assert place.check_file(8, path, forgets=True).report.judged == 8


def test_rows_of_a_damaged_model_are_passed_over(place: Place) -> None:
    place.write([*make_days(7), *make_days(7, tag=NEXT_TAG)])
    (place.folder / "registry" / NEXT_TAG / "reference.json").write_bytes(b"{}")
    checked = place.check(WEEK_IS_OVER)
    assert (checked.report.severity, {each.tag for each in checked.report.windows}) == (ERROR, {TAG})
    (note,) = checked.report.notes
    assert f"4,200 rows of the last seven days, answered by {NEXT_TAG}, could not be compared" in note
    assert "2 bytes, the manifest says" in note


def test_a_registry_without_models_loses_no_row(place: Place) -> None:
    place.write(make_days(7))
    (place.folder / "registry").rename(place.folder / "elsewhere")
    with pytest.raises(RegistryError, match="is empty; run scripts/train, or set MODEL_REGISTRY to another"):
        place.check(WEEK_IS_OVER)
    (place.folder / "elsewhere").rename(place.folder / "registry")
    assert place.check(WEEK_IS_OVER).report.judged == 8


def test_counts_beside_one_reference_are_not_added_to_those_beside_another(place: Place) -> None:
    place.write(make_days(10))
    place.check(3)
    shutil.rmtree(place.folder / "registry")
    reference = structs.replace(make_drift_reference(), rows=20_001)
    DirectoryRegistry(place.folder / "registry").publish(make_bundle(place.folder / "other", reference=reference))
    with pytest.raises(SourceError, match=f"{TAG} in the registry .* is another model than the one .* with --forget"):
        place.check(10)
    assert place.check(10, forgets=True).report.severity is OK


def test_what_was_found_and_not_kept_is_found_again(place: Place) -> None:
    place.write(make_days(7))
    folder = place.folder / "drift"
    folder.write_bytes(b"in the way")
    with pytest.raises(OSError, match="drift"):
        place.check(WEEK_IS_OVER)
    folder.unlink()
    again = place.check(WEEK_IS_OVER)
    assert (again.report.judged, again.report.windows[0].rows) == (8, 4200)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.unlink(), "does not exist; name a file of exported rows"),
        (lambda path: path.write_bytes(b""), "is empty; export the rows again"),
        (lambda path: path.write_bytes(b"PAR1 not"), "is not a readable parquet file"),
    ],
)
def test_a_file_that_holds_no_rows_is_told(place: Place, spoil: Callable[[Path], object], sentence: str) -> None:
    path = place.export(make_days(1))
    spoil(path)
    with pytest.raises(SlipwayError, match=sentence):
        place.check_file(WEEK_IS_OVER, path)

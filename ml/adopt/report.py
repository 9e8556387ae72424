"""One page on a table and what was decided of it, for a person to check."""

from __future__ import annotations

from collections.abc import Sequence

from core.contract import CategoricalFeature, Feature, NumericFeature, Task
from ml import card
from ml.adopt.decisions import Decisions, FeatureDecision
from ml.adopt.leaks import MEASURES
from ml.adopt.phrases import number, percent
from ml.adopt.profile import TableProfile
from ml.datasets.form import ISO

_SHOWN_CATEGORIES = 6


def write_report(profile: TableProfile, decisions: Decisions, *, command: str, model_file: str) -> str:
    """
    The report as Markdown; no text of the table acts as Markdown or HTML.

    Args:
        profile: What the table holds.
        decisions: What it was taken for.
        command: That made it.
        model_file: What holds the decisions.
    """
    written = (
        f"Written by `{_inside_code(command)}`, which writes it again; what you want to be different is changed in "
        f"`{_inside_code(model_file)}`."
    )
    parts = [
        f"# The table {_plain(profile.source)}, and what was decided of it",
        written,
        _about(profile, decisions),
        "## What to look at first",
        _remarks(decisions),
        "## What is predicted",
        _target(decisions),
        "## How the rows are split",
        _split(decisions),
        f"## The {len(decisions.features)} columns that are kept",
        _features(profile, decisions),
    ]
    if decisions.left_out:
        parts += [f"## The {len(decisions.left_out)} columns that are left out", _left_out(decisions)]
    return "\n\n".join([*parts, "## What to do next", _next(model_file)]) + "\n"


def _about(profile: TableProfile, decisions: Decisions) -> str:
    form = decisions.form
    written = [
        f"{label} {_code(str(getattr(form, key)))}"
        for key, label in (("delimiter", "columns separated by"), ("encoding", "encoding"), ("decimal", "decimal mark"),
                           ("grouping", "thousands mark"), ("time_format", "times as"))
        if getattr(form, key) != getattr(ISO, key)
    ]  # fmt: skip
    if form.missing:
        written.append(f"nothing also written as {', '.join(map(_code, form.missing))}")
    how = f" It is written in its own way: {'; '.join(written)}." if written else ""
    return (
        f"{profile.rows:,} rows of {len(profile.columns)} columns, SHA-256 {_code(profile.sha256[:12])}.{how} "
        f"{'No row is' if not profile.duplicates else f'{profile.duplicates:,} rows are'} there twice."
    )


def _remarks(decisions: Decisions) -> str:
    remarks = [*(_plain(remark) for remark in decisions.remarks)]
    remarks.append(
        "Of every column below: does a caller know it when asking, before the outcome? No program can tell; leave out "
        "what is known only later with `--drop`."
    )
    return "\n".join(f"- {remark}" for remark in remarks)


def _target(decisions: Decisions) -> str:
    decision = decisions.target
    target, total = decision.target, decision.rows
    head = f"{_code(target.name)}, {target.task.value}, from {total:,} rows. {_plain(decision.reason)}"
    if decision.span is not None:
        unit = f" {_plain(target.unit)}" if target.unit else ""
        return f"{head} It goes from {number(decision.span[0])} to {number(decision.span[1])}{unit}."
    rows = [
        [_code(name), f"{count:,}", percent(count, total), "positive" if _is_positive(decisions, name) else ""]
        for name, count in decision.classes
    ]
    rows += [[_code(name), f"{count:,}", "", "not trained on"] for name, count in decision.left_out]
    return f"{head}\n\n{_table(['value', 'rows', 'share', ''], rows)}"


def _is_positive(decisions: Decisions, name: str) -> bool:
    target = decisions.target.target
    return target.task is Task.BINARY and name == target.classes[1]


def _split(decisions: Decisions) -> str:
    time, (holdout, validation) = decisions.time, decisions.shares
    if time.name is None or time.span is None:
        return (
            f"{_plain(time.reason)} So the holdout ({holdout} %) and the validation rows ({validation} %) are drawn at "
            "random, the same rows each time."
        )
    first, last = (_plain(text.removesuffix("T00:00:00")) for text in time.span)
    return (
        f"By {_code(time.name)}, {first} to {last}. {_plain(time.reason)} The newest {holdout} % are the holdout, the "
        f"{validation} % before them validation."
    )


def _features(profile: TableProfile, decisions: Decisions) -> str:
    measure = MEASURES[decisions.target.target.task]
    rows = [
        [
            _code(each.feature.name),
            "numeric" if isinstance(each.feature, NumericFeature) else "categorical",
            _values(each.feature),
            percent(each.missing, profile.rows) if each.missing else "",
            _strength(each),
            each.feature.drift.value,
            _plain(each.reason),
        ]
        for each in decisions.features
    ]
    table = _table(["column", "kind", "callers may send", "missing", f"{measure} alone", "drift", "why"], rows)
    nothing = {Task.BINARY: "0.5", Task.MULTICLASS: "one over the number of classes", Task.REGRESSION: "0 or less"}
    return (
        f"{table}\n\nA number outside its range is refused; the range is what the table holds and half of that again "
        "on each side, rounded. A text that is not listed is scored as unseen, with a warning. "
        f"{measure} alone is what one column tells of the outcome, on rows that it was not fitted on: "
        f"{nothing[decisions.target.target.task]} is nothing, 1 is all."
    )


def _values(feature: Feature) -> str:
    if isinstance(feature, CategoricalFeature):
        shown = ", ".join(map(_code, feature.categories[:_SHOWN_CATEGORIES]))
        more = len(feature.categories) - _SHOWN_CATEGORIES
        values = shown + (f" and {more:,} more" if more > 0 else "")
    else:
        values = f"{number(feature.low)} to {number(feature.high)} {_plain(feature.unit)}".strip()
    return values + (", or null" if feature.nullable else "")


def _strength(each: FeatureDecision) -> str:
    return "" if each.strength is None else f"{each.strength:.2f}"


def _left_out(decisions: Decisions) -> str:
    rows = [[_code(each.name), _plain(each.reason)] for each in decisions.left_out]
    return (
        f"{_table(['column', 'why'], rows)}\n\n`--keep COLUMN` keeps one that looks useless or like a leak and is not."
    )


def _next(model_file: str) -> str:
    steps = (
        (
            f"Go through `{_inside_code(model_file)}` with somebody who knows the table: ranges, categories, units, "
            "and a `description` of each field, which callers read."
        ),
        (
            "`scripts/train` trains again with what you changed, and publishes the model if the gate accepts it; "
            "`.venv/bin/python -m ml card` shows how good it is."
        ),
        (
            "`scripts/serve` serves it; its page at `/` has a form to try it, and requests for your columns in three "
            "languages."
        ),
        (
            "When the table has other columns or values, run the command above again: your changes stay, and it says "
            "what else it would have changed."
        ),
    )
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _plain(value: str) -> str:
    """As in a model card; nor does it look like a link to whoever looks for links in documents."""
    return card.plain(value).replace("](", "]\\(")


def _code(value: str) -> str:
    """A value as code; one of blanks is named, as it would not be seen."""
    if value.isspace():
        return {" ": "a space", "\t": "a tab"}.get(value, "a blank")
    return f"`{_inside_code(value)}`"


def _inside_code(value: str) -> str:
    printable = "".join(letter if letter.isprintable() else " " for letter in value)
    return " ".join(printable.replace("`", "'").replace("|", "/").replace("](", "] (").split())

"""The model card: one page that a person reads before trusting a model."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence

from markdown_it import MarkdownIt

from core.contract import CategoricalFeature, Contract, Feature, Target, Task
from core.manifest import Manifest, Metric
from ml.evaluation import Evaluation, Group
from ml.figures import metric_text

_HEADLINES = {
    Task.BINARY: ("accuracy", "auc", "brier", "calibration_error", "f1", "log_loss", "precision", "recall"),
    Task.MULTICLASS: ("accuracy", "macro_f1", "calibration_error", "log_loss"),
    Task.REGRESSION: ("mae", "rmse", "r2", "coverage", "interval_width"),
}
_LABELS = {
    "accuracy": "Accuracy", "auc": "AUC", "brier": "Brier score", "calibration_error": "Calibration error",
    "f1": "F1", "log_loss": "Log loss", "precision": "Precision", "recall": "Recall", "mae": "Mean absolute error",
    "rmse": "Root mean squared error", "r2": "R²", "macro_f1": "Macro F1", "coverage": "Held by the interval",
    "interval_width": "Mean width of the interval",
}  # fmt: skip
_GROUP_METRICS = {
    Task.BINARY: ("accuracy", "auc", "calibration_error"),
    Task.MULTICLASS: ("accuracy", "macro_f1", "calibration_error"),
    Task.REGRESSION: ("mae", "r2", "coverage"),
}
_MOST_GROUPS = _MOST_CLASSES = 40


def write_card(
    manifest: Manifest, contract: Contract, evaluation: Evaluation, plots: Sequence[str], notes: Sequence[str]
) -> str:
    """
    The card as Markdown.

    Args:
        manifest: Of the bundle; its file records are not needed.
        contract: Of the bundle.
        evaluation: On the holdout.
        plots: File names of the bundle's plots.
        notes: What the data set left out, and what else is to be said of its rows.
    """
    parts = [
        f"# {manifest.tag}: {_code(contract.target.name)}",
        _summary(manifest, contract.target, evaluation),
        "## Quality on the holdout",
        _quality(manifest, contract.target.task, evaluation),
        *(f"![{name.removeprefix('card-').removesuffix('.svg')}]({name})" for name in plots),
        *_classes(evaluation),
        *_groups("## By month", "month", evaluation.months, contract.target.task),
    ]
    for feature, groups in evaluation.segments.items():
        parts += _groups(f"## By {plain(feature)}", plain(feature), groups, contract.target.task)
    parts += ["## The promotion gate", _gate(manifest)]
    parts += ["## What to send", _features(contract.features)]
    parts += ["## Limits", _limits(manifest, contract, evaluation, notes)]
    parts += ["## Lineage", _lineage(manifest)]
    return "\n\n".join(parts) + "\n"


def card_page(markdown: str, plots: Mapping[str, bytes], title: str) -> str:
    """The card as one HTML page that needs nothing from anywhere else."""
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    for name, content in plots.items():
        image = f"data:image/svg+xml;base64,{base64.b64encode(content).decode()}"
        body = body.replace(f'src="{name}"', f'src="{image}"')
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>\n<body><main>\n{body}</main></body></html>\n"
    )


_STYLE = """
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:0}
main{max-width:52rem;margin:0 auto;padding:1rem}table{border-collapse:collapse;display:block;overflow-x:auto}
th,td{border-bottom:1px solid #8886;padding:.25rem .75rem .25rem 0;text-align:left}
img{max-width:100%;background:#fff;margin:.25rem}code{background:#8882;padding:0 .2em}
""".replace("\n", "")


def _summary(manifest: Manifest, target: Target, evaluation: Evaluation) -> str:
    name, fitted = _code(target.name), manifest.lineage.fitted
    if target.task is Task.BINARY:
        what = f"Predicts the probability that {name} is {_code(target.classes[1])}."
    elif target.task is Task.MULTICLASS:
        what = f"Predicts which of {len(target.classes)} classes {name} is."
    else:
        what = f"Predicts {name}{f' in {plain(target.unit)}' if target.unit else ''}."
    members = ", ".join(f"{member.name} ({member.weight:.0%})" for member in manifest.members)
    sentences = [
        what,
        plain(target.description),
        f"An ensemble of {members}{_calibration(manifest, target.task)}.",
        f"Trained on {fitted.rows:,} rows{_when(fitted.start, fitted.end)}.",
    ]
    if manifest.threshold is not None:
        sentences += [
            f"It answers {_code(target.classes[1])} from a score of {manifest.threshold.value:.3g} on",
            f"({manifest.threshold.rule}); {evaluation.target_mean:.1%} of the holdout is.",
        ]
    if target.task is Task.REGRESSION:
        sentences.append(_intervals(manifest, target, evaluation))
    return " ".join(sentence for sentence in sentences if sentence)


def _calibration(manifest: Manifest, task: Task) -> str:
    return "" if task is Task.REGRESSION else f"; calibration: {manifest.calibration.method}"


def _intervals(manifest: Manifest, target: Target, evaluation: Evaluation) -> str:
    rows = f"{manifest.lineage.validation.rows:,} validation rows"
    if manifest.intervals is None:
        return f"It answers values without an interval: {rows} are too few for one."
    held, width = evaluation.metrics["coverage"], evaluation.metrics["interval_width"]
    unit = f" {plain(target.unit)}" if target.unit else ""
    promised = f"{100 * manifest.intervals.level:g} %"
    return (
        f"Beside a value it answers low and high, between which {promised} of the outcomes are "
        f"to lie, as those of {rows} did (conformal intervals, by predicted value). On the holdout {metric_text(held)} "
        f"do, and an interval is {metric_text(width)}{unit} wide on average. The promise holds for rows of the same "
        "kind: it weakens as the data drift."
    )


def _when(start: str | None, end: str | None) -> str:
    return "" if start is None or end is None else f", {start[:10]} to {end[:10]}"


def _quality(manifest: Manifest, task: Task, evaluation: Evaluation) -> str:
    columns = {"This model": evaluation.metrics}
    columns |= {f"Baseline: {name}": metrics for name, metrics in evaluation.baselines.items()}
    columns |= {f"Member: {name}": metrics for name, metrics in evaluation.members.items()}
    rows = [
        [
            _LABELS[name],
            *(
                metric_text(metrics[name], with_interval=metrics is evaluation.metrics) if name in metrics else ""
                for metrics in columns.values()
            ),
        ]
        for name in _HEADLINES[task]
        if name in evaluation.metrics
    ]
    table = _table(["", *columns], rows)
    what = "single rows" if manifest.lineage.holdout.start is None else "whole days"
    return f"{table}\n\nBrackets are 95 % intervals, resampling {what}."


def _classes(evaluation: Evaluation) -> list[str]:
    """The largest classes, in the contract's order, and which of all are taken for one another."""
    if not evaluation.classes:
        return []
    shown = sorted(evaluation.classes, key=lambda each: -each.rows)[:_MOST_CLASSES]
    rows = [
        [_code(each.name), f"{each.rows:,}", *map(_figure, (each.precision, each.recall, each.f1))]
        for each in evaluation.classes
        if each in shown
    ]
    left = len(evaluation.classes) - len(rows)
    parts = ["## By class", _table(["class", "rows", "Precision", "Recall", "F1"], rows)]
    told = [f"{_code(each.actual)} for {_code(each.answered)} ({each.rows:,} rows)" for each in evaluation.confusions]
    sentences = [f"{left:,} smaller classes are not shown."] if left else []
    sentences += [f"Most often it takes {', '.join(told)}."] if told else []
    return [*parts, " ".join(sentences)] if sentences else parts


def _figure(value: float | None) -> str:
    return metric_text(Metric(value=value), with_interval=False)


def _groups(title: str, what: str, groups: Sequence[Group], task: Task) -> list[str]:
    if not groups:
        return []
    names = [name for name in _GROUP_METRICS[task] if name in groups[0].metrics]
    shown = sorted(groups, key=lambda group: -group.rows)[:_MOST_GROUPS]
    rows = [
        [plain(group.name), f"{group.rows:,}", *(metric_text(group.metrics[name]) for name in names)]
        for group in groups
        if group in shown
    ]
    return [title, _table([what, "rows", *(_LABELS[name] for name in names)], rows)]


def _gate(manifest: Manifest) -> str:
    gate = manifest.gate
    verdict = "Accepted" if gate.accepted else "Refused"
    return "\n".join(
        [
            f"**{verdict}**, compared with {plain(gate.compared_with)}:",
            "",
            *(f"- {plain(reason)}" for reason in gate.reasons),
        ]
    )


def _features(features: Sequence[Feature]) -> str:
    rows = []
    for feature in features:
        if isinstance(feature, CategoricalFeature):
            shown = ", ".join(map(_code, feature.categories[:6]))
            values = shown + (f" and {len(feature.categories) - 6} more" if len(feature.categories) > 6 else "")
        else:
            values = f"{feature.low:g} to {feature.high:g} {plain(feature.unit)}".strip()
        rows.append(
            [_code(feature.name), values, "may be empty" if feature.nullable else "", plain(feature.description)]
        )
    return _table(["field", "values", "", "meaning"], rows)


def _limits(manifest: Manifest, contract: Contract, evaluation: Evaluation, notes: Sequence[str]) -> str:
    holdout = manifest.lineage.holdout
    limits = [
        f"Judged on {holdout.rows:,} rows{_when(holdout.start, holdout.end)}; other times and places were not seen."
    ]
    metric = {Task.BINARY: "auc", Task.MULTICLASS: "accuracy", Task.REGRESSION: "r2"}[contract.target.task]
    groups = [(f"{feature} {group.name}", group) for feature, found in evaluation.segments.items() for group in found]
    groups += [(group.name, group) for group in evaluation.months]
    values = {name: found.value for name, group in groups if (found := group.metrics[metric]).value is not None}
    if values:
        name = min(values, key=values.__getitem__)
        weakest = dict(groups)[name].metrics[metric]
        limits.append(f"Weakest for {plain(name)}: {_LABELS[metric]} {metric_text(weakest)}.")
    loss = "rmse" if contract.target.task is Task.REGRESSION else "log_loss"
    own, linear = evaluation.metrics[loss].value, evaluation.baselines["linear"][loss].value
    if own is not None and linear is not None and linear <= own:
        limits.append(
            f"A linear model does as well on the holdout ({_LABELS[loss]} {linear:.4g} against {own:.4g}): "
            "this table may need no ensemble."
        )
    limits.append(
        "A value outside its range is refused; a category that training did not see, or a number outside of what it "
        "saw, is scored with a warning, and such a score deserves less trust."
    )
    limits += [f"{plain(note)}." for note in notes]
    return "\n".join(f"- {limit}" for limit in limits)


def _lineage(manifest: Manifest) -> str:
    lineage = manifest.lineage
    commit = (lineage.git_commit or "unknown") + (" with uncommitted changes" if lineage.git_dirty else "")
    parts = [("training", lineage.train), ("validation", lineage.validation), ("holdout", lineage.holdout)]
    rows = [["code", _code(commit)], ["data SHA-256", _code(lineage.data_sha256)]]
    rows += [[f"{name} rows", f"{part.rows:,}{_when(part.start, part.end)}"] for name, part in parts]
    if lineage.as_of is not None:
        rows.append(["data as of", lineage.as_of])
    rows += [["seed", str(lineage.seed)], ["libraries", ", ".join(f"{n} {v}" for n, v in lineage.libraries.items())]]
    return _table(["", ""], rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def plain(value: str) -> str:
    """Text from data or model.toml, unable to act as Markdown or HTML."""
    escaped = "".join(f"\\{c}" if c in "\\`*_{}[]<>#|!~" else c for c in value)
    return " ".join(escaped.split())


def _code(value: str) -> str:
    return f"`{' '.join(value.replace('`', chr(39)).replace('|', '/').split())}`"

"""
Figures in documents can be made again, or are computed from the code.

Where a section holds a measured figure (a time, a size, a share, a price, a decimal) it names what makes it: a bench, a
test, a decision. What the code itself fixes is put together from the code here, and has to stand in the document word
for word.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from app.console.sources import _PATIENCE_S, _STORE_FRESH_S
from app.metrics.answers import MOST_FEATURES, MOST_LABELS
from app.metrics.drift import MOST_COLUMNS
from app.metrics.kept import _QUIET_S, _SHOWN_S
from control.schedules import SCHEDULES
from core.contract import Task
from core.github.holding import PATIENCE
from core.golden import TOLERANCE
from core.reference import MAX_KNOTS
from deploy.costs.measured import INSTALL_S, RUNNER_S
from deploy.judging.policy import Policy
from deploy.replay.command import replay
from doubles.actions.workflow_file import read_workflow
from drift.judging import SEASON_WEEKS
from drift.quality.verdict import QualityPolicy
from drift.thresholds import Thresholds
from ml.adopt import kinds, leaks, seasons, targets, time_column
from ml.gate import FAST_ENOUGH_MS
from ml.reference import MAX_BYTES
from ml.settings import DownloadSettings
from ml.split import Share
from tests.commands import ROOT
from tests.documents import DOCUMENTS, Section, name_of, sections

_UNIT = r"(?:ms|µs|s|kB|MB|GB|%|x|seconds?|minutes?|requests/s|rows/s|answers/s)"
_FIGURE = re.compile(rf"(?<![\w.-])\d[\d,.]* ?{_UNIT}(?!\w)|\$\d+\.\d\d|(?<![\w./-])0\.\d+(?![\w.])")
_ORIGIN = re.compile(
    r"scripts/bench|tests/[\w/]+\.py|(?:adr/\d{4}|ADR \d)|python -m (?:ml (?:card|evaluate)|deploy (?:plan|replay))"
)
_BY_HAND = "measured by hand"
# Sections whose figures are held to the code elsewhere, and where.
HELD = {
    "README.md: Slipway": "scripts/serve",
    "README.md: Ask it something<!-- example: own table -->": "tests/example/test_quality.py",
    "README.md: Deploy it": "test_every_price_in_a_document_is_that_of_the_price_table",
    "README.md: Has it drifted?": "scripts/bench",
    "docs/deploying.md: Render, by button": "test_every_price_in_a_document_is_that_of_the_price_table",
    "docs/deploying.md: Fly.io, by three commands": "test_every_price_in_a_document_is_that_of_the_price_table",
    "docs/deploying.md: From GitHub Actions": "test_what_the_code_fixes_is_what_a_document_says",
    "docs/deploying.md: When something went wrong": "test_what_the_code_fixes_is_what_a_document_says",
    "docs/monitoring.md: Metrics": "test_what_the_code_fixes_is_what_a_document_says",
    "docs/monitoring.md: Console": "test_what_the_code_fixes_is_what_a_document_says",
    "docs/model-file.md: Several files, or a URL": "test_what_the_code_fixes_is_what_a_document_says",
    "docs/model-file.md: [split]": "test_the_shares_that_a_split_takes_are_those_that_are_named",
    "docs/model-file.md: [gate]": "test_the_defaults_and_bounds_of_the_model_file_are_those_that_are_read",
    "docs/model-file.md: [experiment]": "test_the_defaults_and_bounds_of_the_model_file_are_those_that_are_read",
    "docs/github.md: Data that change": "test_what_the_code_fixes_is_what_a_document_says",
    "docs/adopting.md: How it decides": "test_what_the_code_fixes_is_what_a_document_says",
    "docs/drift.md: What is compared with what": "test_what_the_code_fixes_is_what_a_document_says",
    "docs/drift.md: When it is an alert": "test_what_the_code_fixes_is_what_a_document_says",
    "docs/drift.md: Try it before you trust it": "test_the_faults_in_the_document_are_faults",
    "docs/report.md: 5. What it costs": "test_every_price_in_a_document_is_that_of_the_price_table",
    "docs/cost.md: What it costs": "test_the_document_shows_what_the_command_prints",
    "docs/cost.md: What grows first": "test_the_document_shows_what_the_command_prints",
    "docs/cost.md: Ten times the traffic": "test_every_other_price_in_the_document_is_one_of_the_price_table",
    "docs/cost.md: GitHub's minutes": "test_what_the_code_fixes_is_what_a_document_says",
    "docs/cost.md: Prices": "test_every_other_price_in_the_document_is_one_of_the_price_table",
    "docs/runbook.md: ManySlowAnswers": "test_what_the_code_fixes_is_what_a_document_says",
    "docs/runbook.md: SlowAnswersAddUp": "test_what_the_code_fixes_is_what_a_document_says",
    "docs/experiments.md: Members and disagreement": "tests/example/test_quality.py",
}


def _figures(section: Section) -> list[str]:
    """What a section's prose and tables say in figures; what stands in code is an input, or held as a command."""
    return _FIGURE.findall(re.sub(r"`[^`\n]*`", "", section.text))


def _is_accounted_for(section: Section, whole: str) -> bool:
    if _ORIGIN.search(section.text) or str(section) in HELD:
        return True
    if not section.document.startswith("docs/adr/"):
        return False
    # A decision's reasons repeat what it measured, unless they are measurements themselves.
    return _BY_HAND in whole or ("easured" not in section.title and bool(_ORIGIN.search(whole)))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_figure_stands_beside_what_makes_it(document: Path) -> None:
    whole = document.read_text()
    missing = [each for each in sections(document) if _figures(each) and not _is_accounted_for(each, whole)]
    assert [f"{each}: {_figures(each)}" for each in missing] == []


def test_what_is_said_to_hold_a_section_is_there() -> None:
    titles = {str(section) for document in DOCUMENTS for section in sections(document)}
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    is_whole = (ROOT / "example").is_dir()
    for title, by in HELD.items():
        # A passage leaves with what is shipped, and so does what holds it.
        assert title in titles or not is_whole, title
        assert f"def {by}(" in tests or (ROOT / by).is_file() or not is_whole, by


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_test_that_a_document_names_is_there(document: Path) -> None:
    for name in re.findall(r"`(tests/[\w/]+(?:\.py)?)`", document.read_text()):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("takes 12.5 ms, or 3 MB", ["12.5 ms", "3 MB"]),
        ("about $7.00 a month", ["$7.00"]),
        ("0.66 of the floor; in 5 % of them", ["0.66", "5 %"]),
        ("3 x the rate, 60 seconds", ["3 x", "60 seconds"]),
        ("Evidently 0.7.23, ADR 17, version 3.11, 10 rows, model-v1.0.0", []),
        ("`--rate 0.5` and `10 ms`", []),
    ],
)
def test_what_counts_as_a_figure(text: str, found: list[str]) -> None:
    assert _figures(Section(document="a.md", title="", text=text)) == found


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


_WORDS = {2: "two", 3: "three", 8: "eight", 12: "twelve"}
_LIMITS, _POLICY, _QUALITY = Thresholds(), Policy(), QualityPolicy()
_DAYS = {schedule.file: schedule.longest.days for schedule in SCHEDULES}
_DOWNLOAD_GB = DownloadSettings.from_env({}).max_bytes // 10**9
_FLY = tomllib.loads((ROOT / "fly.toml").read_text())
(_SLOW_MS,) = {
    1000 * float(bound) for bound in re.findall(r'le="([\d.]+)"', (ROOT / "monitoring/rules/latency.yml").read_text())
}
# Of a test of the distance between few values and very many, at 1 %.
_CHANCE = float(stats.kstwobign.isf(0.01)) / np.sqrt(_LIMITS.few_rows)

SAID = [
    ("drift.md", f"its distribution at up to {MAX_KNOTS:,} values"),
    ("drift.md", f"at most {MAX_BYTES // 1000} kB of JSON"),
    ("drift.md", f"at least {_LIMITS.rule_rows} rows and {_percent(_LIMITS.rule_share)}, more than"),
    ("drift.md", f"its difference: at least {_LIMITS.score_shift}"),
    ("drift.md", f"holds that down, at {_percent(_LIMITS.false_discovery_rate)}"),
    ("drift.md", f"the larger of {_LIMITS.floor} and the mean plus {_WORDS[int(_LIMITS.sds)]} standard deviations"),
    ("drift.md", f"fewer than {_WORDS[_LIMITS.min_windows]} such windows it is {_LIMITS.uncalibrated:.2f}"),
    (
        "drift.md",
        f"from {_LIMITS.few_rows} to {_LIMITS.min_rows - 1} only distances of {_LIMITS.few_effect} and more count",
    ),
    ("drift.md", f"From {_LIMITS.min_rows} values in a window on it is judged"),
    ("drift.md", f"because chance alone makes {_CHANCE:.3f}; below {_LIMITS.few_rows}"),
    ("drift.md", f"an AUC more than {_QUALITY.points}, or an accuracy more than {100 * _QUALITY.points:g} points"),
    ("drift.md", f"error more than {_percent(_QUALITY.share)} above it"),
    ("drift.md", f"over {100 * _QUALITY.coverage_points:g} points less"),
    ("drift.md", f"compared with the last {_WORDS[SEASON_WEEKS]} weeks"),
    ("adopting.md", f"more than {targets._MOST_NUMERIC_CLASSES} different ones"),
    ("adopting.md", f"Texts are classes, up to {targets.MOST_CLASSES}"),
    ("adopting.md", f"A class of fewer than {targets.MIN_CLASS_ROWS} rows"),
    ("adopting.md", f"spans at least {time_column._MIN_DAYS} days"),
    ("adopting.md", f"Up to {kinds._FEW_CATEGORIES} values are all listed"),
    ("adopting.md", f"enough rows ({kinds.MIN_CATEGORY_ROWS} in a long table), at most {kinds.MOST_CATEGORIES}"),
    ("adopting.md", f"An AUC of {leaks._LEAK[Task.BINARY]} (binary), or a balanced accuracy or R²"),
    ("adopting.md", f"balanced accuracy or R² of {leaks._LEAK[Task.REGRESSION]}"),
    ("adopting.md", f"over at least {seasons.MIN_MONTHS} months"),
    ("model-file.md", f"{FAST_ENOUGH_MS:g} ms is always fast enough"),
    ("model-file.md", f"A file larger than {_DOWNLOAD_GB} GB needs `DATASET_MAX_BYTES`"),
    ("github.md", f"**More than {_DOWNLOAD_GB} GB**: the variable `DATASET_MAX_BYTES`"),
    ("github.md", f"expects a success within {_DAYS['train.yml']} days"),
    ("deploying.md", f"passed over after {PATIENCE.total_seconds() / 60:.0f} minutes"),
    ("deploying.md", f"with fewer than {_POLICY.least_replayed} of them on the golden rows too"),
    (
        "deploying.md",
        f"from {_POLICY.least_timed} requests for one row on, and scores from {_POLICY.least_scored} rows",
    ),
    (
        "deploying.md",
        f"`READY_S` ({_POLICY.ready_s:g}) for a model that takes long to load; `WATCH_S` ({_POLICY.watch_s:g})",
    ),
    ("deploying.md", f"`WATCH_INTERVAL_S` ({_POLICY.interval_s:g}); `REPLAY_ROWS` ({_POLICY.replay_rows})"),
    ("deploying.md", f"(from {_FLY['http_service']['concurrency']['soft_limit']} requests at once on)"),
    ("deploying.md", f"$2.02 ({_FLY['vm'][0]['memory'].replace('mb', ' MB')}, cheapest regions"),
    ("github.md", f"watched after the switch, {_POLICY.watch_s:g} without it"),
    ("cost.md", f"{INSTALL_S['serve']:g} s for `serve`, {INSTALL_S['drift']:g} s for `drift`"),
    ("cost.md", f"{INSTALL_S['train']:g} s for `train`, without a cache) and {RUNNER_S} s before that"),
    ("runbook.md", f"far more than one prediction in a hundred takes longer than {_SLOW_MS:g} ms"),
    ("runbook.md", f"more than one prediction in a hundred has taken longer than {_SLOW_MS:g} ms"),
    ("monitoring.md", f"at most every {_SHOWN_S:g} seconds"),
    ("monitoring.md", f"waited for {_PATIENCE_S:g} seconds"),
    ("monitoring.md", f"every {_STORE_FRESH_S:g} seconds at most"),
    ("monitoring.md", f"beyond {MOST_LABELS} classes `other`"),
    ("monitoring.md", f"beyond {MOST_FEATURES} features `other`"),
    ("monitoring.md", f"the worst {MOST_COLUMNS} columns"),
]


@pytest.mark.parametrize(("document", "text"), SAID, ids=lambda value: str(value)[:60])
def test_what_the_code_fixes_is_what_a_document_says(document: str, text: str) -> None:
    # Where a line ends is of no meaning.
    assert text in " ".join((ROOT / "docs" / document).read_text().split())


def test_what_workflows_and_commands_fix_is_what_the_documents_say() -> None:
    deploying, experiments = ((ROOT / "docs" / name).read_text() for name in ("deploying.md", "experiments.md"))
    minutes = {job["timeout-minutes"] for job in read_workflow(ROOT / ".github/workflows/deploy.yml")["jobs"].values()}
    assert f"the whole job has {minutes.pop()} minutes" in deploying
    assert not minutes
    (rows,) = [parameter for parameter in replay.params if parameter.name == "rows"]
    assert f"the newest {rows.default:,} rows of the journal (`--rows`)" in experiments
    assert _QUIET_S == 3600
    assert "is read once an hour while nothing is written" in (ROOT / "docs/monitoring.md").read_text()
    assert (
        f"compares their scores on the whole holdout to {TOLERANCE:.0e}".replace("e-0", "e-")
        in (ROOT / "ARCHITECTURE.md").read_text()
    )


def test_the_shares_that_a_split_takes_are_those_that_are_named() -> None:
    (low, high) = re.findall(
        r"a percentage of the rows, (\d+) % to (\d+) %", (ROOT / "docs/model-file.md").read_text()
    )[0]
    for share in (low, high):
        assert Share.parse(f"{share}%").unit == "%"
    for share in (int(low) - 1, int(high) + 1):
        with pytest.raises(ValueError, match="%"):
            Share.parse(f"{share}%")


@pytest.mark.parametrize("source", ["ml/problem.py", "core/experiment_policy.py", "core/drift_policy.py"])
def test_the_defaults_and_bounds_of_the_model_file_are_those_that_are_read(source: str) -> None:
    text = (ROOT / source).read_text().replace("DEFAULT_INTERVAL", "0.9")
    read = re.findall(r'\.(?:whole_)?number\("(\w+)", ([\d._e*-]+), ([\d._e*-]+), ([\d._e*-]+)\)', text)
    tables = {"core/experiment_policy.py": "## [experiment]", "core/drift_policy.py": "## [drift]"}
    page = (ROOT / "docs/model-file.md").read_text().split("\n## [drift]")
    part = page[0] if source == "ml/problem.py" else (page[1].split("\n## ")[0 if "drift" in tables[source] else 1])
    assert read
    for name, default, low, high in read:
        (row,) = re.findall(rf"^\| [^|]*`{name}`[^|]*\|.*$", part, re.MULTILINE)
        if name != "quiet_days":
            assert float(default) in [float(each) for each in re.findall(r"`([\d.]+)`", row.split("|")[2])], row
        for shown in re.findall(r"(?<![\d`.])(\d[\d.,]*\d|\d) to (\d[\d.,]*\d|\d)(?= *\||;|,| days)", row):
            bounds = [float(each.replace(",", "")) for each in shown]
            assert bounds == [float(eval(each)) for each in (low, high)], row  # noqa: S307  # a number of our own source


@pytest.mark.parametrize(
    "source", ["app/settings.py", "ml/settings.py", "deploy/judging/policy.py", "deploy/platforms/host_settings.py"]
)
def test_the_bounds_in_the_settings_tables_are_those_that_are_read(source: str) -> None:
    text = (ROOT / source).read_text()
    read = re.findall(r'reader\.read\(\s*"([A-Z_]+)", "[^"]*", whole_number\(([\d_*]+), ([\d_*]+)\)', text)
    tables = (ROOT / "docs/settings.md").read_text()
    for name, low, high in read:
        rows = re.findall(rf"^\| `{name}` \|.*$", tables, re.MULTILINE)
        shown = [each for row in rows for each in re.findall(r"(\d[\d,]*) to (\d[\d,]*\d)", row)]
        expected = tuple(int(eval(each)) for each in (low, high))  # noqa: S307  # a number of our own source
        assert {tuple(int(each.replace(",", "")) for each in pair) for pair in shown} <= {expected}, name

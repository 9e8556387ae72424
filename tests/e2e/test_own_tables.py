"""What becomes of a multiclass and a regression table once they serve: drift, outcomes, the gate and the console."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import requests
from numpy.typing import NDArray

from app.keys import Scope, new_key
from core.contract import Task
from core.documents import from_json
from core.drift import DriftReport, Severity
from core.registry import DirectoryRegistry
from doubles.github import GitHub
from doubles.github.state import Issue
from tests.browser import SCHEMES, WIDTHS, Browser, is_here
from tests.clock import Clock
from tests.commands import Home
from tests.github import REPOSITORY
from tests.integration.test_gunicorn import serving
from tests.needs import lacking

pytestmark = pytest.mark.slow

Columns = dict[str, list[Any]]
KEY, ENTRY = new_key("owner", Scope)
FIRST_DAY, DAYS, ROWS_A_DAY = date(2025, 1, 1), 200, 8
ASKED_A_DAY = 100
_OVERFLOW = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
_TRY = """
document.querySelector('#key').value = arguments_key;
document.querySelector('#try button').click();
"""
_MODEL_FILE = """
[dataset]
path = "table.csv"
time_column = "at"
[split]
validation = "1mo"
holdout = "1mo"
[drift]
outcome_days = 0
retrain = "never"
"""
_SPECIES = """
[target]
name = "species"
task = "multiclass"
classes = ["adelie", "gentoo", "chinstrap"]
[[features]]
name = "bill length"
kind = "numeric"
unit = "cm"
low = -5
high = 20
[[features]]
name = "island"
kind = "categorical"
categories = ["Dream", "Biscoe"]
"""
_RENT = """
[target]
name = "rent"
task = "regression"
unit = "EUR"
[[features]]
name = "area"
kind = "numeric"
unit = "m2"
low = 5
high = 1000
[[features]]
name = "district"
kind = "categorical"
categories = ["north", "south"]
"""


def species(random: np.random.Generator, count: int, *, is_shifted: bool) -> Columns:
    """Bills of three kinds of penguins; once shifted, somebody measures them with a ruler that begins at 3 cm."""
    kind = random.integers(0, 3, count)
    length = random.normal(4 + kind, 0.4) + 3 * is_shifted
    return {
        "bill length": _rounded(length),
        "island": np.where(random.random(count) < 0.6, "Dream", "Biscoe").tolist(),
        "species": np.array(["adelie", "gentoo", "chinstrap"])[kind].tolist(),
    }


def rents(random: np.random.Generator, count: int, *, is_shifted: bool) -> Columns:
    """Rents of flats; once shifted, larger flats are offered, and all are dearer by the half."""
    area = random.uniform(20, 150, count) * (2 if is_shifted else 1)
    north = random.random(count) < 0.5
    rent = (300 + 14 * area + 250 * north) * (1.5 if is_shifted else 1) + random.normal(0, 60, count)
    return {"area": _rounded(area), "district": np.where(north, "north", "south").tolist(), "rent": _rounded(rent)}


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return np.round(values, 1).tolist()  # type: ignore[no-any-return]  # numpy says Any


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """
    A table, and what a person sees of its model.

    Attributes:
        model_file: Its tables of model.toml.
        draw: Its rows.
        judged: The figure by which the model does worse.
        row: To be tried.
        said: What the page answers, as a pattern.
        headline: A figure of the page.
    """

    model_file: str
    draw: Callable[..., Columns]
    judged: str
    row: dict[str, str]
    said: str
    headline: str


WORLDS = {
    Task.MULTICLASS: World(
        model_file=_SPECIES,
        draw=species,
        judged="accuracy",
        row={"bill length": "6.4", "island": "Dream"},
        said=r"species:\s+chinstrap .* chinstrap\s+\d\d\.\d% \s*gentoo",
        headline="Accuracy",
    ),
    Task.REGRESSION: World(
        model_file=_RENT,
        draw=rents,
        judged="mae",
        row={"area": "100", "district": "north"},
        said=r"rent:\s+1,\d\d\d(\.\d+)? EUR",
        headline="Mean absolute error",
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """
    A table that was trained on, served, asked in a later week and trained on again.

    Attributes:
        world: Of the table.
        home: What runs leave behind.
        url: Of the service, which still runs.
        said: What the drift check printed.
        report: What the service shows of it.
        issues: Those that it opened.
        retrained: What the second training printed.
    """

    world: World
    home: Home
    url: str
    said: str
    report: DriftReport
    issues: tuple[Issue, ...]
    retrained: str

    def ask(self, method: str, path: str, **content: Any) -> str:
        """The text of a page."""
        answer = requests.request(method, self.url + path, timeout=10, **content)
        assert answer.ok, answer.text
        return answer.text


def write_table(home: Home, world: World, *, days: int, shifted_from: int) -> Path:
    """The table and its model.toml; from a day on everything is as it is once shifted."""
    random = np.random.default_rng(3)
    parts = [world.draw(random, ROWS_A_DAY, is_shifted=day >= shifted_from) for day in range(days)]
    at = [
        datetime.combine(FIRST_DAY + timedelta(days=day), time(2 * hour + 1))
        for day in range(days)
        for hour in range(ROWS_A_DAY)
    ]
    table = pl.concat([pl.DataFrame(part) for part in parts]).with_columns(pl.Series("at", at))
    table.write_csv(home.folder / "table.csv")
    path = home.folder / "model.toml"
    path.write_text(_MODEL_FILE + world.model_file)
    return path


def train(home: Home, model_file: Path, *options: str, **variables: str) -> str:
    """Train and publish; what was printed."""
    done = home.run("ml", "train", "--publish", "--trials", "1", "--model-file", str(model_file), *options, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ask_for_a_week(url: str, world: World, clock: Clock) -> date:
    """Let a week go by, from Monday to Sunday, on which rows are asked that are shifted; the Monday after it."""
    random = np.random.default_rng(4)
    headers = {"Authorization": f"Bearer {KEY}"}
    today = datetime.fromtimestamp(clock.started, UTC)
    monday = (today + timedelta(days=7 - today.weekday())).date()
    for day in range(7):
        noon = datetime.combine(monday + timedelta(days=day), time(12), UTC)
        clock.move(int(noon.timestamp() - clock.started))
        columns = world.draw(random, ASKED_A_DAY, is_shifted=True)
        truth = columns.pop(list(columns)[-1])
        answer = requests.post(f"{url}/v1/predict/batch", json={"columns": columns}, headers=headers, timeout=10)
        assert answer.ok, answer.text
        pairs = zip(answer.json()["columns"]["id"], truth, strict=True)
        outcomes = {"outcomes": [{"id": made, "outcome": value} for made, value in pairs]}
        reported = requests.post(f"{url}/v1/outcomes", json=outcomes, headers=headers, timeout=10)
        assert reported.json()["accepted"] == ASKED_A_DAY
    return monday + timedelta(days=7)


def check_drift(home: Home, model_file: Path, github: GitHub, url: str, today: date) -> str:
    """Check the service on a morning; what was printed."""
    github.add_repository(REPOSITORY)
    done = home.run(
        "drift", "check", "--model-file", str(model_file), "--source", url,
        AS_OF=f"{today}", SERVICE_KEY=KEY, DRIFT_DIR=str(home.folder / "drift"),
        DRIFT_ALERTS=f"github:{REPOSITORY}", GITHUB_TOKEN=github.token(issues="write"),
        GITHUB_API_URL=github.api_url, GITHUB_SERVER_URL=github.server_url,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=list(WORLDS), ids=lambda task: task.value)
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    world, home = WORLDS[request.param], Home(folder=tmp_path_factory.mktemp(request.param.value))
    model_file = write_table(home, world, days=DAYS, shifted_from=DAYS)
    train(home, model_file)
    clock = Clock(home.folder)
    with serving(home.folder, API_KEYS=str(ENTRY), **clock.variables) as server, GitHub() as github:
        url = f"http://127.0.0.1:{server.port}"
        today = ask_for_a_week(url, world, clock)
        said = check_drift(home, model_file, github, url, today)
        shown = requests.get(f"{url}/v1/drift", headers={"Authorization": f"Bearer {KEY}"}, timeout=10)
        # The table has grown by what is so by now.
        write_table(home, world, days=2 * DAYS, shifted_from=DAYS)
        retrained = train(home, model_file, "--replay", SERVICE_URL=url, SERVICE_KEY=KEY)
        issues = tuple(github.repository(REPOSITORY).issues.values())
        assert github.violations == []
        yield Story(
            world=world, home=home, url=url, said=said, report=from_json(shown.content, DriftReport, source=""),
            issues=issues, retrained=retrained,
        )  # fmt: skip


def test_the_shift_is_found_in_the_column_that_shifted_and_in_no_other(story: Story) -> None:
    (week,) = (window for window in story.report.windows if window.days == 7)
    alarming = {each.column for each in week.columns if each.severity.is_alarming}
    shifted, steady = list(story.world.row)
    assert shifted in alarming
    assert steady not in alarming
    assert "windows were judged." in story.said


def test_the_outcomes_say_that_the_model_does_worse(story: Story) -> None:
    (quality,) = story.report.quality
    figure = quality.figures[story.world.judged]
    assert quality.severity is Severity.CRITICAL
    assert figure.worse_by is not None
    assert figure.worse_by > 0


def test_issues_tell_of_both(story: Story) -> None:
    told = [(issue.title, issue.body or "") for issue in story.issues]
    shifted = next(iter(story.world.row))
    assert any(shifted in body for _, body in told)
    assert len(told) >= 2


def test_the_retrained_model_is_judged_against_the_champion_with_reasons(story: Story) -> None:
    assert "Gate: accepted" in story.retrained
    assert re.search(r"passed: .*model-v1\.0\.0", story.retrained)
    registry = DirectoryRegistry(story.home.registry)
    _, newest = registry.tags()
    gate = registry.fetch(newest).manifest.gate
    assert (str(gate.champion), gate.compared_with) == ("model-v1.0.0", "model-v1.0.0")
    assert f"Published {newest}" in story.retrained


def test_before_it_is_published_it_answers_what_the_service_was_asked(story: Story) -> None:
    shown, _, published = story.retrained.partition("Published ")
    _, newest = DirectoryRegistry(story.home.registry).tags()
    assert f"{newest} answered 700 rows that model-v1.0.0 answered from " in shown
    assert re.search(rf"On 700 rows with an outcome {newest} lost \S+ a row .*: a gain of \+", shown)
    assert published.startswith(str(newest))


def test_the_console_says_how_good_the_model_is(story: Story) -> None:
    page = story.ask("GET", "/")
    for said in ("model-v1.0.0", story.world.headline, *story.world.row):
        assert said in page


def test_what_is_tried_on_the_console_is_answered_in_the_form_of_the_task(story: Story) -> None:
    filled = {f"value.{name}": text for name, text in story.world.row.items()} | {"key": KEY}
    page = re.sub(r"<[^>]*>", " ", story.ask("POST", "/try", data=filled))
    assert re.search(story.world.said, page, re.DOTALL), page


def test_the_console_fits_a_phone_and_a_desk_and_the_browser_has_no_complaint(story: Story) -> None:
    if not is_here():
        lacking("chromium and chromedriver are not installed", "apt-get install chromium chromium-driver")
    with Browser() as browser:
        for scheme in SCHEMES:
            for width in WIDTHS.values():
                browser.show(f"{story.url}/", scheme=scheme, width=width, height=1200)
                assert browser.evaluate(_OVERFLOW) == 0
        browser.evaluate(f"const arguments_key = '{KEY}'; {_TRY}")
        browser.wait_until("return document.activeElement.id === 'answer'")
        # The page shows the answer, is where it was, and still has the key.
        assert browser.evaluate("return document.querySelector('#answer .headline') !== null")
        assert browser.evaluate("return location.pathname") == "/"
        assert browser.evaluate("return document.querySelector('#key').value.length") == len(KEY)
        assert browser.evaluate(_OVERFLOW) == 0
        assert browser.complaints() == []

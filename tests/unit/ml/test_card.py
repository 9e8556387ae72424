"""The model card says everything, and nothing in the data can make it say or do anything else."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from markdown_it import MarkdownIt

from core.contract import CategoricalFeature, Contract, NumericFeature, Target, Task
from core.manifest import GateRecord, Metric, Window
from core.tags import ModelTag
from ml.card import card_page, write_card
from ml.classes import ClassFigures, Confusion
from ml.evaluation import Evaluation, Group
from ml.metrics import UNDEFINED
from tests.factories import known, make_contract, make_manifest
from tests.unit.ml.factories import make_evaluation

SECTIONS = ["Quality on the holdout", "By month", "By city", "The promotion gate", "What to send", "Limits", "Lineage"]
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "<https://evil.example>",
    "a | b | c",
    "**bold** _it_ ~~no~~",
    "# heading",
    "`code` ``more``",
    "one\n\n# two\n- three\n> four",
    "back\\slash \\*",
    "&lt;b&gt; &amp; &#60;i&#62;",
    '" onmouseover="alert(1)',
    "[x]: https://evil.example",
]


class _Page(HTMLParser):
    """Collects every tag, attribute and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def _card(
    task: Task = Task.BINARY,
    *,
    contract: Contract | None = None,
    evaluation: Evaluation | None = None,
    notes: tuple[str, ...] = (),
    **manifest: Any,
) -> str:
    chosen = contract or make_contract(task)
    return write_card(
        make_manifest(chosen, **manifest), chosen, evaluation or make_evaluation(task), ["card-scores.svg"], notes
    )


def _hostile_card(text: str) -> str:
    """A card in which every place that data or model.toml can fill holds the same text."""
    contract = Contract(
        features=(
            NumericFeature(name=text, unit=text, low=0, high=1, description=text),
            CategoricalFeature(name="city", categories=(text, "other"), description=text),
        ),
        target=Target(name=text, task=Task.BINARY, classes=("no", text), description=text),
    )
    evaluation = make_evaluation()
    group = Group(name=text, rows=500, metrics=evaluation.metrics)
    told = ClassFigures(name=text, rows=500, precision=0.5, recall=0.5, f1=0.5)
    return _card(
        contract=contract,
        evaluation=msgspec.structs.replace(
            evaluation,
            segments={text: (group,)},
            months=(group,),
            classes=(told,),
            confusions=(Confusion(actual=text, answered=text, rows=3),),
        ),
        notes=(f"column {text}",),
        gate=GateRecord(accepted=False, champion=None, compared_with="the base rate", reasons=(f"failed: {text}",)),
    )


def _structure(card: str) -> list[tuple[str, str]]:
    """The kinds of blocks and spans of a card, texts left out."""
    found = []
    for token in MarkdownIt("commonmark").enable("table").parse(card):
        found.append((token.type, token.tag))
        found += [
            (child.type, child.tag)
            for child in token.children or []
            if child.type not in {"text", "text_special", "softbreak"}
        ]
    return found


@pytest.mark.parametrize("task", Task)
def test_every_section_is_there(task: Task) -> None:
    headings = [line[3:] for line in _card(task).splitlines() if line.startswith("## ")]
    by_class = ["By class"] if task is Task.MULTICLASS else []
    assert headings == [*SECTIONS[:1], *by_class, *SECTIONS[1:]]


def test_sections_without_groups_are_left_out() -> None:
    bare = msgspec.structs.replace(make_evaluation(), months=(), segments={"city": ()})
    assert "## By" not in _card(evaluation=bare)


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        (Task.BINARY, "Predicts the probability that `churn` is `yes`. Left within a month."),
        (Task.MULTICLASS, "Predicts which of 3 classes `plan` is."),
        (Task.REGRESSION, "Predicts `price` in EUR."),
    ],
)
def test_the_first_sentence_says_what_is_predicted(task: Task, sentence: str) -> None:
    assert sentence in _card(task)


def test_a_binary_card_says_where_yes_begins_and_how_often_it_is_right() -> None:
    assert "It answers `yes` from a score of 0.6 on (a test's)" in " ".join(_card().split())


@pytest.mark.parametrize("task", [Task.MULTICLASS, Task.REGRESSION])
def test_other_cards_have_no_threshold(task: Task) -> None:
    assert "from a score of" not in _card(task)


def test_a_regression_card_says_what_its_intervals_promise_and_what_they_held() -> None:
    measured = {"coverage": Metric(value=0.91, low=0.9, high=0.92), "interval_width": Metric(value=1.5)}
    evaluation = make_evaluation(Task.REGRESSION)
    card = _card(Task.REGRESSION, evaluation=msgspec.structs.replace(evaluation, metrics=evaluation.metrics | measured))
    assert "between which 90 % of the outcomes are to lie, as those of 100 validation rows did" in card
    assert "On the holdout 0.9100 (0.9000 to 0.9200) do, and an interval is 1.5000 (too few days" in card
    assert "EUR wide on average" in card
    assert "calibration" not in card
    assert "| Held by the interval | 0.9100 (0.9000 to 0.9200) |  |  |  |" in card


def test_a_regression_card_without_intervals_says_so() -> None:
    assert "100 validation rows are too few for one" in _card(Task.REGRESSION, intervals=None)


def test_classes_stand_with_their_figures_and_what_they_are_taken_for() -> None:
    card = _card(Task.MULTICLASS)
    assert "| class | rows | Precision | Recall | F1 |" in card
    assert re.search(r"\| `pro` \| \d+ \|( 0\.\d{4} \|){3}", card)
    assert re.search(r"Most often it takes `\w+` for `\w+` \(\d+ rows\), ", card)


def test_forty_classes_are_shown_at_most_and_the_rest_is_counted() -> None:
    classes = tuple(
        ClassFigures(name=f"c{number}", rows=number, precision=None, recall=0.5, f1=0.5) for number in range(60)
    )
    card = _card(Task.MULTICLASS, evaluation=msgspec.structs.replace(make_evaluation(Task.MULTICLASS), classes=classes))
    assert "| `c59` | 59 | not defined | 0.5000 | 0.5000 |" in card
    assert "`c19`" not in card
    assert "20 smaller classes are not shown." in card


@pytest.mark.parametrize("task", Task)
def test_the_model_stands_beside_its_baselines_and_members(task: Task) -> None:
    assert "|  | This model | Baseline: base rate | Baseline: linear | Member: linear |" in _card(task)


def test_what_to_send_is_a_row_per_feature() -> None:
    card = _card()
    assert "| `age` | 0 to 120 a | may be empty | Age of the customer. |" in card
    assert "| `city` | `Oslo`, `Rome` |  | Where they live. |" in card


def test_many_categories_are_counted() -> None:
    features = (CategoricalFeature(name="city", categories=tuple("abcdefgh")),)
    assert "`f` and 2 more" in _card(contract=Contract(features=features, target=make_contract().target))


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        (GateRecord(accepted=True, champion=None, compared_with="the base rate", reasons=("passed: a",)),
         "**Accepted**, compared with the base rate:\n\n- passed: a"),
        (GateRecord(accepted=False, champion=ModelTag(1, 2, 3), compared_with="model-v1.2.3", reasons=("failed: b",)),
         "**Refused**, compared with model-v1.2.3:\n\n- failed: b"),
    ],
    ids=["accepted", "refused"],
)  # fmt: skip
def test_the_gate_s_verdict_and_reasons_are_there(gate: GateRecord, words: str) -> None:
    assert words in _card(gate=gate)


def test_what_was_left_out_is_a_limit() -> None:
    assert "- 3 rows without an outcome were left out." in _card(notes=("3 rows without an outcome were left out",))


def test_the_weakest_group_is_a_limit() -> None:
    evaluation = make_evaluation()
    weak = Group(name="Bern", rows=100, metrics=evaluation.metrics | {"auc": Metric(value=0.51, low=0.4, high=0.6)})
    card = _card(evaluation=msgspec.structs.replace(evaluation, segments={"city": (weak,)}))
    assert "- Weakest for city Bern: AUC 0.5100 (0.4000 to 0.6000)." in card


def test_a_group_without_a_figure_is_not_the_weakest() -> None:
    evaluation = make_evaluation()
    undefined = Group(name="Bern", rows=100, metrics=evaluation.metrics | {"auc": UNDEFINED})
    card = _card(evaluation=msgspec.structs.replace(evaluation, segments={"city": (undefined,)}))
    assert "Weakest for city Bern" not in card
    assert "not defined" in card


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_a_linear_model_that_does_as_well_is_a_limit(task: Task, factor: float) -> None:
    evaluation = make_evaluation(task)
    name = "rmse" if task is Task.REGRESSION else "log_loss"
    linear = Metric(value=factor * known(evaluation.metrics[name])[1])
    baselines = {**evaluation.baselines, "linear": {**evaluation.baselines["linear"], name: linear}}
    card = _card(task, evaluation=msgspec.structs.replace(evaluation, baselines=baselines))
    assert ("A linear model does as well on the holdout" in card) is (factor < 1)


def test_forty_groups_are_shown_at_most_and_the_largest_are() -> None:
    evaluation = make_evaluation()
    groups = tuple(Group(name=f"g{number}", rows=100 + number, metrics=evaluation.metrics) for number in range(60))
    card = _card(evaluation=msgspec.structs.replace(evaluation, segments={"city": groups}))
    assert "| g59 | 159 |" in card
    assert "| g19 |" not in card


def test_the_summary_counts_the_rows_of_training_and_validation() -> None:
    assert "Trained on 200 rows, 2026-01-01 to 2026-03-01." in _card()


def test_the_lineage_names_commit_data_and_libraries() -> None:
    card = _card()
    assert f"| code | `{'0' * 40}` |" in card
    assert f"| data SHA-256 | `{'1' * 64}` |" in card
    assert "| training rows | 100, 2026-01-01 to 2026-03-01 |" in card


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_the_data_adds_no_markdown(text: str) -> None:
    assert _structure(_hostile_card(text)) == _structure(_hostile_card("plain"))


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_the_data_adds_no_html(text: str) -> None:
    page, plain = (_Page(card_page(_hostile_card(value), {}, value)) for value in (text, "plain"))
    assert page.tags == plain.tags
    assert page.attributes == plain.attributes


@pytest.mark.parametrize("text", ["a | b", "**bold**", "back\\slash", "<b>"])
def test_text_from_the_data_is_still_readable(text: str) -> None:
    card = _card(notes=(text,))
    assert f"{text}." in _Page(card_page(card, {}, "title")).text


def test_the_page_holds_its_plots() -> None:
    page = _Page(card_page(_card(), {"card-scores.svg": b"<svg/>"}, "title"))
    assert ("src", "data:image/svg+xml;base64,PHN2Zy8+") in page.attributes


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = _Page(card_page(_card(), {"card-scores.svg": b"<svg/>"}, "title"))
    assert {"script", "link", "iframe"}.isdisjoint(page.tags)
    assert not [value for name, value in page.attributes if name in {"href", "src"} and "://" in str(value)]


def test_intervals_say_what_was_resampled() -> None:
    assert "resampling whole days." in _card()
    lineage = msgspec.structs.replace(make_manifest(make_contract()).lineage, holdout=Window(rows=100))
    assert "resampling single rows." in _card(lineage=lineage)

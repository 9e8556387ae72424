"""What README.md says of a user's own table: what is predicted, and how to ask for it."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template
from typing import Final

from core.contract import CategoricalFeature, Contract, Feature, Row, Task
from core.snippets import predict_snippets
from ml.card import plain

MOST_COLUMNS: Final = 40
_TEMPLATE: Final = Path(__file__).with_suffix(".md")
_URL: Final = "http://127.0.0.1:8000"
_ANSWERS: Final = {
    Task.BINARY: "the `label`, its probability as `score`",
    Task.MULTICLASS: "the `label`, the probability of each class as `scores`",
    Task.REGRESSION: "the `value`",
}


def describe_own_table(contract: Contract) -> str:
    """
    A passage of Markdown with the same request in curl, Python and JavaScript.

    A table of more than `MOST_COLUMNS` columns has none of them, as it would fill the page.
    """
    target = contract.target
    classes = f" ({' or '.join(map(plain, target.classes))})" if target.task is Task.BINARY else ""
    what = f"*{plain(target.name)}*{classes}" + (f": {plain(target.description)}" if target.description else "")
    if len(contract.features) > MOST_COLUMNS:
        columns = f"A request has {len(contract.features)} columns: `/docs` of the service shows it."
        return f"This service predicts {what.rstrip('.')}. {columns}"
    shown = predict_snippets(sample_row(contract), _URL, needs_key=False)
    text = Template(_TEMPLATE.read_text()).substitute(
        what=what.rstrip("."),
        curl=shown.curl,
        python=shown.python,
        javascript=shown.javascript,
        answer=_ANSWERS[target.task],
    )
    return _with_long_fences(text, shown.curl + shown.python + shown.javascript).strip()


def sample_row(contract: Contract) -> Row:
    """A row that the contract takes: the first category of each text, the middle of each number's range."""
    return {feature.name: _sample(feature) for feature in contract.features}


def _sample(feature: Feature) -> float | str:
    if isinstance(feature, CategoricalFeature):
        return feature.categories[0]
    middle = feature.low / 2 + feature.high / 2
    short = float(f"{middle:.3g}")
    value = short if feature.low <= short <= feature.high else middle
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _with_long_fences(text: str, code: str) -> str:
    """Fences that no text of a category can end."""
    longest = max((len(run) for run in re.findall("`+", code)), default=0)
    return re.sub(r"^```(?=\w*$)", "`" * max(3, longest + 1), text, flags=re.MULTILINE)

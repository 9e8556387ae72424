"""What README.md says of a table of one's own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import CategoricalFeature, NumericFeature, Task
from core.encoder import Encoder
from example.own_table import MOST_COLUMNS, describe_own_table, sample_row
from tests.factories import make_contract

BOUNDS = st.floats(-1e38, 1e38)


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        (Task.BINARY, "predicts *churn* (no or yes): Left within a month."),
        (Task.MULTICLASS, "predicts *plan*."),
        (Task.REGRESSION, "predicts *price*."),
    ],
)
def test_it_names_the_target_and_shows_the_request_in_three_ways(task: Task, sentence: str) -> None:
    text = describe_own_table(make_contract(task))
    assert text.startswith(f"This service {sentence}\n")
    for fence in ("```sh\ncurl", "```python\nimport requests", "```js\nconst row"):
        assert fence in text
    assert text.count('"age": 60') == 2
    assert "'age': 60" in text


@given(st.tuples(BOUNDS, BOUNDS).map(sorted).filter(lambda pair: pair[0] < pair[1]))
def test_the_row_that_is_shown_is_one_that_the_contract_takes(bounds: list[float]) -> None:
    low, high = bounds
    contract = replace(make_contract(), features=(NumericFeature(name="a", low=low, high=high),))
    row = sample_row(contract)
    assert low <= float(row["a"] or 0) <= high
    assert Encoder(contract).rows([row]).shape == (1, 1)


def test_a_text_of_the_table_ends_no_fence_and_is_no_markup() -> None:
    evil = CategoricalFeature(name="c", categories=("```\n<script>",))
    contract = make_contract()
    target = replace(contract.target, description="<b>``` *x*")
    text = describe_own_table(replace(contract, features=(evil,), target=target))
    assert text.count("````sh\n") == text.count("````python\n") == text.count("````js\n") == 1
    assert "\\<b\\>\\`\\`\\` \\*x\\*" in text


def test_a_wide_table_is_shown_elsewhere() -> None:
    wide = tuple(NumericFeature(name=f"n{place}", low=0, high=1) for place in range(MOST_COLUMNS + 1))
    text = describe_own_table(replace(make_contract(), features=wide))
    assert text.endswith("A request has 41 columns: `/docs` of the service shows it.")
    assert "```" not in text

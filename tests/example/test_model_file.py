"""The example's model.toml: what its contract asks for, and what drift looks at."""

from __future__ import annotations

from core.contract import Task
from core.drift_policy import DriftPolicy, read_policy_file
from ml.problem import read_problem
from tests.commands import ROOT

FILE = ROOT / "model.toml"


def test_the_contract_is_binary_and_asks_for_twenty_fields() -> None:
    contract = read_problem(FILE).contract
    assert contract.target.task is Task.BINARY
    assert len(contract.features) == 20


def test_delays_are_known_within_a_day() -> None:
    assert read_policy_file(FILE) == DriftPolicy(outcome_days=1, segments=("carrier", "origin"))

"""What a person wishes of a table, and what was decided of it: values that the other modules pass on."""

from __future__ import annotations

from dataclasses import dataclass

from core.contract import Contract, Feature, Target, Task
from ml.datasets.form import TableForm


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """
    What a person said on the command line.

    Attributes:
        target: The column to predict.
        task: How to read it; None to decide by its values.
        positive: The value whose probability is predicted; None for the likelier reading.
        time_column: When each row happened; None to look for it.
        drop: Columns to leave out.
        keep: Columns to keep although they look like an identifier, a copy or a leak.
    """

    target: str
    task: Task | None = None
    positive: str | None = None
    time_column: str | None = None
    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetDecision:
    """
    What is predicted.

    Attributes:
        target: As in the contract.
        reason: How the task was told, in a sentence.
        rows: That have an outcome and are trained on.
        classes: Each class with its rows, in the contract's order; empty for regression.
        span: The smallest and the largest value of a regression; None for classes.
        left_out: Values with too few rows, and how many each has.
        remarks: What to look at, in sentences.
    """

    target: Target
    reason: str
    rows: int
    classes: tuple[tuple[str, int], ...] = ()
    span: tuple[float, float] | None = None
    left_out: tuple[tuple[str, int], ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class FeatureDecision:
    """
    A column that is kept.

    Attributes:
        feature: As in the contract.
        reason: What the column holds, and so why it is this, in sentences.
        missing: Rows without a value.
        faulty: Rows whose value does not read as a number; they are not trained on.
        strength: How well it alone predicts the outcome, by the measure of the task; None if that was not measured.
        remarks: What to look at, in sentences that name the column.
    """

    feature: Feature
    reason: str
    missing: int = 0
    faulty: int = 0
    strength: float | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """A column that is not kept, and why, in a sentence; `is_leak` if it tells the outcome."""

    name: str
    reason: str
    is_leak: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeDecision:
    """Which column says when a row happened (None for none), how it is written, and why it was chosen."""

    name: str | None
    form: str
    reason: str
    span: tuple[str, str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Decisions:
    """
    A table, decided.

    Attributes:
        target: What is predicted.
        features: Columns that are kept, in the table's order.
        left_out: Columns that are not, in the table's order.
        time: When rows happened.
        form: How the table is written, the time column included.
        shares: Of the rows, in percent: the holdout and the validation rows.
        max_faulty_share: As in model.toml.
        segments: Features by whose groups the gate judges.
        trials: As in model.toml.
        remarks: What to look at, in sentences, the weightiest first.
    """

    target: TargetDecision
    features: tuple[FeatureDecision, ...]
    left_out: tuple[LeftOut, ...]
    time: TimeDecision
    form: TableForm
    shares: tuple[int, int]
    max_faulty_share: float
    segments: tuple[str, ...]
    trials: int
    remarks: tuple[str, ...]

    @property
    def contract(self) -> Contract:
        """What callers send and the model answers."""
        return Contract(features=tuple(each.feature for each in self.features), target=self.target.target)

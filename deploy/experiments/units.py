"""What an experiment is judged by: how many rows each subject had in which arm, and what they lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, slots=True)
class Units:
    """
    One entry a subject and phase; a phase is a time in which the challenger's share stayed the same.

    Attributes:
        phase: Counted from 0; shape (n,).
        subject: Its number; whoever was there in several phases has several entries of one number; shape (n,).
        is_challenger: The arm that it was assigned to; shape (n,).
        rows: Whose outcome is known; shape (n,).
        loss: Their losses, added up; shape (n,).
    """

    phase: NDArray[np.int64]
    subject: NDArray[np.int64]
    is_challenger: NDArray[np.bool_]
    rows: NDArray[np.float64]
    loss: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.phase)

    def chosen(self, mask: NDArray[np.bool_]) -> Units:
        """The entries where the mask, of shape (n,), is true."""
        return Units(
            phase=self.phase[mask],
            subject=self.subject[mask],
            is_challenger=self.is_challenger[mask],
            rows=self.rows[mask],
            loss=self.loss[mask],
        )

    @property
    def phases(self) -> int:
        """How many there are."""
        return int(self.phase.max()) + 1 if len(self) else 0

    def subjects(self, *, of_challenger: bool) -> int:
        """How many different ones an arm has whose rows have outcomes."""
        return len(np.unique(self.subject[(self.is_challenger == of_challenger) & (self.rows > 0)]))

    def largest_share(self, *, of_challenger: bool) -> float:
        """The share of an arm's rows that its most frequent subject has, from 0 to 1."""
        mine = self.is_challenger == of_challenger
        by_subject = np.bincount(self.subject[mine], weights=self.rows[mine])
        total = by_subject.sum()
        return float(by_subject.max() / total) if total else 0.0

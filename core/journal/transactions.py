"""What a store in a database can do for its parts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

T = TypeVar("T")


class Transactions(ABC):
    """A database in which something is done whole or not at all."""

    # Stands for a value in a statement.
    _MARK: ClassVar[str]

    @abstractmethod
    def _run(self, act: Callable[[Any], T]) -> T:
        """Run something in a transaction of a connection."""

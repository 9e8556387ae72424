"""Who is answered by which model: the champion, or a challenger for a share of the subjects."""

from __future__ import annotations

import time
from copy import copy
from dataclasses import dataclass
from functools import partial

import structlog

from app.decoder import Columns
from app.helper import Helper, HelperBusy
from app.served_model import Answer, Scored, ServedModel
from app.settings import ServiceSettings
from core.contract import Contract
from core.errors import Fault, SettingsError
from core.experiment import Arm, Fallback, arm_of, position
from core.registry import ModelRegistry
from core.tags import ModelTag

# The budget is for so many rows.
_BUDGET_ROWS = 1_000
_LOG = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """
    Rows that were scored, and by whom.

    Attributes:
        tag: Of the model that scored them.
        arm: That the request was assigned to.
        fallback: Why the champion scored them although they were the challenger's.
        scored: What came of it.
    """

    tag: str
    arm: Arm
    fallback: Fallback | None
    scored: Scored

    def single(self, row: str, *, shows_members: bool = False) -> Answer:
        """The answer to the only row, under this id."""
        (answer,) = self.scored.answers([row], shows_members=shows_members)
        return self.named(answer)

    def named(self, answer: Answer) -> Answer:
        """An answer that says by whom it was given."""
        answer.model_tag, answer.arm = self.tag, self.arm
        return answer


class Challenger:
    """A model that answers a share of the subjects, as long as it does so in time."""

    def __init__(self, model: ServedModel, *, share: float, budget_s: float) -> None:
        """
        Args:
            model: Verified, and of the champion's contract (see `contract_fault`).
            share: Of the subjects, from 0 to 1.
            budget_s: For every thousand rows that were begun, so long it may take.
        """
        self.model, self.share, self._budget_s = model, share, budget_s
        self._tag = ModelTag.parse(model.tag)
        self._helper = Helper("challenger")

    def with_share(self, share: float) -> Challenger:
        """The same with another share."""
        other = copy(self)
        other.share = share
        return other

    def arm(self, key: bytes, subject: str) -> Arm:
        """Whose a subject is."""
        return arm_of(position(key, self._tag, subject), self.share)

    def score(self, columns: Columns) -> Scored | Fallback:
        """What it makes of the rows, or why it does not."""
        parts = -(-columns.count // _BUDGET_ROWS)
        began = time.perf_counter()
        try:
            return self._helper.ask(partial(self.model.score, columns), within_s=self._budget_s * parts)
        except HelperBusy:
            return Fallback.BUSY
        except TimeoutError:
            _LOG.error("the challenger is too slow", challenger=self.model.tag, seconds=time.perf_counter() - began)
            return Fallback.SLOW
        except Exception as error:  # noqa: BLE001  # a graph fails in ways of its own
            _LOG.error("the challenger cannot score", challenger=self.model.tag, problem=f"{error}")
            return Fallback.FAILED


class Arms:
    """The models of one process."""

    def __init__(self, champion: ServedModel, challenger: Challenger | None, *, key: bytes) -> None:
        """
        Args:
            champion: Answers whoever is not the challenger's.
            challenger: None where there is no experiment.
            key: By which subjects are assigned.
        """
        self.champion, self.challenger, self._key = champion, challenger, key

    @property
    def has_key(self) -> bool:
        """Whether subjects can be assigned."""
        return bool(self._key)

    def score(self, columns: Columns, subject: str | None) -> Answered:
        """
        Score rows that keep the contract.

        Args:
            columns: At least one row.
            subject: Whom the request is about; a request without one belongs to no experiment, and so to the champion.
        """
        # Another thread may set another challenger meanwhile.
        challenger = self.challenger
        if challenger is None or subject is None or challenger.arm(self._key, subject) is Arm.CHAMPION:
            return self._by_champion(columns, Arm.CHAMPION, None)
        found = challenger.score(columns)
        if isinstance(found, Fallback):
            return self._by_champion(columns, Arm.CHALLENGER, found)
        return Answered(tag=challenger.model.tag, arm=Arm.CHALLENGER, fallback=None, scored=found)

    def _by_champion(self, columns: Columns, arm: Arm, fallback: Fallback | None) -> Answered:
        scored = self.champion.score(columns)
        return Answered(tag=self.champion.tag, arm=arm, fallback=fallback, scored=scored)


def load_challenger(registry: ModelRegistry, champion: ServedModel, settings: ServiceSettings) -> Challenger | None:
    """
    Fetch, verify and try the challenger that the settings name; None if they name none.

    Raises:
        SlipwayError: as `load_beside` says.
    """
    if settings.challenger_tag is None:
        return None
    model = load_beside(registry, champion, settings.challenger_tag, "CHALLENGER_TAG")
    return Challenger(model, share=settings.challenger_share, budget_s=settings.challenger_budget_ms / 1000)


def load_beside(registry: ModelRegistry, champion: ServedModel, tag: ModelTag, variable: str) -> ServedModel:
    """
    Fetch, verify and try a model that is to answer what the champion is asked.

    Args:
        registry: Where it is published.
        champion: The model that is served.
        tag: Of the other one.
        variable: Of the environment, that names it.

    Raises:
        SettingsError: if it takes or gives something else.
        SlipwayError: if it cannot be served, as `ServedModel.load` says.
    """
    model = ServedModel.load(registry, tag)
    fault = contract_fault(champion.contract, model.contract)
    if fault is not None:
        problem = f"{model.tag} cannot answer what {champion.tag} is asked: {fault}"
        raise SettingsError("environment", [Fault(place=variable, problem=problem)])
    return model


def contract_fault(champion: Contract, challenger: Contract) -> str | None:
    """Why the one cannot answer what is asked of the other, as a clause; None if it can."""
    if champion.target != challenger.target:
        return "it predicts something else"
    if champion.names != challenger.names:
        odd = sorted(set(champion.names) ^ set(challenger.names))
        return f"only one of them has the feature {odd[0]}" if odd else "its features are in another order"
    for mine, other in zip(champion.features, challenger.features, strict=True):
        if type(mine) is not type(other):
            return f"feature {mine.name} is of another kind there"
        if mine.nullable and not other.nullable:
            return f"feature {mine.name} may not be missing there"
    return None

"""GET and PUT /v1/experiment: the challenger beside the champion, and how it is to be judged."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response

from app.arms import Arms
from app.body import JSON, read_body
from app.errors import InputFault, InvalidInput, Problem
from app.experiments import Experiments
from app.intake import read_json, shortened
from core.documents import from_json, to_json
from core.errors import BundleRefused, ManifestError, RegistryError, SettingsError
from core.experiment import Experiment
from core.tags import ModelTag

_FIXED: Final = (
    "CHALLENGER_TAG of the service says what its challenger is; take it away to start experiments from outside"
)


def blueprint(arms: Arms, experiments: Experiments | None) -> Blueprint:
    """
    The routes.

    Args:
        arms: Of this process.
        experiments: What follows what is sent; None where the environment fixes the challenger.
    """
    routes = Blueprint("experiment", __name__)

    @routes.get("/v1/experiment")
    def show() -> Response:
        challenger = arms.challenger
        answer = {
            "experiment": experiments.current if experiments else None,
            "model_tag": arms.champion.tag,
            "challenger": challenger.model.tag if challenger else None,
            "share": challenger.share if challenger else 0.0,
            "problem": experiments.problem if experiments else "",
        }
        return Response(to_json(answer), content_type=JSON)

    @routes.put("/v1/experiment")
    def keep() -> Response:
        if experiments is None:
            return Problem(409, "Conflict", _FIXED).response()
        experiment = _checked(read_body())
        if experiment.champion != ModelTag.parse(arms.champion.tag) and not experiment.ended:
            detail = f"{arms.champion.tag} serves here, not {experiment.champion}"
            return Problem(409, "Conflict", detail).response()
        if experiment.challenger == experiment.champion:
            raise InvalidInput([InputFault(field="challenger", problem="takes another tag than champion")])
        if not arms.has_key and not experiment.ended:
            detail = "SUBJECT_KEY is not set, by which subjects are assigned"
            return Problem(409, "Conflict", detail).response()
        try:
            experiments.keep(experiment)
        except SettingsError as error:
            raise InvalidInput(InputFault(field="challenger", problem=each.problem) for each in error.faults) from error
        except (RegistryError, BundleRefused) as error:
            raise InvalidInput([InputFault(field="challenger", problem=shortened(str(error)))]) from error
        return show()

    return routes


def _checked(body: bytes) -> Experiment:
    read_json(body)
    try:
        return from_json(body, Experiment, source="body")
    except ManifestError as error:
        raise InvalidInput(
            InputFault(field=shortened(fault.place), problem=shortened(fault.problem)) for fault in error.faults
        ) from error

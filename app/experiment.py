"""GET and PUT /v1/experiment: the challenger beside the champion, and how it is to be judged."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from apispec import APISpec
from flask import Blueprint, Response

from app.arms import Arms
from app.body import JSON, read_body
from app.errors import Problem
from app.experiments import Experiments
from app.intake import read_document, read_json
from app.operations import get, post, problem, ref
from core.documents import to_json
from core.errors import BundleRefused, RegistryError, SettingsError
from core.experiment import Experiment
from core.tags import TAG_PATTERN, ModelTag

PATH: Final = "/v1/experiment"
EXAMPLE: Final[dict[str, Any]] = {
    "champion": "model-v1.0.0",
    "challenger": "model-v1.1.0",
    "policy": {"loss": "brier"},
    "champion_loss": 0.2,
    "phases": [{"share": 0.1, "since": "2026-11-26T06:00:00Z"}],
}
# Up to here every whole number has a float of its own.
_EXACT: Final = 2**53
_FIXED: Final = (
    "CHALLENGER_TAG of the service says what its challenger is; take it away to start experiments from outside"
)


def blueprint(arms: Arms, experiments: Experiments) -> Blueprint:
    """
    The routes.

    Args:
        arms: Of this process.
        experiments: What follows what is sent.
    """
    routes = Blueprint("experiment", __name__)

    @routes.get(PATH)
    def show() -> Response:
        # Another process may have kept another one.
        experiments.look()
        challenger = arms.challenger
        answer = {
            "experiment": experiments.current,
            "model_tag": arms.champion.tag,
            "challenger": challenger.model.tag if challenger else None,
            "share": challenger.share if challenger else 0.0,
            "problem": experiments.problem,
        }
        return Response(to_json(answer), content_type=JSON)

    @routes.put(PATH)
    def keep() -> Response:
        experiment = read_document(msgspec.json.encode(_whole(read_json(read_body()))), Experiment)
        experiments.look()
        if experiments.fixed and not _is_reading(experiment, experiments.current):
            return Problem(409, "Conflict", _FIXED).response()
        if experiment.champion != ModelTag.parse(arms.champion.tag) and not experiment.ended:
            detail = f"{arms.champion.tag} serves here, not {experiment.champion}"
            return Problem(409, "Conflict", detail).response()
        if experiment.challenger == experiment.champion:
            return Problem(409, "Conflict", "a challenger is another tag than the champion").response()
        if not arms.has_key and not experiment.ended:
            detail = "SUBJECT_KEY is not set, by which subjects are assigned"
            return Problem(409, "Conflict", detail).response()
        try:
            experiments.keep(experiment)
        except (SettingsError, RegistryError, BundleRefused) as error:
            # What was sent is right by itself, but not for what is published here.
            return Problem(409, "Conflict", str(error)).response()
        return show()

    return routes


def _whole(value: Any) -> Any:
    """JSON has one kind of number: 60.0 is as whole as 60."""
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT else value


def _is_reading(experiment: Experiment, known: Experiment | None) -> bool:
    """Whether nothing is new but what was read off, so that who is answered by whom stays as it is."""
    return known is not None and experiment.ended is None and _of(experiment) == _of(known)


def _of(experiment: Experiment) -> tuple[object, ...]:
    return experiment.champion, experiment.challenger, experiment.phases


def describe(spec: APISpec) -> None:
    """The routes in the OpenAPI document."""
    _, schemas = msgspec.json.schema_components([Experiment], schema_hook=_tag, ref_template=ref("{name}")["$ref"])
    for name, schema in schemas.items():
        spec.components.schema(name, component=schema)
    state = {
        "type": "object",
        "required": ["experiment", "model_tag", "challenger", "share", "problem"],
        "properties": {
            "experiment": {"anyOf": [ref("Experiment"), {"type": "null"}]},
            "model_tag": {"type": "string", "description": "Of the champion that serves."},
            "challenger": {"type": ["string", "null"], "description": "The tag that has a share of the subjects."},
            "share": {"type": "number", "minimum": 0, "maximum": 1},
            "problem": {"type": "string", "description": "Why the experiment is not followed; empty if it is."},
        },
    }
    spec.components.schema("ExperimentState", component=state)
    shown = get("The challenger beside the champion, and how it is judged.", JSON)
    shown["responses"]["200"]["content"][JSON]["schema"] = ref("ExperimentState")
    kept = post("Begin, change or end an experiment.", ["Experiment"], {"experiment": EXAMPLE}, ["ExperimentState"])
    kept["responses"]["409"] = problem(
        "Another champion serves, the challenger cannot serve here, or the environment fixes it."
    )
    spec.path(PATH, operations={"get": shown, "put": kept})


def _tag(kind: type[Any]) -> dict[str, Any]:
    if kind is ModelTag:
        return {"type": "string", "pattern": TAG_PATTERN, "examples": ["model-v1.4.0"]}
    raise NotImplementedError(f"{kind.__name__} has no schema")

"""The models that answered: what drift has to know of each, out of its bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from core.bundle import REFERENCE_NAME, Bundle
from core.errors import CorruptArtifact, ManifestError, NothingPublished, UnknownTag, UnsupportedFormat
from core.intervals import Band
from core.manifest import Intervals, Metric
from core.registry import ModelRegistry
from core.tags import ModelTag, is_tag
from drift.counts import Profile

# Written by the training, and for reading only: a bundle without it is whole.
_EVALUATION_NAME = "evaluation.json"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Model:
    """
    A model that answered rows.

    Attributes:
        tag: Of its bundle.
        profile: Its reference, unpacked.
        reference_sha256: Of the reference's bytes; counts are of use beside the same reference only.
        threshold: Of a binary answer; None for other tasks.
        band: Of its intervals; None for other tasks than regression, and where it has none.
        baseline: Its figures on the holdout; of the coverage of intervals what is expected, which is the promised share
            of outcomes, or that of the holdout where it was less.
        segment_baselines: The same by column and category, where they are known.
    """

    tag: str
    profile: Profile
    reference_sha256: str
    threshold: float | None
    band: Band | None
    baseline: Mapping[str, Metric]
    segment_baselines: Mapping[tuple[str, str], Mapping[str, Metric]]


@dataclass(kw_only=True, slots=True)
class Models:
    """
    Finds models by the tag that rows carry, each fetched once.

    Attributes:
        registry: Where they are published.
        problems: By tag, why it could not be found, in a sentence.
    """

    registry: ModelRegistry
    problems: dict[str, str] = field(default_factory=dict)
    _found: dict[str, Model | None] = field(default_factory=dict)

    def find(self, tag: str) -> Model | None:
        """
        A model; None if there is none, and then `problems` says why.

        Raises:
            NothingPublished: if the registry holds no model at all, as it is the wrong one then.
            SlipwayError: if it cannot be asked, so that nobody knows what it holds.
        """
        if tag not in self._found:
            self._found[tag] = self._look_for(tag)
        return self._found[tag]

    def _look_for(self, tag: str) -> Model | None:
        if not is_tag(tag):
            self.problems[tag] = "that is not a model's tag, which looks like model-v1.4.0"
            return None
        try:
            return _model(tag, self.registry.fetch(ModelTag.parse(tag)))
        except UnknownTag as error:
            if not error.known:
                raise NothingPublished(str(self.registry)) from error
            self.problems[tag] = f"it is not in the registry {self.registry}"
        except (CorruptArtifact, ManifestError, UnsupportedFormat) as error:
            self.problems[tag] = " ".join(str(error).split())
        return None


def _model(tag: str, bundle: Bundle) -> Model:
    manifest = bundle.manifest
    try:
        profile = Profile.of(bundle.contract, bundle.reference())
    except ValueError as error:
        raise CorruptArtifact(bundle.directory / REFERENCE_NAME, str(error)) from error
    return Model(
        tag=tag,
        profile=profile,
        reference_sha256=manifest.files[REFERENCE_NAME].sha256,
        threshold=manifest.threshold.value if manifest.threshold else None,
        band=Band.of(manifest.intervals) if manifest.intervals else None,
        baseline=_expected(manifest.metrics, manifest.intervals),
        segment_baselines={
            place: _expected(metrics, manifest.intervals)
            for place, metrics in _segment_metrics(bundle.files.get(_EVALUATION_NAME)).items()
        },
    )


def _expected(metrics: dict[str, Metric], intervals: Intervals | None) -> dict[str, Metric]:
    coverage = metrics.get("coverage")
    if intervals is None or coverage is None or coverage.value is None:
        return metrics
    return metrics | {"coverage": Metric(value=min(coverage.value, intervals.level))}


class _Group(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    metrics: dict[str, Metric]


class _Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    segments: dict[str, list[_Group]]


def _segment_metrics(content: bytes | None) -> dict[tuple[str, str], dict[str, Metric]]:
    """By column and category; nothing of a bundle whose training wrote it otherwise."""
    try:
        evaluation = msgspec.json.decode(content or b"", type=_Evaluation)
    except msgspec.DecodeError:
        return {}
    return {(column, group.name): group.metrics for column, groups in evaluation.segments.items() for group in groups}

"""One training from data to candidate: gather, fit, judge, write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from core.bundle import CARD_NAME, CARD_PAGE_NAME, GOLDEN_NAME, REFERENCE_NAME, Bundle, file_record
from core.documents import to_json, to_json_line
from core.manifest import GateRecord, Intervals, Lineage, Manifest, Metric
from core.scorer import Scorer
from core.tags import ModelTag
from ml import candidate, champion
from ml.card import card_page, write_card
from ml.evaluation import Evaluation, evaluate
from ml.gate import Coverage, Verdict
from ml.lineage import changes_since, git_state, library_versions, settings_digest, window
from ml.members import THREADS, rows_note
from ml.plots import draw_plots
from ml.problem import Problem
from ml.progress import Progress
from ml.reference import build_reference
from ml.settings import TrainingSettings
from ml.split import Split, split
from ml.tracking import track
from ml.training import TrainedEnsemble, train_ensemble
from ml.versions import choose_tag, require_newer, required_bump

EVALUATION_NAME = "evaluation.json"
_CODE = Path(__file__).resolve().parent


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """
    What to train.

    Attributes:
        problem: What model.toml says.
        as_of: The replay clock.
        tag: One to insist on.
        now: The moment that goes into the manifest.
        only_if_new: Whether nothing is done where the newest published model was made from the same.
    """

    problem: Problem
    as_of: date | None
    tag: ModelTag | None
    now: datetime
    only_if_new: bool = False


class NothingNew(Exception):
    """The newest published model was made from the same data and settings, and would come out the same."""

    def __init__(self, newest: Manifest) -> None:
        self.newest = newest
        super().__init__(f"{newest.tag} was made from the same data and settings")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """A finished training: the candidate, and one sentence on where its W&B run is."""

    bundle: Bundle
    tracked: str


def run(request: Request, settings: TrainingSettings, progress: Progress) -> Outcome:
    """
    Train, judge and write a candidate.

    Raises:
        SlipwayError: if the data, the registry or the wanted tag do not allow it; the old candidate then stays.
        NothingNew: if that is asked for and nothing is new.
    """
    problem, contract = request.problem, request.problem.contract
    published = _look_up(settings, request.tag)
    with progress.step("Reading the data"):
        parts = read_parts(problem, request.as_of)
    if request.only_if_new and published.newest is not None and _is_known(published.newest, request, parts):
        raise NothingNew(published.newest.manifest)
    for note in (*parts.train.notes, *rows_note(len(parts.fitted))):
        progress.say(f"  note: {note}")
    trained = train_ensemble(parts, contract, problem.training, progress)
    with progress.step("Exporting to ONNX"):
        graphs = candidate.export_ensemble(trained, contract)
        scorer = graphs.scorer(trained, contract)
    tag = _choose_tag(request, published, trained, graphs)
    with progress.step("Evaluating on the holdout"):
        evaluation = evaluate(
            scorer,
            tuple(trained.members),
            parts,
            contract,
            segments=problem.gate.segments,
            threshold=trained.threshold.value if trained.threshold else 0.5,
            seed=problem.training.seed,
            intervals=trained.intervals,
        )
    with progress.step("Judging against the champion"):
        verdict, latency = champion.judge(
            scorer,
            contract,
            parts,
            problem,
            calibration_error=calibration_error(evaluation.metrics),
            current=published.champion,
            coverage=coverage(evaluation.metrics, trained.intervals),
        )
    if latency is not None:
        progress.say(f"  one row takes {latency.challenger_ms:.2f} ms, {latency.ratio:.1f} times the champion's time")
    work = _Work(
        parts=parts,
        trained=trained,
        graphs=graphs,
        scorer=scorer,
        tag=tag,
        evaluation=evaluation,
        gate=GateRecord(
            accepted=verdict.is_accepted,
            champion=published.champion.manifest.tag if published.champion else None,
            compared_with=verdict.champion,
            reasons=reasons(verdict),
        ),
    )
    with progress.step("Writing the candidate"):
        bundle = _write(request, settings, work)
    with progress.step("Recording the run in W&B"):
        tracked = track(bundle, evaluation, verdict, latency, settings.wandb)
    return Outcome(bundle=bundle, tracked=tracked)


def _is_known(newest: Bundle, request: Request, parts: Split) -> bool:
    """Whether a bundle was made from what is to be trained on; the code may differ."""
    lineage = newest.manifest.lineage
    made = lineage.train, lineage.validation, lineage.holdout
    now = window(parts.train), window(parts.validation), window(parts.holdout)
    return made == now and not changes_since(newest.manifest, request.problem, parts.train.sha256, request.as_of)


def _choose_tag(
    request: Request, published: _Published, trained: TrainedEnsemble, graphs: candidate.Graphs
) -> ModelTag:
    bump = required_bump(
        published.newest,
        request.problem.contract,
        graphs.members,
        trained.calibration,
        trained.threshold,
        {name: file_record(content) for name, content in graphs.files.items()},
        intervals=trained.intervals,
    )
    return choose_tag(published.tags, bump=bump, wanted=request.tag)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Work:
    """What a training has made so far."""

    parts: Split
    trained: TrainedEnsemble
    graphs: candidate.Graphs
    scorer: Scorer
    tag: ModelTag
    evaluation: Evaluation
    gate: GateRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class _Published:
    """What the registry and the ledger held when the training began."""

    tags: list[ModelTag]
    newest: Bundle | None
    champion: Bundle | None


def _look_up(settings: TrainingSettings, wanted: ModelTag | None) -> _Published:
    """Read the registry before minutes are spent on a model that it could not take."""
    candidate.require_ours(settings.candidate)
    tags = settings.registry.tags()
    if wanted is not None:
        require_newer(tags, wanted)
    return _Published(
        tags=tags,
        newest=settings.registry.fetch(tags[-1]) if tags else None,
        champion=champion.find_champion(settings.registry, settings.ledger),
    )


def read_parts(problem: Problem, as_of: date | None) -> Split:
    """
    The problem's data, cut into training, validation and holdout.

    Raises:
        DatasetError: if they cannot be read, do not fit the contract, or are too few.
    """
    return split(
        problem.load(as_of),
        validation=problem.validation,
        holdout=problem.holdout,
        task=problem.contract.target.task,
    )


def calibration_error(metrics: Mapping[str, Metric]) -> float | None:
    """The gate's figure; None for regression."""
    return metrics["calibration_error"].value if "calibration_error" in metrics else None


def coverage(metrics: Mapping[str, Metric], intervals: Intervals | None) -> Coverage | None:
    """What the gate asks of intervals; None where the model has none."""
    return Coverage(found=metrics["coverage"], level=intervals.level) if intervals else None


def reasons(verdict: Verdict) -> tuple[str, ...]:
    """The gate's findings as sentences."""
    return tuple(f"{'passed' if finding.passed else 'failed'}: {finding.text}" for finding in verdict.findings)


def _manifest(request: Request, work: _Work) -> Manifest:
    commit, is_dirty = git_state(_CODE)
    plan, parts, trained = request.problem.training, work.parts, work.trained
    return Manifest(
        tag=work.tag,
        created_at=request.now,
        contract=request.problem.contract.to_dict(),
        members=work.graphs.members,
        calibration=trained.calibration,
        threshold=trained.threshold,
        intervals=trained.intervals,
        metrics=work.evaluation.metrics,
        gate=work.gate,
        lineage=Lineage(
            git_commit=commit,
            git_dirty=is_dirty,
            data_sha256=parts.train.sha256,
            settings_sha256=settings_digest(request.problem),
            as_of=None if request.as_of is None else request.as_of.isoformat(),
            train=window(parts.train),
            validation=window(parts.validation),
            holdout=window(parts.holdout),
            holdout_cuts=parts.holdout_cuts,
            seed=plan.seed,
            trials=plan.trials,
            threads=THREADS,
            parameters=trained.parameters,
            libraries=library_versions(),
        ),
        files={},
    )


def _write(request: Request, settings: TrainingSettings, work: _Work) -> Bundle:
    contract, holdout = request.problem.contract, work.parts.holdout
    manifest = _manifest(request, work)
    plots = draw_plots(work.evaluation, contract.target)
    notes = (*holdout.notes, *rows_note(len(work.parts.fitted)))
    card = write_card(manifest, contract, work.evaluation, list(plots), notes)
    importances = {each.feature: each.loss_increase_percent for each in work.evaluation.importances}
    reference = build_reference(work.parts, work.scorer.opinions, contract, importances)
    files = {
        **work.graphs.files,
        **plots,
        GOLDEN_NAME: to_json(candidate.choose_golden(holdout, work.scorer)),
        REFERENCE_NAME: to_json_line(reference),
        EVALUATION_NAME: to_json(work.evaluation),
        CARD_NAME: card.encode(),
        CARD_PAGE_NAME: card_page(card, plots, str(work.tag)).encode(),
    }
    return candidate.write_candidate(
        settings.candidate,
        manifest,
        files,
        holdout=holdout,
        trained_scores=work.trained.score(holdout.matrix, contract.target.task),
    )

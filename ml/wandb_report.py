"""The W&B report that shows how the project stands: made by code, so that it is the same for every project."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from core.errors import ReportNotSaved
from ml.settings import WandbSettings

if TYPE_CHECKING:
    import wandb_workspaces.reports.v2 as wr

TITLE: Final = "Slipway: champions, gate, drift and live quality"
# Of each kind of task some; a panel of a figure that no run has stays empty.
SHOWN: Final = ("auc", "accuracy", "log_loss", "mae", "rmse", "coverage")
_HALF, _WHOLE, _HEIGHT = 12, 24, 8


def build(project: str, entity: str, figures: Sequence[str] = SHOWN) -> wr.Report:
    """
    The report, not saved; building it asks nobody.

    Args:
        project: Where the runs are.
        entity: Whose project it is.
        figures: Of quality, that are drawn live and on the holdout.
    """
    import wandb_workspaces.reports.v2 as wr  # noqa: PLC0415  # an extra, which takes a second to import

    def grid(runs: wr.Runset, *rows: Sequence[str]) -> wr.PanelGrid:
        placed = [(name, row, place, len(names)) for row, names in enumerate(rows) for place, name in enumerate(names)]
        return wr.PanelGrid(runsets=[runs], panels=[_panel(*each) for each in placed])

    # Without an entity and a project of their own they are those of the report; W&B would be asked for any other.
    days = wr.Runset(name="a run each day", filters="JobType = 'watch'")
    trainings = wr.Runset(name="trainings", filters="JobType = 'train'")
    return wr.Report(
        project=project,
        entity=entity,
        title=TITLE,
        description="Written by python -m ml report, which puts its own in the place of every change made here.",
        width="fluid",
        blocks=[
            wr.TableOfContents(),
            wr.H1("Champions"),
            wr.P("What served production, since when and why, with its figures on the holdout and 95 % intervals."),
            grid(days, ["watch/champions"], ["champion/served_days", "registry/models"]),
            wr.H1("Gate"),
            wr.P("What the gate said of each published model; and of every training, refused ones too."),
            grid(days, ["watch/gate"]),
            grid(trainings, ["gate/findings"]),
            wr.H1("Drift"),
            wr.P("How severe each day's check was: 0 ok, 2 info, 3 warning, 5 alert, 6 critical; and its columns."),
            grid(days, ["drift/severity", "drift/checked_days"], ["watch/drift"]),
            wr.H1("Live quality"),
            wr.P("On rows whose outcome is known, left, beside the champion's holdout, right."),
            grid(days, ["watch/live"], *([f"live/{name}", f"holdout/{name}"] for name in figures)),
        ],
    )


def _panel(name: str, row: int, place: int, width: int) -> wr.ScatterPlot | wr.WeavePanelSummaryTable:
    """A table by its name, or a figure over the days."""
    import wandb_workspaces.reports.v2 as wr  # noqa: PLC0415  # as above

    size = _WHOLE if width == 1 else _HALF
    layout = wr.Layout(x=size * place, y=_HEIGHT * row, w=size, h=_HEIGHT)
    if name.startswith("watch/") or name == "gate/findings":
        return wr.WeavePanelSummaryTable(table_name=name, layout=layout)
    return wr.ScatterPlot(title=name, x=wr.SummaryMetric("day"), y=wr.SummaryMetric(name), layout=layout)


def specification(report: wr.Report) -> str:
    """What saving would send, as JSON."""
    # There is no public name for it.
    model = report._to_model()  # type: ignore[no-untyped-call]  # noqa: SLF001
    return str(model.spec.model_dump_json(by_alias=True, exclude_none=True))


def save(settings: WandbSettings, entity: str | None) -> str:
    """
    Put the report into the project, in the place of the one that was put there before.

    Args:
        settings: The key, and the project.
        entity: Whose project it is; None for the key's own.

    Returns:
        Its address.

    Raises:
        ReportNotSaved: if W&B does not take it.
    """
    import wandb  # noqa: PLC0415  # as above

    # The SDK takes the key from the environment; wandb.login would write it into ~/.netrc.
    wandb.setup(settings=wandb.Settings(silent=True))
    try:
        api = wandb.Api()
        owner = _owner(entity or api.default_entity)
        report = build(settings.project, owner)
        kept = [each for each in api.reports(f"{owner}/{settings.project}") if each.display_name == TITLE]
        if kept:
            report.id = kept[0].id
        report.save()
    except ReportNotSaved:
        raise
    except Exception as error:
        # The SDK raises classes of many modules.
        problem = (str(error).splitlines() or [type(error).__name__])[0]
        raise ReportNotSaved(f"W&B did not take the report ({problem})") from error
    return str(report.url)


def _owner(entity: str | None) -> str:
    if not entity:
        raise ReportNotSaved("the key has no projects of its own; say by --entity whose they are")
    return entity

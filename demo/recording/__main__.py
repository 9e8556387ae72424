"""The film: `python -m demo.recording`; `scripts/record` is the same."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import click
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from demo.recording.cast import Cast, read_cast
    from demo.recording.editing import add_cast, add_title
    from demo.recording.film import Film
    from demo.recording.scene import set_scene
    from demo.recording.taking import take
    from demo.recording.touring import add_tour, require_browser
except ModuleNotFoundError as missing:
    sys.exit(f"error: this Python lacks what the film needs ({missing.name}); run scripts/record")

from core.files import write_atomically
from demo.screen import CONSOLE
from demo.stage import ROOT, StageError

_FILM, _CAST = ROOT / "docs" / "demo.mp4", ROOT / ".slipway" / "demo.cast"
_DEMO = "scripts/demo"
# With titles and tour six minutes; five to seven are wanted.
_DEMO_S = 265.0


@click.command()
@click.option(
    "--from",
    "cast",
    metavar="FILE.cast",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A recording of scripts/demo that was made before: it is not run again.",
)
@click.option(
    "--to",
    "film",
    metavar="FILE.mp4",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The film  [default: docs/demo.mp4]",
)
def main(cast: Path | None, film: Path | None) -> None:
    """Make a film of scripts/demo and of the console, without a person.

    First scripts/demo runs in a terminal that nobody sits at, which takes about six minutes; the recording stays in
    .slipway/demo.cast, and with --from FILE.cast it is not made again. Then two models are trained for a service that
    goes through two weeks of callers in three minutes, and a browser looks at its console. All of it becomes a film
    of six minutes and a few megabytes: waits are cut, and what came at once stays until it can be read.

    It needs Chromium and its driver (Debian: chromium-driver), and a processor of x86-64 for a clock that is set.
    Nothing but loopback is talked to.
    """
    target = film or _FILM
    try:
        require_browser()
        made = read_cast(cast) if cast else None
        with _progress() as tell:
            seconds = _make(made or _record(tell), target, tell)
    except (StageError, OSError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    size_mb = target.stat().st_size / 1e6
    click.echo(f"{target}: {int(seconds) // 60} min {int(seconds) % 60} s, {size_mb:.1f} MB")


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Takes what is being done: on a terminal it stands there while it is, elsewhere it is a line."""
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=CONSOLE, transient=True) as bars:
        task = bars.add_task("", total=None)

        def tell(text: str) -> None:
            if CONSOLE.is_terminal:
                bars.reset(task, description=text)
            else:
                CONSOLE.print(text, markup=False)

        yield tell


def _record(tell: Callable[[str], None]) -> Cast:
    tell(_DEMO)
    take(_DEMO, _CAST, lambda chapter: tell(f"{_DEMO}: {chapter}"))
    return read_cast(_CAST)


def _make(cast: Cast, target: Path, tell: Callable[[str], None]) -> float:
    """The film, at its place once it is whole; its length in seconds."""
    with tempfile.TemporaryDirectory(prefix="slipway-film-") as name:
        scene, whole = Path(name, "scene"), Path(name, "film.mp4")
        scene.mkdir()
        with set_scene(scene, tell) as url, Film(whole) as film:
            add_title(film, "Slipway", "Months of a model's life, on one machine", "scripts/demo, without its waits")
            add_cast(film, cast, _DEMO, length_s=_DEMO_S, tell=tell)
            add_title(film, "The console", "What a service tells people", "after two weeks of callers")
            add_tour(film, url, tell)
            add_title(
                film, "scripts/serve", "Your own table is one file: model.toml", "scripts/adopt FILE --target COLUMN"
            )
        write_atomically(target, whole.read_bytes())
    return film.length_s


if __name__ == "__main__":
    main(prog_name="python -m demo.recording")

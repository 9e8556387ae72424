"""How every command line of ours fails: one sentence on standard error, exit status 1, no traceback."""

from __future__ import annotations

import errno
import math
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from core.errors import Fault, PortBusy, SettingsError, SlipwayError
from core.tags import ModelTag


def this_python() -> str:
    """How the person at the terminal can call this interpreter again."""
    path = Path(sys.executable)
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def printable(text: str) -> str:
    """A text of any origin for a terminal, in which nothing but a line end moves the cursor."""
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode() for each in text
    )


def columns(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table for a terminal."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (head, *rows)
    )


def require_free(host: str, port: int, variable: str = "PORT", host_variable: str = "HOST") -> None:
    """
    Make sure that a server can listen there, before it says that it does.

    Args:
        host: The address.
        port: Likewise.
        variable: That says the port.
        host_variable: That says the host.

    Raises:
        PortBusy: if another process does.
        SettingsError: if this machine cannot.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, UnicodeError) as error:
            if getattr(error, "errno", None) == errno.EADDRINUSE:
                raise PortBusy(host, port, variable) from error
            reason = getattr(error, "strerror", None) or "not a host name"
            problem = f"this machine cannot listen on {host}:{port} ({reason})"
            raise SettingsError(
                "environment", [Fault(place=f"{host_variable} or {variable}", problem=problem)]
            ) from error


class Number(click.FloatRange):
    """A number on a command line, in a range; what is none lies in every range, as it compares with nothing."""

    name = "number"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """See `click.ParamType.convert`."""
        number = float(super().convert(value, param, ctx))  # type: ignore[arg-type]  # whatever was typed
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


class TagType(click.ParamType[ModelTag]):
    """A tag on a command line."""

    name = "tag"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> ModelTag:
        """See `click.ParamType.convert`."""
        try:
            return value if isinstance(value, ModelTag) else ModelTag.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class SlipwayGroup(click.Group):
    """A group of commands whose own errors are sentences."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what a person can mend ends the process with a sentence."""
        try:
            return super().invoke(ctx)
        except SlipwayError as error:
            click.echo(f"error: {printable(str(error))}", err=True)
            sys.exit(1)
        except ModuleNotFoundError as error:
            click.echo(f"error: {error.name} is not installed here; run scripts/setup train", err=True)
            sys.exit(1)
        except OSError as error:
            # A full disk, a folder that may not be written: nobody's bug, and a sentence says it all.
            click.echo(printable(f"error: {error.filename or 'the system'}: {error.strerror or error}"), err=True)
            sys.exit(1)
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
            sys.exit(130)

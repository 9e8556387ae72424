"""`flyctl` as far as it is used; it refuses any flag that it does not know."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from doubles.fly.deployment import Refusal, deploy
from doubles.fly.world import World, changing


def main(folder: Path, words: list[str]) -> None:
    """Run one command."""
    options = _parser().parse_args(words)
    command = " ".join(filter(None, [options.command, getattr(options, "action", "")])).replace("machines", "machine")
    with changing(folder) as world:
        world.calls.append(words)
        said = _refusal(world, command, options.app)
    if said:
        raise Refusal(said)
    if command == "machine list":
        with changing(folder) as world:
            sys.stdout.write(json.dumps(world.machines) + "\n")
    elif command == "machine destroy":
        with changing(folder) as world:
            _destroy(world, options)
    else:
        deploy(folder, options)


def _refusal(world: World, command: str, app: str) -> str:
    if os.environ.get("FLY_API_TOKEN") != world.token:
        return "Error: failed to get app: 401 Unauthorized; you must be authenticated to view this"
    if app != world.app:
        return f"Error: Could not find App {app!r}"
    orders = world.orders
    if command not in orders.says or orders.says_times == 0:
        return ""
    orders.says_times -= 1
    return orders.says[command]


def _destroy(world: World, options: argparse.Namespace) -> None:
    doomed = [each for each in world.machines if each["id"] in options.ids or each["config"]["image"] == options.image]
    if not doomed:
        raise Refusal(f"Error: machine {options.ids} not found")
    if not options.force and any(each["state"] == "started" for each in doomed):
        raise Refusal("Error: machine is started; stop it, or use --force")
    world.machines = [each for each in world.machines if each not in doomed]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="flyctl", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    deploying = commands.add_parser("deploy", allow_abbrev=False)
    for flag in ("--config", "--strategy", "--image", "--wait-timeout"):
        deploying.add_argument(flag, default="")
    deploying.add_argument("--ha", choices=["true", "false"], default="true")
    deploying.add_argument("--env", action="append", default=[])
    for flag in ("--remote-only", "--yes"):
        deploying.add_argument(flag, action="store_true")
    deploying.add_argument("--app", "-a", required=True)
    for name in ("machine", "machines"):
        actions = commands.add_parser(name, allow_abbrev=False).add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", allow_abbrev=False)
        listing.add_argument("--json", action="store_true", required=True)
        destroying = actions.add_parser("destroy", allow_abbrev=False)
        destroying.add_argument("ids", nargs="*")
        destroying.add_argument("--force", action="store_true")
        destroying.add_argument("--image", default="")
        for each in (listing, destroying):
            each.add_argument("--app", "-a", required=True)
    return parser


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2:])
    except Refusal as error:
        sys.exit(str(error))

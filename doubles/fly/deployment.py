"""`flyctl deploy`, step by step as Fly's own tool goes."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import time
import tomllib
from pathlib import Path
from typing import Any

from doubles.fly.world import World, changing


class Refusal(Exception):
    """What flyctl prints before it fails."""


def deploy(folder: Path, options: argparse.Namespace) -> None:
    """Deploy; a failure before green is let in removes green, a later one removes nothing."""
    table = _checked(options)
    env = {**table.get("env", {}), **dict(each.split("=", 1) for each in options.env)}
    with changing(folder) as world:
        lie = world.orders.lie
        image = options.image or f"registry.fly.io/{world.app}:deployment-{len(world.releases) + 2}"
        world.releases.append({"image": image, "env": env})
    if lie:
        _lie(folder, lie)
        return
    _run_release_command(folder, table, env, image)
    with changing(folder) as world:
        blue = [each["id"] for each in world.machines]
    if blue:
        _replace(folder, table, env, image, blue)
    else:
        _begin(folder, table, env, image, is_spare=options.ha == "true")


def _checked(options: argparse.Namespace) -> dict[str, Any]:
    table = tomllib.loads(Path(options.config or "fly.toml").read_text())
    strategy = options.strategy or table.get("deploy", {}).get("strategy", "rolling")
    # Of the two that take no volumes, flyctl's own validation refuses but one.
    if strategy == "canary" and "mounts" in table:
        raise Refusal("Error: error canary deployment strategy is not supported when using mounted volumes")
    if strategy != "bluegreen":
        raise Refusal(f"Error: the double knows no strategy {strategy!r}")
    if any(name.startswith("FLY_") for name in table.get("env", {})):
        raise Refusal("Error: names of [env] may not begin with FLY_")
    return table


def _lie(folder: Path, lie: str) -> None:
    with changing(folder) as world:
        if lie == "gone":
            world.machines = []


def _run_release_command(folder: Path, table: dict[str, Any], env: dict[str, str], image: str) -> None:
    command = table.get("deploy", {}).get("release_command", "")
    if not command:
        return
    with changing(folder) as world:
        temporary = world.add(None, image=image, env={**env, "RELEASE_COMMAND": "1"}, is_registered=False)
        status = world.orders.release_status
    _pass(folder, "release_command")
    if status is None:
        variables = {**os.environ, **env, "RELEASE_COMMAND": "1"}
        status = subprocess.run(shlex.split(command), env=variables, check=False).returncode  # noqa: S603  # its purpose
    with changing(folder) as world:
        world.machines = [each for each in world.machines if each["id"] != temporary["id"]]
    if status:
        raise Refusal(f"Error: release_command failed running on machine {temporary['id']} with exit code {status}")


def _begin(folder: Path, table: dict[str, Any], env: dict[str, str], image: str, *, is_spare: bool) -> None:
    """A first deployment of a web app makes two machines unless it is told otherwise."""
    with changing(folder) as world:
        for _ in range(2 if is_spare and "mounts" not in table else 1):
            _add(world, env, image, is_registered=True)
    _pass(folder, "create")
    with changing(folder) as world:
        if not all(each["checks"][0]["status"] == "passing" for each in world.machines):
            raise Refusal("Error: machine failed to become healthy: wait timeout")


def _add(world: World, env: dict[str, str], image: str, *, is_registered: bool, state: str = "started") -> str:
    wanted = env.get("MODEL_TAG", "")
    tag = world.orders.serves_instead.get(wanted, wanted)
    is_passing = wanted not in world.orders.unhealthy
    made = world.add(tag, image=image, env=env, is_registered=is_registered, is_passing=is_passing, state=state)
    return str(made["id"])


def _replace(folder: Path, table: dict[str, Any], env: dict[str, str], image: str, blue: list[str]) -> None:
    with changing(folder) as world:
        green = _create(world, table, env, image)
    _pass(folder, "create")
    with changing(folder) as world:
        if any(each["checks"][0]["status"] != "passing" for each in world.machines if each["id"] in green):
            world.machines = [each for each in world.machines if each["id"] not in green]
            raise Refusal("Error: could not get all green machines to be healthy: wait timeout")
    _pass(folder, "healthy")
    with changing(folder) as world:
        world.unregistered = [each for each in world.unregistered if each not in green]
        overlap_s = world.orders.overlap_s
    _pass(folder, "uncordon")
    with changing(folder) as world:
        for each in world.machines:
            if each["id"] in blue:
                each["config"]["metadata"]["fly_bluegreen_deployment_tag"] = "safe_to_destroy"
    _pass(folder, "mark")
    time.sleep(overlap_s)
    with changing(folder) as world:
        world.cordoned += blue
    _pass(folder, "cordon")
    _destroy(folder, blue)
    _pass(folder, "destroy")


def _create(world: World, table: dict[str, Any], env: dict[str, str], image: str) -> list[str]:
    if world.orders.has_no_room:
        raise Refusal("Error: organisation limit: there is no room for twice the machines")
    images = {each["config"]["image"] for each in world.machines}
    if len(images) > 1:
        raise Refusal(
            f"Error: found multiple image versions\nHint: fly machines destroy --force --image=IMAGE --app {world.app}"
        )
    if not table.get("http_service", {}).get("checks") and "checks" not in table:
        raise Refusal("Error: You need to define at least 1 check in order to use blue-green deployments")
    states = [each["state"] for each in world.machines]
    if "started" not in states:
        # One of a group is started in any case, so that its health is seen.
        states[0] = "started"
    doubled = states if "processes" in table else states * 2
    return [_add(world, env, image, is_registered=False, state=state) for state in doubled]


def _destroy(folder: Path, blue: list[str]) -> None:
    with changing(folder) as world:
        for each in world.machines:
            each["state"] = "stopped" if each["id"] in blue else each["state"]
    _pass(folder, "stop")
    with changing(folder) as world:
        if world.orders.leaves_blue:
            raise Refusal(f"Error: Failed to destroy blue machines ({', '.join(blue)})")
        world.machines = [each for each in world.machines if each["id"] not in blue]
        if world.orders.autostop:
            for each in world.machines[1:]:
                each["state"] = "stopped"


def _pass(folder: Path, step: str) -> None:
    """Note that a step was reached, and stay there for ever if that is ordered."""
    with changing(folder) as world:
        world.steps.append(step)
        hangs = world.orders.hangs_at == step
    while hangs:
        time.sleep(60)

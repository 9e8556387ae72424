"""
Opens a page in headless Chromium, and looks at it.

`python -m tests.browser PAGE.html OUT_PREFIX` writes screenshots, light and dark, narrow and wide.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import requests

from tests.integration.test_gunicorn import LOOPBACK, free_port
from tests.needs import lacking

_DRIVER: Final = shutil.which("chromedriver")
_CHROMIUM: Final = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_START_S, _CALL_S = 30.0, 60.0
SCHEMES: Final = ("light", "dark")
WIDTHS: Final = {"narrow": 390, "wide": 1280}
HEIGHTS: Final = {"narrow": 1500, "wide": 1700}


# By their numbers in Windows, as Chromium has them.
_KEYS: Final = {"Tab": 9, "Enter": 13, "End": 35}


@cache
def axe() -> str:
    """The script that audits a page."""
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def is_here() -> bool:
    """Whether this machine has Chromium and its driver."""
    return _DRIVER is not None and _CHROMIUM is not None


class Browser:
    """One headless Chromium, by its driver's WebDriver interface on the loopback interface; ends with its block."""

    def __init__(self) -> None:
        assert _DRIVER is not None
        port = free_port()
        self._base = f"http://{LOOPBACK}:{port}"
        self._process = subprocess.Popen([_DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL)

    def __enter__(self) -> Self:
        try:
            self._wait()
            self._base += f"/session/{self._begin()}"
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        requests.delete(self._base, timeout=_CALL_S)
        self._process.terminate()
        self._process.wait(_CALL_S)

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_S
        while not self._is_ready():
            assert self._process.poll() is None, "chromedriver ended"
            assert time.monotonic() < deadline, "chromedriver does not answer"
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        try:
            return bool(requests.get(f"{self._base}/status", timeout=_CALL_S).json()["value"]["ready"])
        except requests.ConnectionError:
            return False

    def _begin(self) -> str:
        options = {
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {
                "binary": _CHROMIUM,
                "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"],
            },
        }
        return str(self._post("session", {"capabilities": {"alwaysMatch": options}})["sessionId"])

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = requests.post(f"{self._base}/{path}", json=body, timeout=_CALL_S)
        value = answer.json()["value"]
        assert answer.ok, value
        return value

    def _command(self, name: str, **parameters: Any) -> Any:
        return self._post("goog/cdp/execute", {"cmd": name, "params": parameters})

    def show(self, page: Path | str, *, scheme: str, width: int, height: int) -> None:
        """Open a file or an address, as somebody sees it who likes it light or dark, in a window of that size."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._command("Emulation.setEmulatedMedia", features=[feature])
        self._command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self._post("url", {"url": page if isinstance(page, str) else page.resolve().as_uri()})

    def evaluate(self, script: str) -> Any:
        """What a function's body in JavaScript returns on the page."""
        return self._post("execute/sync", {"script": script, "args": []})

    def wait_until(self, script: str) -> None:
        """Wait until a function's body in JavaScript returns true."""
        deadline = time.monotonic() + _START_S
        while not self.evaluate(script):
            assert time.monotonic() < deadline, script
            time.sleep(0.05)

    def run_scripts(self, *, are_run: bool) -> None:
        """Whether the pages that are shown from now on run their scripts."""
        self._command("Emulation.setScriptExecutionDisabled", value=not are_run)

    def type(self, selector: str, text: str) -> None:
        """Type into an input, as a person does."""
        self._post(f"{self._found(selector)}/value", {"text": text})

    def click(self, selector: str) -> None:
        """Click on what is there, and wait for the page that comes of it, if one does."""
        self._post(f"{self._found(selector)}/click", {})

    def _found(self, selector: str) -> str:
        found = self._post("element", {"using": "css selector", "value": selector})
        return f"element/{next(iter(found.values()))}"

    def press(self, key: str) -> None:
        """Press a key, wherever the focus is."""
        for kind in ("keyDown", "keyUp"):
            self._command("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=_KEYS[key])

    def audit(self) -> list[str]:
        """
        What axe-core finds wrong with how the page can be used, by rule, weight and element.

        Source:
            https://github.com/dequelabs/axe-core
        """
        self.evaluate(f"{axe()}; window.axe = window.axe || axe")
        found = self.evaluate("return axe.run({resultTypes: ['violations']}).then((found) => found.violations)")
        return [
            f"{each['id']} ({each['impact']}): {node['html'][:200]} {node['failureSummary']}"
            for each in found
            for node in each["nodes"]
        ]

    def complaints(self) -> list[str]:
        """What the console was told since the last call."""
        return [str(entry["message"]) for entry in self._post("se/log", {"type": "browser"})]

    def screenshot(self) -> bytes:
        """What is in the window, as PNG."""
        return base64.b64decode(self._command("Page.captureScreenshot", format="png")["data"])


@contextmanager
def opened() -> Iterator[Browser]:
    """A browser, where this machine has one."""
    if not is_here():
        lacking("chromium and chromedriver are not installed", "apt-get install chromium chromium-driver")
    with Browser() as browser:
        yield browser


def take_screenshots(page: Path | str, prefix: str) -> list[Path]:
    """Write PREFIX-light-narrow.png and so on; the first screens of a file or an address."""
    written = []
    with Browser() as browser:
        for scheme in SCHEMES:
            for name, width in WIDTHS.items():
                browser.show(page, scheme=scheme, width=width, height=HEIGHTS[name])
                path = Path(f"{prefix}-{scheme}-{name}.png")
                path.write_bytes(browser.screenshot())
                written.append(path)
    return written


if __name__ == "__main__":
    for written in take_screenshots(Path(sys.argv[1]), sys.argv[2]):
        sys.stdout.write(f"{written}\n")

"""Headless Chromium driven through its own protocol over a pipe: real clicks, keys and widths, and a log of all requests.

The protocol is that of Chrome DevTools (https://chromedevtools.github.io/devtools-protocol/): JSON messages ended by a NUL byte,
read by the browser from its descriptor 3 and written to 4.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

PATH = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip
KEYS = {"Tab": ("Tab", 9, ""), "Enter": ("Enter", 13, "\r"), "Space": (" ", 32, " ")}
_PATIENCE_S = 60.0


def chromium() -> str:
    """The browser's path; skips without it, fails where it is required."""
    if PATH is None:
        if os.environ.get("INFERMINT_REQUIRE_CHROMIUM") == "1":
            pytest.fail("INFERMINT_REQUIRE_CHROMIUM=1, but no Chromium is installed")
        pytest.skip("no Chromium is installed")
    return PATH


class Browser:
    """One browser with one page. `requests` are the addresses that the page asked for after itself, `complaints` what its console said."""

    def __init__(self, profile: Path) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self._number, self._loaded, self._rest = 0, False, b""
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        # Above 9, so that neither lies where the other goes.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (theirs_in, theirs_out)]
        self._process = os.posix_spawn(
            chromium(),
            [chromium(), *FLAGS, f"--user-data-dir={profile}"],
            os.environ,
            file_actions=[
                *((os.POSIX_SPAWN_DUP2, end, place) for end, place in zip(ends, (3, 4), strict=True)),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
        )
        for end in (theirs_in, theirs_out, *ends):
            os.close(end)
        self._session = ""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.ask("Page.bringToFront")
        self.ask("Emulation.setFocusEmulationEnabled", enabled=True)
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.ask(f"{domain}.enable")

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.kill(self._process, signal.SIGTERM)
        os.waitpid(self._process, 0)
        os.close(self._in)
        os.close(self._out)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command of the protocol and give its answer."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return dict(answer["result"])

    def _next(self) -> dict[str, Any]:
        until = time.monotonic() + _PATIENCE_S
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], max(0.0, until - time.monotonic()))
            more = os.read(self._in, 1 << 20) if ready else b""
            assert more, "the browser says nothing any more"
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\0")
        message = dict(json.loads(line))
        self._noted(message.get("method", ""), message.get("params", {}))
        return message

    def _noted(self, method: str, told: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent" and told["type"] != "Document":
            self.requests.append(told["request"]["url"])
        elif method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Log.entryAdded":
            self.complaints.append(told["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(told["exceptionDetails"])[:400])

    def show(
        self, page: Path, width: int = 1280, height: int = 900, dark: bool = False, scripts: bool = True
    ) -> Browser:
        """Open a file in a view of this size, its log of requests and complaints begun anew."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.ask("Emulation.setEmulatedMedia", features=scheme)
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.ask("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.requests, self.complaints, self._loaded = [], [], False
        self.ask("Page.navigate", url=page.as_uri())
        while not self._loaded:
            self._next()
        return self

    def value(self, expression: str) -> Any:
        """What an expression comes to in the page, as plain data. The page's own policy of content does not bind it."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def click(self, selector: str) -> None:
        """Move into view and press the middle of an element with the mouse, whatever lies over it."""
        find = f"document.querySelector({json.dumps(selector)})"
        self.value(f"{find}.scrollIntoView({{block: 'center', inline: 'center'}})")
        x, y = self.value(f"(b => [b.x + b.width / 2, b.y + b.height / 2])({find}.getBoundingClientRect())")
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, name: str) -> None:
        """Press and release a key of `KEYS`."""
        key, code, text = KEYS[name]
        told = {"key": key, "code": name, "windowsVirtualKeyCode": code}
        self.ask("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **told)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **told)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.ask("Input.insertText", text=text)

    def picture(self, target: Path, whole: bool = True) -> Path:
        """The page as a PNG, as far down as it goes."""
        found = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        target.write_bytes(base64.b64decode(found["data"]))
        return target

    def paper(self, target: Path) -> Path:
        """The page as it prints, as a PDF."""
        found = self.ask("Page.printToPDF", printBackground=True, displayHeaderFooter=False)
        target.write_bytes(base64.b64decode(found["data"]))
        return target

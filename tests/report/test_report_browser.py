"""The page in headless Chromium: it fits a phone and a desktop, follows the colour scheme, and loads nothing."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from sim.records.breaks import RULES, Break
from sim.records.study import StudyRecord
from sim.report import files

pytestmark = pytest.mark.browser

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--allow-file-access-from-files",
)  # fmt: skip

# Runs in the page that holds the report in a frame of the wanted width, since a window may not be that narrow.
PROBE = """
<!doctype html><meta charset="utf-8"><iframe id="f" src="report.html" style="width:{width}px;height:900px;border:0"></iframe>
<pre id="out">waiting</pre>
<script>
document.getElementById("f").addEventListener("load", function (event) {{
  const page = event.target.contentDocument, view = event.target.contentWindow;
  const body = view.getComputedStyle(page.body);
  const scrolls = function (node) {{
    for (let up = node.parentElement; up; up = up.parentElement) {{
      const flow = view.getComputedStyle(up).overflowX;
      if (flow === "auto" || flow === "hidden" || flow === "scroll") return true;
    }}
    return false;
  }};
  const wide = [...page.querySelectorAll("body *")].filter(function (node) {{
    const box = node.getBoundingClientRect();
    return box.width > 1 && box.right > view.innerWidth + 0.5 && !scrolls(node) && !node.closest(".skip, .hidden");
  }});
  const texts = [...page.querySelectorAll("svg text")].map(node => parseFloat(view.getComputedStyle(node).fontSize)
    * node.ownerSVGElement.getBoundingClientRect().width / node.ownerSVGElement.viewBox.baseVal.width);
  const outside = [...page.querySelectorAll("svg")].filter(function (drawing) {{
    const frame = drawing.getBoundingClientRect();
    return [...drawing.querySelectorAll("text")].some(function (node) {{
      const box = node.getBoundingClientRect();
      return box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
    }});
  }});
  document.getElementById("out").textContent = JSON.stringify({{
    inner: view.innerWidth, scroll: page.documentElement.scrollWidth, wide: wide.slice(0, 5).map(node => node.outerHTML.slice(0, 120)),
    smallest: Math.min(...texts), texts: texts.length, outside: outside.map(drawing => drawing.getAttribute("aria-label").slice(0, 60)),
    paper: body.backgroundColor, ink: body.color, figure: view.getComputedStyle(page.querySelector("svg text") || page.body).fill,
    loads: view.performance.getEntriesByType("resource").map(entry => entry.name), scripts: page.scripts.length,
    cut: [...page.querySelectorAll(".wide:has(.folds)")].map(node => node.scrollWidth - node.clientWidth),
    alerts: view.alerted || 0, focusable: page.querySelectorAll("a[href], summary, [tabindex]").length,
  }});
}});
</script>
"""


def chromium() -> str:
    """The browser's path; skips without it, fails where it is required."""
    if CHROMIUM is None:
        if os.environ.get("INFERMINT_REQUIRE_CHROMIUM") == "1":
            pytest.fail("INFERMINT_REQUIRE_CHROMIUM=1, but no Chromium is installed")
        pytest.skip("no Chromium is installed")
    return CHROMIUM


def browse(arguments: list[str], profile: Path) -> subprocess.CompletedProcess[bytes]:
    """Run the browser once with a fresh profile."""
    return subprocess.run(
        [chromium(), *FLAGS, f"--user-data-dir={profile}", *arguments], capture_output=True, timeout=120, check=True
    )


def measured(folder: Path, width: int, dark: bool, profile: Path) -> dict[str, Any]:
    """What the probe found of `folder/report.html` in a view of this width."""
    probe = folder / f"probe-{width}-{dark}.html"
    probe.write_text(PROBE.format(width=width), encoding="utf-8")
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    done = browse(
        [scheme, "--window-size=1400,1000", "--virtual-time-budget=20000", "--dump-dom", probe.as_uri()], profile
    )
    found = re.search(r'<pre id="out">(.*?)</pre>', done.stdout.decode(), re.DOTALL)
    assert found is not None, done.stderr.decode()[-2000:]
    return dict(json.loads(unescape(found[1])))


@pytest.fixture(scope="module")
def folder(record: StudyRecord, tmp_path_factory: pytest.TempPathFactory) -> Path:
    chromium()
    out = tmp_path_factory.mktemp("browser")
    files.write(record, out)
    return out


def luminance(colour: str) -> float:
    """Relative luminance of `rgb(r, g, b)` (WCAG 2.2)."""
    parts = [int(number) / 255 for number in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_the_page_fits_and_follows_the_colour_scheme(folder: Path, tmp_path: Path, width: int, dark: bool) -> None:
    seen = measured(folder, width, dark, tmp_path / "profile")
    assert seen["inner"] == width
    assert seen["scroll"] <= width, seen["wide"]
    assert seen["wide"] == []
    assert seen["texts"] > 100
    assert seen["smallest"] >= 9
    assert seen["outside"] == []
    assert (luminance(seen["paper"]) < 0.05) == dark
    light, deep = sorted((luminance(seen["paper"]), luminance(seen["ink"])), reverse=True)
    assert (light + 0.05) / (deep + 0.05) > 7
    assert seen["figure"] == seen["ink"]
    assert seen["loads"] == []
    assert seen["scripts"] == 0
    assert seen["focusable"] > 30


@pytest.mark.parametrize("width", [390, 1280])
def test_no_column_of_what_broke_is_cut(record: StudyRecord, tmp_path: Path, width: int) -> None:
    rows = [
        Break(rule.name, "tao", rule.outcome, "below 50 %", policy, kind, 0, 16, 9, 0.33, 0.77, 3, 187.5, [187.5] * 16, 2,
              rule.name == "coin_halved", "" if kind == "pool" else "too few runs (the interval spans 49 pp)")
        for rule in RULES for policy in record.policies for kind in record.coin_prices
    ]  # fmt: skip
    files.write(dataclasses.replace(record, breaks=rows), tmp_path)
    seen = measured(tmp_path, width, False, tmp_path / "profile")
    assert seen["cut"] == [0] and seen["scroll"] <= width


def test_a_screenshot_is_no_blank_page(folder: Path, tmp_path: Path) -> None:
    from matplotlib import image

    shot = tmp_path / "shot.png"
    browse(["--window-size=800,1200", f"--screenshot={shot}", (folder / "report.html").as_uri()], tmp_path / "profile")
    pixels = image.imread(shot)[:, :, :3]
    assert pixels.shape == (1200, 800, 3)
    assert len({tuple(pixel) for pixel in pixels[::7, ::7].reshape(-1, 3).tolist()}) > 20


def test_the_page_prints(folder: Path, tmp_path: Path) -> None:
    paper = tmp_path / "report.pdf"
    browse(
        [f"--print-to-pdf={paper}", "--no-pdf-header-footer", (folder / "report.html").as_uri()], tmp_path / "profile"
    )
    assert paper.read_bytes().startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes())) < 25


def test_hostile_names_neither_run_nor_overflow(record: StudyRecord, tmp_path: Path) -> None:
    chromium()
    evil = '<script>parent.alerted=1;window.alerted=1</script><img src=x onerror="window.alerted=1">\'' + "W" * 10_000
    small = dataclasses.replace(
        record, name=evil, sentences=[evil, "W" * 3000], warnings=[evil], scenario_file=evil, scenario_resolved=evil, held_fixed=[evil], method={evil: evil}, start=evil,
        bands=[b for b in record.bands if b.outcome == "tao.nodes"], histograms=record.histograms[:1], policies=[evil, *record.policies], changes=[dataclasses.replace(c, new=evil, file=evil) for c in record.changes],
        assumptions=[dataclasses.replace(a, source=evil, path=evil) for a in record.assumptions], checks=[dataclasses.replace(c, found=evil, check=evil) for c in record.checks],
    )  # fmt: skip
    files.write(small, tmp_path)
    seen = measured(tmp_path, 390, False, tmp_path / "profile")
    assert seen["alerts"] == 0
    assert seen["scripts"] == 0
    assert seen["loads"] == []
    assert seen["scroll"] <= 390, seen["wide"]
    assert seen["wide"] == []

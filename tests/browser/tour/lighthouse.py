"""`make lighthouse`: Lighthouse on the pages that are opened most, and what each must reach.

Wants Node's npx, which fetches Lighthouse itself, and Chromium. A house of its own is started with
a member who has 500 photos. Exit 1 where a score is too low.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from sandbox.stack import Addresses, running
from sandbox.stack.browser import find
from tests.browser.conftest import ARGUMENTS, QUICK
from tests.browser.tour.world import MULTIPLY, World, inside, lived_in

LIGHTHOUSE = "lighthouse@13.5.0"
LEAST = {"performance": 95, "accessibility": 100, "best-practices": 95}
PAGES = {
    "front": ("stranger", "/"),
    "gallery of 500": ("member", "/photos/"),
    "photo": ("member", "{photo delivered}"),
    "wallet": ("member", "/wallet/"),
}
PHOTOS = 500


def main(words: list[str]) -> int:
    """A line for each page (whose name has one of the words) and form factor."""
    program = find(os.environ)
    if program is None:
        print("No Chromium was found: `python -m sandbox.stack.browser` gets one.", file=sys.stderr)
        return 1
    is_good = True
    with (
        tempfile.TemporaryDirectory() as var,
        running(var=Path(var), env={**QUICK, "SANDBOX_PICTURES": "restore"}) as house,
        lived_in(house) as world,
    ):
        photo = urlsplit(world.addresses["photo unspoken"]).path.split("/")[2]
        inside(house, MULTIPLY, photo, str(PHOTOS))
        print(f"{'page':<16}{'on':<9}" + "".join(f"{name:>16}" for name in LEAST) + "   shift")
        chosen = {one for one in PAGES if not words or any(word in one for word in words)}
        for name, (person, path) in PAGES.items():
            if name not in chosen:
                continue
            for form_factor in ("mobile", "desktop"):
                report = _report(house, world, person, path, form_factor, program)
                scores = {one: round(100 * report["categories"][one]["score"]) for one in LEAST}
                is_good &= all(scores[one] >= least for one, least in LEAST.items())
                shift = report["audits"]["cumulative-layout-shift"]["numericValue"]
                row = "".join(f"{score:>16}" for score in scores.values())
                print(f"{name:<16}{form_factor:<9}{row}   {shift:.3f}", flush=True)
    return 0 if is_good else 1


def _report(
    house: Addresses, world: World, person: str, path: str, form_factor: str, program: Path
) -> dict[str, dict[str, dict[str, float]]]:
    cookies = "; ".join(f"{k}={v}" for k, v in world.people[person].cookies.items())
    command = [
        *("npx", "--yes", LIGHTHOUSE, house.site + path.format_map(world.addresses)),
        *("--quiet", "--output=json", "--output-path=stdout"),
        f"--only-categories={','.join(LEAST)}",
        f"--extra-headers={json.dumps({'Cookie': cookies})}",
        f"--chrome-flags=--headless=new {' '.join(ARGUMENTS)}",
        *(["--preset=desktop"] if form_factor == "desktop" else []),
    ]
    answer = subprocess.run(
        command,
        env={**os.environ, "CHROME_PATH": str(program)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if answer.returncode:
        raise SystemExit(f"Lighthouse could not judge {path}: {answer.stderr.strip()}")
    report: dict[str, dict[str, dict[str, float]]] = json.loads(answer.stdout)
    return report


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

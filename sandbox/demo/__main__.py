"""`python -m sandbox.demo`: one sample photo, restored with each model on a house of its own.

Everything goes through the real web pages. Pictures and `report.json` stay in `var/demo/`. Exits 0
only if every job was DELIVERED and the books balance; 1 with a sentence otherwise, 130 on Ctrl-C.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from sandbox.demo import journey, report
from sandbox.demo.pages import PageError
from sandbox.demo.visitor import Visitor
from sandbox.stack import Addresses, StackError, running

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "sandbox" / "samples" / "grace-hopper-damaged.jpg"
DEPICTED = ["DECEASED"]
MODELS = ("gfpgan", "codeformer", "flux-kontext")
CREDIT_MICROS = 1_000_000
# Ask the vendor often enough that PROCESSING is seen, not only the callback at the end.
PACE = {"POLL_FIRST_SECONDS": "1"}
# Every run of ours leaves it, so a folder without it is somebody else's.
MARK = "stack.log"


class DemoError(Exception):
    """The demo did not go as promised; the text is for whoever started it."""


def options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.demo", description=__doc__)
    parser.add_argument("--var", type=Path, default=ROOT / "var" / "demo", help="its own folder")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    return parser.parse_args(argv)


@contextmanager
def fresh(folder: Path) -> Iterator[None]:
    """Hold the folder, emptied of an earlier demo. Raises DemoError when it is not ours to use."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DemoError(
                f"Another demo runs in {folder}: wait for it, or choose another --var."
            ) from None
        left = list(folder.iterdir())
        if left and not (folder / MARK).exists():
            raise DemoError(f"{folder} holds something that is no demo's: choose another --var.")
        for path in left:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        yield
    finally:
        os.close(handle)


def run(folder: Path, env: dict[str, str]) -> None:
    """The whole story. Raises DemoError, PageError, StackError."""
    with fresh(folder):
        print("Starting a house for the demo …", flush=True)
        began = time.monotonic()
        with running(var=folder, env=env) as house:
            print(f"It is ready after {time.monotonic() - began:.1f} s: {house.site}", flush=True)
            member = welcome(house)
            restorations = restore_with_each(member, folder)
            purse = journey.wallet(member)
            problems = report.faults(restorations, granted_micros=CREDIT_MICROS, wallet=purse)
            problems += unbalanced(house)
    report.write(folder / "report.json", restorations)
    print(f"\n{report.table(restorations)}\n")
    if problems:
        raise DemoError(" ".join(problems))
    charged = sum(one.charged_micros for one in restorations)
    print(
        f"The ledger balances: {journey.dollars(CREDIT_MICROS)} granted, "
        f"{journey.dollars(charged)} charged, {journey.dollars(purse.available_micros)} left, "
        f"nothing set aside.\nPictures and report: {folder}",
        flush=True,
    )


def welcome(house: Addresses) -> Visitor:
    """A new member with a dollar to spend."""
    email = f"demo-{secrets.token_hex(4)}@family.example"
    member = journey.sign_up(
        house.site, mailbox=house.mailbox, email=email, password=secrets.token_urlsafe(16)
    )
    print(f"{email} has signed up and confirmed the address.", flush=True)
    clerk = journey.sign_in(
        house.site,
        email=house.demo_people["billing"],
        password=house.demo_password,
        onward="/admin/",
    )
    with clerk:
        journey.give_credit(clerk, to=email, amount_micros=CREDIT_MICROS, reason="For the demo")
    print(f"The billing staff has given {journey.dollars(CREDIT_MICROS)} of credit.", flush=True)
    return member


def restore_with_each(member: Visitor, folder: Path) -> list[report.Restoration]:
    photo = journey.upload(member, journey.picture(SAMPLE))
    journey.give_consent(member, photo, depicted=DEPICTED)
    page = journey.prepared(member, photo)
    before = member.download(page.content.link("Download the original"), folder / "before.jpg")
    print(f"{SAMPLE.name} is uploaded, consented to and prepared.\n", flush=True)
    return [restore(member, photo, model, before, folder) for model in MODELS]


def restore(
    member: Visitor, photo: str, model: str, before: Path, folder: Path
) -> report.Restoration:
    began = time.monotonic()
    card = journey.order(member, photo, model)
    print(f"{model:<14}ordered for {journey.dollars(card.quoted_micros)}", flush=True)
    for fresh_card in journey.follow(member, card):
        took = time.monotonic() - began
        print(f"{model:<14}{card.state} → {fresh_card.state} ({took:.1f} s)", flush=True)
        card = fresh_card
    took = time.monotonic() - began
    after = ""
    if card.state == "DELIVERED":
        after = str(member.download(card.full_size, folder / f"after-{model}"))
    else:
        print(f"{model:<14}{card.text}", flush=True)
    return report.Restoration(
        model=model,
        state=card.state,
        seconds=round(took, 2),
        quoted_micros=card.quoted_micros,
        charged_micros=card.charged_micros,
        held_micros=card.held_micros,
        before=str(before),
        after=after,
    )


def unbalanced(house: Addresses) -> list[str]:
    """What the site's own check of the books complains of."""
    check = subprocess.run(
        [sys.executable, "manage.py", "check_ledger"],
        cwd=ROOT,
        env=house.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    return [] if check.returncode == 0 else [check.stderr.strip()]


def main() -> int:
    # SIGTERM as quiet and thorough as Ctrl-C, and Ctrl-C even where a shell told us to ignore it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    chosen = options(sys.argv[1:])
    try:
        run(chosen.var.resolve(), PACE | dict(pair.split("=", 1) for pair in chosen.env))
    except (DemoError, PageError, StackError) as problem:
        sentence = str(problem)
    except httpx.HTTPError as problem:
        sentence = f"The site could not be reached: {problem or type(problem).__name__}."
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    else:
        return 0
    sys.stdout.flush()
    print(f"The demo failed: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

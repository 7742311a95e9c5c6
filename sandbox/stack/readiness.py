"""Asks the site whether it is ready, and tells the person when it truly is."""

from __future__ import annotations

import http.client
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

from sandbox.stack.plan import Addresses

PATH = "/health/ready/"
ASK_EVERY_SECONDS = 0.2
PATIENCE_SECONDS = 180


def ask(port: int) -> str | None:
    """None when the site and a worker for each queue are ready, else what is missing."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", PATH)
        answer = connection.getresponse()
        body = answer.read(65_536)
    except OSError:
        return "The site does not answer yet."
    except http.client.HTTPException:
        return f"Something other than the site answers on port {port}."
    finally:
        connection.close()
    try:
        report = json.loads(body)
        missing = [text for text in report["checks"].values() if text]
        idle = [queue for queue, is_alive in report["workers_alive"].items() if not is_alive]
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"The site answers {PATH} with {answer.status} and no report."
    if missing:
        return " ".join(missing)
    if answer.status != 200:
        return f"The site answers {PATH} with {answer.status}."
    return f"No worker is alive yet for: {', '.join(idle)}." if idle else None


def wait(port: int, *, stopping: threading.Event, patience_seconds: float) -> str | None:
    """None as soon as the site is ready (or the wait was stopped), else what was still missing
    when the patience ended."""
    missing = None
    for _ in range(round(patience_seconds / ASK_EVERY_SECONDS)):
        missing = ask(port)
        if missing is None or stopping.wait(ASK_EVERY_SECONDS):
            return None
    return missing


def announce_when_ready(
    addresses: Addresses,
    *,
    port: int,
    stopping: threading.Event,
    say: Callable[[str], None],
    give_up: Callable[[str], None],
    ready_file: Path | None,
) -> None:
    """In a thread of its own: `say` the greeting and write `ready_file`, or `give_up`."""

    def run() -> None:
        missing = wait(port, stopping=stopping, patience_seconds=PATIENCE_SECONDS)
        if stopping.is_set():
            return
        if missing is not None:
            give_up(f"Heirloom is not ready after {PATIENCE_SECONDS} seconds. {missing}")
            return
        if ready_file is not None:
            write_ready_file(ready_file, addresses)
        say(greeting(addresses))

    threading.Thread(target=run, name="readiness", daemon=True).start()


def write_ready_file(path: Path, addresses: Addresses) -> None:
    """All at once, and for this user alone: it holds the house's secrets."""
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(addresses.as_dict(), file, indent=2)
    partial.rename(path)


def greeting(addresses: Addresses) -> str:
    """What a newcomer needs to know."""
    lines = ["", f"Heirloom is ready: {addresses.site}", ""]
    if addresses.demo_people:
        people = ", ".join(addresses.demo_people.values())
        lines.append(f"  Demo logins      {people}")
        lines.append(f"  Their password   {addresses.demo_password}")
    if addresses.mailbox:
        lines.append(f"  Mail sent        {addresses.mailbox}")
    if addresses.gateway:
        lines.append(f"  Sandbox gateway  {addresses.gateway}  (stand-ins, not the real models)")
    if addresses.cards:
        lines.append(f"  Sandbox cards    {addresses.cards}  (play money: refunds, disputes)")
    lines.append("  Ctrl-C stops everything; the data stays in " + addresses.var)
    return "\n".join([*lines, ""])

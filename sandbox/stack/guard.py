"""Ends the house when its launcher can't: after `kill -9`, a crash, a closed container.

A small process beside the launcher. It is told on its standard input what to end, one `group <id>`
or `process <id>` a line and `watch` at the end, then looks twice a second whether its parent still
lives. When the parent is gone it ends every group, politely first, and itself last.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress

LOOK_EVERY_SECONDS = 0.5
GRACE_SECONDS = 5.0


def start() -> subprocess.Popen[str]:
    """A guard over the calling process. It ignores the terminal's Ctrl-C."""
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox.stack.guard", str(os.getpid())],
        stdin=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def tell(guard: subprocess.Popen[str], *, groups: Iterable[int], processes: Iterable[int]) -> None:
    """Say what to end. Once: from here on the guard watches.

    The last line says so, because honcho's forked helpers hold the pipe open after we close it.
    """
    assert guard.stdin is not None
    with suppress(BrokenPipeError):
        guard.stdin.writelines(f"group {group}\n" for group in groups)
        guard.stdin.writelines(f"process {process}\n" for process in processes)
        guard.stdin.write("watch\n")
        guard.stdin.close()


def _signal_all(groups: Iterable[int], number: int) -> bool:
    """True when at least one group still lived."""
    alive = False
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
            alive = True
    return alive


def main(parent: int) -> None:
    known: dict[str, list[int]] = {"group": [], "process": []}
    for line in iter(sys.stdin.readline, ""):
        if line == "watch\n":
            break
        kind, number = line.split()
        known[kind].append(int(number))
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY_SECONDS)
    _signal_all(known["group"], signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline and _signal_all(known["group"], 0):
        time.sleep(0.1)
    _signal_all(known["group"], signal.SIGKILL)
    for process in known["process"]:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]))

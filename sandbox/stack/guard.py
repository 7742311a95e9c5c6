"""Ends the house when its launcher can't: after `kill -9`, a crash, a closed container.

A small process beside the launcher. It is told on its standard input what to end, one `group <id>`
or `process <id>` a line as each one starts, and looks twice a second whether its parent still
lives. When the parent is gone it ends every group, politely first, and itself last.
"""

from __future__ import annotations

import os
import select
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


def tell(
    guard: subprocess.Popen[str], *, groups: Iterable[int] = (), processes: Iterable[int] = ()
) -> None:
    """Say what else to end."""
    assert guard.stdin is not None
    with suppress(BrokenPipeError):
        guard.stdin.writelines(f"group {group}\n" for group in groups)
        guard.stdin.writelines(f"process {process}\n" for process in processes)
        guard.stdin.flush()


def _signal_all(groups: Iterable[int], number: int) -> bool:
    """True when at least one group still lived."""
    alive = False
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
            alive = True
    return alive


def _listen(parent: int) -> dict[str, list[int]]:
    """All that the parent has said until it was gone.

    The pipe says nothing of that: honcho's forked helpers hold it open.
    """
    known: dict[str, list[int]] = {"group": [], "process": []}
    pipe, rest = sys.stdin.fileno(), b""
    while True:
        is_gone = os.getppid() != parent  # asked first, so that its last word is heard
        ready, _, _ = select.select([pipe], [], [], 0 if is_gone else LOOK_EVERY_SECONDS)
        said = os.read(pipe, 4096) if ready else b""
        if is_gone and not said:
            return known
        if ready and not said:
            time.sleep(LOOK_EVERY_SECONDS)  # closed
        *lines, rest = (rest + said).split(b"\n")
        for line in lines:
            kind, number = line.decode().split()
            known[kind].append(int(number))


def main(parent: int) -> None:
    known = _listen(parent)
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

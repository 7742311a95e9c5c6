"""Runs a plan's processes under honcho until one dies or a person says stop.

Promises: every line is printed with the name of who said it; when one process dies all others are
ended and the dead one is named; nothing outlives the call, five seconds after the end was asked for
at the latest; and nothing outlives the launcher even when that is killed.
"""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from honcho.manager import Manager
from honcho.printer import Message, Printer

from sandbox.stack import guard
from sandbox.stack.errors import StackError
from sandbox.stack.plan import ELSEWHERE, Plan

# Of the five seconds that honcho gives everybody, the site has these before the rest is told.
SITE_GRACE_SECONDS = 2.0


class LogPrinter(Printer):  # type: ignore[misc]  # honcho has no types
    """honcho's prefixed lines, and our own words without a prefix."""

    def write(self, message: Message) -> None:
        if message.name is None:
            print(message.data, file=self.output, flush=True)
        else:
            super().write(message)


class Supervisor(Manager):  # type: ignore[misc]  # honcho has no types
    """honcho's manager, which also remembers who died first and can be stopped at any moment.

    honcho alone forgets a signal that comes before all processes have started, and waits for ever
    for one that ignores SIGTERM as long as no other has ended.
    """

    def __init__(self, plan: Plan, root: Path) -> None:
        super().__init__(LogPrinter(sys.stdout))
        self.first_dead: tuple[str, int] | None = None
        self.stopping = threading.Event()
        self._guard: subprocess.Popen[str] | None = None
        self._guarded: set[int] = set()
        self._killed = False
        for name, command in plan.processes.items():
            self.add_process(name, command, env=plan.env, cwd=str(root))

    def run(self) -> None:
        """Until the end. Raises StackError when a process died by itself."""
        try:
            self.loop()
        finally:
            self.stopping.set()
            if self._guard is not None:
                self._guard.kill()
                self._guard.wait()
        if self.first_dead is not None:
            name, status = self.first_dead
            how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
            raise StackError(
                f"{name} {how}, so everything was stopped; its last lines above say why."
            )

    def say(self, text: str) -> None:
        """Print `text` without a prefix, in its turn among the processes' lines. Thread-safe."""
        now = datetime.datetime.now()
        self.events.put(Message(type="line", data=text, time=now, name=None, colour=None))

    def terminate(self) -> None:
        self.stopping.set()
        if self._all_started():
            super().terminate()

    def kill(self) -> None:
        if not self._killed:
            self._killed = True
            super().kill()

    def _killall(self, force: bool = False) -> None:
        """The site's processes first: a worker whose Redis went before it does not end politely."""
        if force:
            super()._killall(force=True)
            return
        outside = {name: one for name, one in self._processes.items() if name in ELSEWHERE}
        site = {name: one for name, one in self._processes.items() if name not in ELSEWHERE}

        def end_the_outside() -> None:
            deadline = time.monotonic() + SITE_GRACE_SECONDS
            while time.monotonic() < deadline and any("returncode" not in o for o in site.values()):
                time.sleep(0.05)
            self._signal(outside)

        self._signal(site)
        threading.Thread(target=end_the_outside, name="end-the-outside", daemon=True).start()

    def _signal(self, processes: dict[str, dict[str, Any]]) -> None:
        for one in processes.values():
            if "returncode" not in one:
                self._procmgr.terminate(one["pid"])

    def _start(self) -> None:
        self._guard = guard.start()
        super()._start()
        guard.tell(self._guard, processes=[one["process"].pid for one in self._processes.values()])

    def _guard_what_has_started(self) -> None:
        started = {one["pid"] for one in self._processes.values() if "pid" in one}
        new, self._guarded = started - self._guarded, started
        if self._guard is not None and new:  # a signal asks this, too, perhaps while we tell
            guard.tell(self._guard, groups=new)

    def _any_stopped(self) -> bool:
        """honcho asks this once a round, after all have started, until it begins to stop."""
        if self.first_dead is None and not self.stopping.is_set():
            self.first_dead = next(
                (
                    (name, one["returncode"])
                    for name, one in self._processes.items()
                    if "returncode" in one
                ),
                None,
            )
        return self.stopping.is_set() or self.first_dead is not None

    def _system_print(self, data: str) -> None:
        """honcho's own remarks, one at each start: only that a signal came is worth a line."""
        self._guard_what_has_started()
        if data.endswith("received\n"):
            self.say("\nStopping …")  # printed from here, it would end in the middle of a print


def stop_with(parent: int, supervisor: Supervisor) -> None:
    """End when the process `parent`, which started us, is gone."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        supervisor.terminate()

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()

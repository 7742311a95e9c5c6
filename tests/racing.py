"""Do one thing many times at once, each on a thread and a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from django.db import connection

Outcome = TypeVar("Outcome")


def at_once(times: int, act: Callable[[int], Outcome]) -> list[Outcome]:
    """What each of `times` calls returned, called with its number; the first failure is raised."""
    start = threading.Barrier(times)
    outcomes: list[Outcome] = []
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            start.wait()
            outcomes.append(act(number))
        except BaseException as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return outcomes


def many_at_once(racers: int, times: int, act: Callable[[int], Outcome]) -> list[Outcome]:
    """The same for more calls than a database has room for: each racer makes its share in turn."""
    shares = at_once(racers, lambda racer: [act(n) for n in range(racer, times, racers)])
    return [outcome for share in shares for outcome in share]

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

"""How many of the web's threads may wait for the store, or hold a decoded picture, at a time.

A store that hangs must not stop the site: whoever comes when all places are taken is told so at
once, and the other threads serve pages and the vendors' callbacks. Counted within one process, as
its threads are. A page that only has a copy deleted takes no place: it waits for seconds at most,
and a member who withdraws comes before one who uploads.
"""

from __future__ import annotations

import threading
import weakref
from types import TracebackType

from django.conf import settings

STORE = threading.BoundedSemaphore(settings.STORE_WAITS_AT_ONCE)
# Who has a place waits here for a processor, not for the outside: decoded, a picture is large.
DECODING = threading.BoundedSemaphore(settings.DECODED_AT_ONCE)


class AllTaken(Exception):
    """As many as may are waiting for the store already. Trying again in a moment can help."""


class Place:
    """Held until `leave`, or until nobody has this object any more. Raises AllTaken."""

    def __init__(self) -> None:
        if not STORE.acquire(blocking=False):
            raise AllTaken
        self._leave = weakref.finalize(self, STORE.release)  # once, however often it is called

    def leave(self) -> None:
        self._leave()

    def __enter__(self) -> Place:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.leave()

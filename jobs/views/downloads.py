"""A ZIP on its way: one at a time for each member, a few at a time for the house."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack

from django.conf import settings
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _

from accounts.models import User
from jobs import places
from jobs.turns import Turn

TURN_SECONDS = 900  # renewed with every picture
Bytes = Callable[[Callable[[], None]], Generator[bytes]]


class NotNow(Exception):
    """Another download is under way. The message is for the member."""


class Download:
    """Whoever waited for the turn gets it when this ends, however it ends."""

    def __init__(self, stream: Bytes, turns: list[Turn], place: places.Place) -> None:
        self._turns, self._place = turns, place
        self._bytes = stream(self._renew)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._bytes)

    def close(self) -> None:
        self._bytes.close()
        self._place.leave()
        for turn in self._turns:
            turn.end()

    def _renew(self) -> None:
        for turn in self._turns:
            turn.renew()


def zip_response(*, member: User, name: str, stream: Bytes) -> StreamingHttpResponse:
    """What `stream` writes, sent under this name; it is told how to renew its turn.

    Raises NotNow.
    """
    mine = Turn(f"export:{member.pk}", seconds=TURN_SECONDS)
    if not mine.begin():
        raise NotNow(_("Another download of yours is under way. Please let it end first."))
    try:
        with ExitStack() as held:
            place = held.enter_context(places.Place())
            slot = _slot()
            held.pop_all()  # the download lets go of them
    except places.AllTaken:
        mine.end()
        raise NotNow(
            _("Others are downloading just now. Please try again in a few minutes.")
        ) from None
    return StreamingHttpResponse(
        Download(stream, [mine, slot], place),
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _slot() -> Turn:
    """One of the house's. Raises AllTaken."""
    for number in range(settings.EXPORTS_AT_ONCE):
        slot = Turn(f"export-slot:{number}", seconds=TURN_SECONDS)
        if slot.begin():
            return slot
    raise places.AllTaken

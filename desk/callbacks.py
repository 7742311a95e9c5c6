"""The callbacks of one job as its page shows them: the newest open, the others folded and paged.

However many came, the page stays short: so many a page, and of a long body its beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator

from desk.masking import masked
from jobs.models import Attempt, Delivery
from jobs.steps import intervene

OPEN = 3
A_PAGE = 20
LETTERS_SHOWN = 1_000


@dataclass(frozen=True)
class DeliveryFile:
    """A callback as it may be shown: with its secrets only to somebody who asked for them."""

    row: Delivery
    is_shown: bool = False
    is_whole: bool = False

    @property
    def text(self) -> str:
        """All of its body that may be shown."""
        if self.is_shown:
            return self.row.body
        request_id = self.row.attempt.request_id if self.row.attempt else None
        return masked(self.row.body, request_id)

    @property
    def body(self) -> str:
        return self.text if self.is_shown or self.is_whole else self.text[:LETTERS_SHOWN]

    @property
    def letters_more(self) -> int:
        """How many letters are cut off."""
        return len(self.text) - len(self.body)

    @property
    def hides_something(self) -> bool:
        return not self.is_shown and self.text != self.row.body

    @property
    def may_be_replayed(self) -> bool:
        return intervene.may_replay(self.row)


@dataclass(frozen=True)
class Callbacks:
    """One page of them, newest first; `not_kept` more came that nothing but the number is known of.

    `page` is of the rows without their bodies.
    """

    page: Page[Delivery]
    newest: list[DeliveryFile]
    folded: list[DeliveryFile]
    not_kept: int


def of_job(
    kept: Sequence[Delivery],
    attempts: Sequence[Attempt],
    *,
    page: str = "1",
    shown: int | None = None,
    whole: int | None = None,
) -> Callbacks:
    """One query, for the bodies; `kept` are the job's deliveries without them, newest first.

    `shown` is the delivery whose body is shown with its secrets, `whole` the one that is not cut;
    the page is the one on which that delivery stands.
    """
    wanted = shown or whole
    if wanted is not None:
        page = str(sum(row.pk > wanted for row in kept) // A_PAGE + 1)
    found = Paginator(kept, A_PAGE).get_page(page)
    rows = (
        Delivery.objects.filter(pk__in=[row.pk for row in found])
        .select_related("attempt", "replayed_by")
        .order_by("-pk")
    )
    files = [DeliveryFile(row, row.pk == shown, row.pk == whole) for row in rows]
    is_open = [
        (place < OPEN and found.number == 1) or one.row.pk == wanted
        for place, one in enumerate(files)
    ]
    came = sum(attempt.callbacks for attempt in attempts)
    return Callbacks(
        page=found,
        newest=[one for one, here in zip(files, is_open, strict=True) if here],
        folded=[one for one, here in zip(files, is_open, strict=True) if not here],
        not_kept=max(0, came - sum(row.replay_of_id is None for row in kept)),
    )

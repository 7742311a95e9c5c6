"""Delete what lies in S3 and belongs to no photo.

Every object has a row before it is stored (`intake`), and `erase` looks twice. But a worker that
was slower than both and is killed, or a store that takes an upload long after we gave it up, could
leave a member's picture that no page shows and nobody would ever erase. Once a day everything under
`photos/` is compared with the rows; what has none, or one that is erased, and has lain there for
longer than any upload takes, goes. When that is much, nothing goes: staff are told, look, and say
so themselves (`manage.py erase_orphans --all`).
"""

from __future__ import annotations

import logging
import uuid
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction

from accounts import letters
from accounts.roles import staff_with
from jobs import storage
from jobs.models import OrphanCheck, Photo, PhotoState

log = logging.getLogger(__name__)
FOLDER = "photos/"
SURELY_OVER = timedelta(days=1)
MOST_ORPHANS = 20
MOST_PAGES = 1000  # of a thousand photos each
NAMED = 1000
NAMED_IN_A_LETTER = 5
PERMISSION = "jobs.change_restorationjob"


def erase(now: datetime, *, however_many: bool = False) -> OrphanCheck:
    """What went, and what was left. Raises StorageUnavailable: the next day does the rest.

    None goes when there are many, unless somebody said so who has looked: then it is likelier that
    the database is another one than this bucket's, or an older copy, than that so many uploads
    broke off. Staff are written to when that begins.
    """
    orphans = find(now)
    if len(orphans) > MOST_ORPHANS and not however_many:
        log.error("%d folders in S3 belong to no photo of this database", len(orphans))
        return _note(erased=0, left=orphans)
    for folder in orphans:
        log.warning("erasing %s: no photo has it", folder)
        storage.erase(folder)
    return _note(erased=len(orphans), left=[])


def find(now: datetime) -> list[str]:
    """The folders that have lain there for a day and belong to no photo.

    Raises StorageUnavailable.
    """
    return [
        folder
        for page in islice(storage.folders(FOLDER), MOST_PAGES)
        for folder in _without_a_row(page)
        if (newest := storage.newest_under(folder)) and newest < now - SURELY_OVER
    ]


def _note(*, erased: int, left: list[str]) -> OrphanCheck:
    """Keep what came of it; tell staff when there is something left that wasn't before."""
    with transaction.atomic():
        before = OrphanCheck.objects.first()
        check = OrphanCheck.objects.create(
            erased_count=erased, left_count=len(left), left=left[:NAMED]
        )
        if left and (before is None or not before.left_count):
            for person in staff_with(PERMISSION):
                letters.write(
                    to=person,
                    kind="orphans_left",
                    key=f"orphans:{check.pk}:{person.pk}",
                    context={"count": len(left), "folders": check.left[:NAMED_IN_A_LETTER]},
                )
    return check


def _without_a_row(folders: list[str]) -> list[str]:
    """Those of these folders that no photo has, or one that is erased.

    What isn't named as a photo's is let be.
    """
    folder_of: dict[uuid.UUID, str] = {}
    for folder in folders:
        try:
            folder_of[uuid.UUID(folder.removeprefix(FOLDER).rstrip("/"))] = folder
        except ValueError:
            continue
    photos = Photo.objects.exclude(state=PhotoState.ERASED).filter(pk__in=list(folder_of))
    known = set(photos.values_list("pk", flat=True))
    return [folder for key, folder in folder_of.items() if key not in known]

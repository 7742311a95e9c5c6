"""Delete what lies in S3 and belongs to no photo.

Every object has a row before it is stored (`intake`), and `erase` looks twice. But a worker that
was slower than both and is killed, or a store that takes an upload long after we gave it up, could
leave a member's picture that no page shows and nobody would ever erase. Once a day everything under
`photos/` is compared with the rows; what has none, or one that is erased, and has lain there for
longer than any upload takes, goes.
"""

from __future__ import annotations

import logging
import uuid
from datetime import datetime, timedelta
from itertools import islice

from jobs import storage
from jobs.models import Photo, PhotoState

log = logging.getLogger(__name__)
FOLDER = "photos/"
SURELY_OVER = timedelta(days=1)
MOST_ORPHANS = 20
MOST_PAGES = 1000  # of a thousand photos each


def erase(now: datetime) -> int:
    """Says how many orphans went. Raises StorageUnavailable: the next day does the rest.

    None goes when there are many: then it is likelier that the database is another one than this
    bucket's, or an older copy, than that so many uploads broke off.
    """
    orphans = [
        folder
        for page in islice(storage.folders(FOLDER), MOST_PAGES)
        for folder in _without_a_row(page)
        if (newest := storage.newest_under(folder)) and newest < now - SURELY_OVER
    ]
    if len(orphans) > MOST_ORPHANS:
        log.error("%d folders in S3 belong to no photo of this database", len(orphans))
        return 0
    for folder in orphans:
        log.warning("erasing %s: no photo has it", folder)
        storage.erase(folder)
    return len(orphans)


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

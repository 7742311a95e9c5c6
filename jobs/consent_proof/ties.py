"""Whether rows that belong together still do: no seal holds these, so the rows are compared.

Only what no honest course of things leads to is a finding. A job that was sent goes on under the
statement it was sent under, also when another has replaced that; an attempt may be older than what
its job's consent says now. Everything is compared by the database, so no value has to be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, F, Max, OuterRef, QuerySet, Value
from django.db.models.functions import Concat

from jobs.models import (
    Attempt,
    Consent,
    ConsentEvent,
    ConsentStatus,
    Photo,
    PhotoState,
    RestorationJob,
)
from jobs.models.consent import OVER
from jobs.models.photo import GONE
from jobs.rows import Stored, named


def findings(now: datetime) -> Iterator[str]:
    """Seven queries."""
    for found, what in (
        (_of_another_owner(), "consent {}: its photo is not of the member who gave it"),
        (_about_another_photo(), "job {}: its consent is about another photo"),
        (_not_named(), "job {}: a copy went to a vendor whom no statement named then"),
        (_set_back(), "photo {}: it was erased, and stands as if it were there"),
        (_kept(), "photo {}: what was said about it has ended, and it is not erased"),
        (_still_said(), "photo {}: it is erased, and what was said about it still stands"),
        (_still_moving(now), "job {}: its consent has ended, and it goes on"),
    ):
        stored = found.values_list("stored", flat=True).distinct()
        yield from (what.format(one) for one in sorted(map(named, stored)))


def _of_another_owner() -> QuerySet[Any]:
    return _keyed(Consent.objects.exclude(given_by=F("photo__owner")))


def _about_another_photo() -> QuerySet[Any]:
    return _keyed(RestorationJob.objects.exclude(consent__photo=F("photo")))


def _not_named() -> QuerySet[Any]:
    """A statement that had ended when the attempt was opened did not name its vendor any more."""
    ended = ConsentEvent.objects.filter(
        consent=OuterRef("pk"), to_status__in=OVER, at__lt=OuterRef(OuterRef("created_at"))
    )
    naming = Consent.objects.filter(
        ~Exists(ended),
        photo=OuterRef("job__photo"),
        created_at__lte=OuterRef("created_at"),
        vendors__contains=Concat(Value("|"), OuterRef("vendor"), Value("|")),
    )
    named_now = Concat(Value("|"), F("vendor"), Value("|"))
    elsewhere = Attempt.objects.reached_a_vendor().exclude(
        job__consent__vendors__contains=named_now
    )
    return _keyed(elsewhere.filter(~Exists(naming)), "job_id")


def _set_back() -> QuerySet[Any]:
    """What never arrived whole is erased twice as well, and then has no row any more."""
    going = (*GONE, PhotoState.BROKEN_OFF)
    return _keyed(Photo.objects.filter(erased_at__isnull=False).exclude(state__in=going))


def _kept() -> QuerySet[Any]:
    """Whatever ends the newest statement for good erases the photo in the same transaction."""
    ended = [ConsentStatus.WITHDRAWN, ConsentStatus.EXPIRED]
    newest = Consent.objects.newest_of_each_photo().filter(status__in=ended)
    return _keyed(newest.exclude(photo__state__in=GONE), "photo_id")


def _still_said() -> QuerySet[Any]:
    """The other way round: a withdrawal whose last event was cut off."""
    return _keyed(Consent.objects.standing().filter(photo__state__in=GONE), "photo_id")


def _still_moving(now: datetime) -> QuerySet[Any]:
    """Whom a newer statement has replaced is no finding: it has let the job go on."""
    standing = Consent.objects.standing().filter(photo=OuterRef("photo"))
    jobs = RestorationJob.objects.unfinished().filter(~Exists(standing), consent__status__in=OVER)
    long_ago = now - timedelta(seconds=settings.LEASE_SECONDS)
    return _keyed(jobs.annotate(ended=Max("consent__events__at")).filter(ended__lt=long_ago))


def _keyed(rows: QuerySet[Any], key: str = "pk") -> QuerySet[Any]:
    keyed: QuerySet[Any] = rows.order_by().annotate(stored=Stored(key))
    return keyed

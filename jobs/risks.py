"""What a reviewer should know about a statement before looking at it: flags, never decisions.

Computed when the statement is given, from what is known then, and stored with it; how many faces a
picture shows may be learnt later, when its copies are made.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from jobs import rows
from jobs.models import Consent, ConsentEvent, ConsentStatus, Depicted, Photo
from jobs.models.consent import REPLACED, UNDECIDED

FACES_MANY = 5
SOURCES_MOST = 5


class Risk(models.TextChoices):
    """Why to look twice; in the order in which they are shown."""

    CHILD = "CHILD", _("Child")
    OTHER_PERSON = "OTHER_PERSON", _("Somebody else")
    MANY_FACES = "MANY_FACES", _("Many faces")
    WITHDRAWN_BEFORE = "WITHDRAWN_BEFORE", _("Withdrawn before")
    REJECTED_BEFORE = "REJECTED_BEFORE", _("Member rejected before")


CODES = {Risk.CHILD: Depicted.CHILD, Risk.OTHER_PERSON: Depicted.OTHER}


def said_before(photos: Sequence[Photo]) -> Mapping[str, set[str]]:
    """Who was ever said to be in pictures of these bytes, whoever said it, by the bytes' hash.

    What a reviewer rejected is among it: only a statement that names a child or somebody else, or
    follows one that did, gets to a reviewer.
    """
    said: defaultdict[str, set[str]] = defaultdict(set)
    hashes = {photo.sha256 for photo in photos}
    earlier = Consent.objects.filter(photo_sha256__in=hashes)
    for sha256, codes in earlier.values_list("photo_sha256", "depicted"):
        said[sha256].update(codes)
    return said


def risks_of(
    *, photos: Sequence[Photo], by: User, depicted: Iterable[str]
) -> Mapping[uuid.UUID, str]:
    """For each photo the flags of a statement that is being given, as `|CHILD|MANY_FACES|`.

    Who was ever said to be in a picture counts, not only who is said to be in it now: a child that
    a second statement leaves out is still there, also when another member brings the same picture.
    A fixed number of queries.
    """
    hashes = {photo.sha256 for photo in photos}
    said = said_before(photos)
    # Whoever took it back: the same picture may come again from another member.
    taken_back = set(
        ConsentEvent.objects.filter(
            to_status=ConsentStatus.WITHDRAWN, consent__photo_sha256__in=hashes
        )
        .exclude(why=REPLACED)
        .values_list("consent__photo_sha256", flat=True)
    )
    rejected = ConsentEvent.objects.filter(
        to_status=ConsentStatus.REJECTED, consent__given_by=by
    ).exists()
    found = {}
    for photo in photos:
        codes = {*depicted, *said[photo.sha256]}
        holds = {
            Risk.CHILD: Depicted.CHILD in codes,
            Risk.OTHER_PERSON: Depicted.OTHER in codes,
            Risk.MANY_FACES: len(photo.faces) >= FACES_MANY,
            Risk.WITHDRAWN_BEFORE: photo.sha256 in taken_back,
            Risk.REJECTED_BEFORE: rejected,
        }
        found[photo.pk] = _stored(risk for risk in Risk if holds[risk])
    return found


def faces_found(photo: Photo) -> None:
    """Flag what is undecided when a picture shows many. The caller holds the photo's lock."""
    if len(photo.faces) < FACES_MANY:
        return
    for consent in photo.consents.filter(status__in=UNDECIDED).order_by("pk").select_for_update():
        consent.risks = _stored({*flags(consent), Risk.MANY_FACES})
        consent.save(update_fields=["risks"])


def flags(consent: Consent) -> list[Risk]:
    """Those of a consent, in the order in which they are shown."""
    held = consent.risks.split("|")
    return [risk for risk in Risk if risk in held]


@dataclass(frozen=True)
class Source:
    """A flag, and the earlier statements because of which it stands; none if this one says it."""

    risk: Risk
    statements: Sequence[Consent]


def sources(consent: Consent) -> list[Source]:
    """Why each flag of a consent is there, the newest statements first.

    One that can't be read is none of them, and hides no other. Two queries a flag, at most.
    """
    before = (
        Consent.objects.exclude(pk=consent.pk)
        .filter(created_at__lte=consent.created_at)
        .for_reviewers()
        .select_related("photo")
        .prefetch_related("decisions")
        .order_by("-created_at")
    )
    theirs = before.filter(given_by=consent.given_by_id)
    same_bytes = Q(photo_sha256=consent.photo_sha256)
    found = []
    for risk in flags(consent):
        said: Sequence[Consent] = ()
        match risk:
            case Risk.CHILD | Risk.OTHER_PERSON if CODES[risk] not in consent.depicted:
                every, _lost = rows.read(before.filter(same_bytes), beside=["photo"])
                said = [one for one in every if CODES[risk] in one.depicted][:SOURCES_MOST]
            case Risk.WITHDRAWN_BEFORE:
                events = ConsentEvent.objects.filter(to_status=ConsentStatus.WITHDRAWN)
                said = _newest(before.filter(same_bytes, _has(events.exclude(why=REPLACED))))
            case Risk.REJECTED_BEFORE:
                events = ConsentEvent.objects.filter(to_status=ConsentStatus.REJECTED)
                said = _newest(theirs.filter(_has(events)))
        found.append(Source(risk, said))
    return found


def _newest(statements: models.QuerySet[Consent]) -> Sequence[Consent]:
    whole, _lost, _more = rows.first(statements, SOURCES_MOST, beside=["photo"])
    return whole


def _has(events: models.QuerySet[ConsentEvent]) -> models.Exists:
    return models.Exists(events.filter(consent=models.OuterRef("pk")))


def _stored(risks: Iterable[Risk]) -> str:
    chosen = set(risks)
    return "".join(f"|{risk}" for risk in Risk if risk in chosen) + "|" if chosen else ""

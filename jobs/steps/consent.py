"""Give and withdraw consent; each change leaves a sealed event and acts at once.

Lock order: photo, consent, job, attempt, wallet.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import gettext_noop

from accounts import kept, letters
from accounts.models import User
from accounts.reading import as_read_by
from jobs import consent_chain, notices, risks
from jobs.models import (
    AlbumPhoto,
    Attempt,
    AttemptOutcome,
    Consent,
    ConsentEvent,
    ConsentNotice,
    ConsentStatus,
    ConsentWording,
    Depicted,
    Photo,
    PhotoState,
    RestorationJob,
    ReviewDecision,
)
from jobs.models.consent import NEEDS_REVIEW, OVER, REPLACED, UNDECIDED, parse_vendors
from jobs.states import TERMINAL, UNSENT, JobState
from jobs.steps import abandon, aftermath
from jobs.wording import Words


class ConsentError(Exception):
    """Not allowed. The message is for the person who asked."""


# How a statement began and why it ended, as its events keep it.
READ_NOTICE = kept.sentence(gettext_noop("read notice version %(version)s"))
WITHDRAWN_BY_MEMBER = gettext_noop("withdrawn by the member")
ACCOUNT_CLOSED = gettext_noop("the account was closed")
NOTICE_CHANGED = lazy("Our notice has changed while you were reading. Here is the new one.")
WORDS_CHANGED = lazy(
    "Our words on this page have changed while you were reading. Nothing is ticked now: please "
    "read them again."
)
UNDER_WAY = lazy(
    "A restoration is under way on what you said before, and what you say now would not allow it "
    "at once. Wait until it has ended, stop waiting for it, or withdraw consent, which stops "
    "everything."
)


class CannotSay(ConsentError):
    """Of some of the photos nothing can be said now; `why` has the words for each, by its pk."""

    def __init__(self, why: Mapping[uuid.UUID, str]) -> None:
        self.why = why
        super().__init__(next(iter(why.values())))


class NoticeChanged(ConsentError):
    """A later version of the notice is out: what was read is not what would be recorded."""


def give_many(
    *,
    photos: Sequence[Photo],
    by: User,
    session_key: str,
    notice: ConsentNotice,
    notice_language: str,
    words: Words,
    depicted: Sequence[str],
    basis: str,
    vendors: Sequence[str],
    keep_until: date | None,
) -> list[Consent]:
    """Record one statement for each photo, about its own bytes, all of them or none.

    Each replaces those before it. Children and other people wait for a reviewer; the rest is live
    at once. Once a statement about a picture needed a reviewer, every later one about the same
    bytes does too, whoever gives it. `words` are those that stood beside the boxes,
    `notice_language` is that of the text that was read above them.

    Raises NoticeChanged unless `notice` is the newest, CannotSay when a photo is gone, a reviewer
    has it, or a copy of it is with a vendor that the statement does not allow at once: what was
    sent under one statement is never left to the outcome of another. Raises ValueError for a vendor
    that was not asked about, and for a language in which the notice does not stand.
    """
    read = notice.in_language(notice_language)
    if read.language != notice_language:
        raise ValueError("Nobody can have read what was not written.")
    if not set(vendors) <= set(words.vendors):
        raise ValueError("Nobody can agree to what was not asked.")
    with transaction.atomic():
        wanted = [photo.pk for photo in photos]
        photos = list(Photo.objects.filter(pk__in=wanted).order_by("pk").select_for_update())
        if notice.version != notices.newest_version():
            raise NoticeChanged(str(NOTICE_CHANGED))
        replaced = _to_replace(photos, notice)
        # All of them, not the unsent alone: one that is claimed while we wait for its row is sent.
        unfinished = RestorationJob.objects.filter(photo__in=photos).unfinished()
        jobs = list(unfinished.order_by("pk").select_for_update())
        seen_before = risks.said_before(photos)
        to_review = {
            photo.pk
            for photo in photos
            if not NEEDS_REVIEW.isdisjoint(
                Depicted(code) for code in (*depicted, *seen_before[photo.sha256])
            )
        }
        if why := _not_allowed(jobs, to_review=to_review, vendors=vendors):
            raise CannotSay(why)
        risks_of = risks.risks_of(photos=photos, by=by, depicted=depicted)
        wording = ConsentWording.objects.shown(words.text)
        given = []
        for photo in photos:
            consent = Consent.objects.create(
                photo=photo,
                photo_sha256=photo.sha256,
                given_by=by,
                session_fingerprint=hashlib.sha256(session_key.encode()).hexdigest(),
                notice=notice,
                notice_language=read.language,
                notice_sha256=read.sha256,
                wording=wording,
                depicted=list(depicted),
                basis=basis,
                purpose_restore=True,
                vendors=parse_vendors(vendors),
                keep_until=keep_until,
                status=(
                    ConsentStatus.PENDING_REVIEW if photo.pk in to_review else ConsentStatus.GRANTED
                ),
                risks=risks_of[photo.pk],
            )
            note(consent, "", by, READ_NOTICE % {"version": notice.version})
            for earlier in replaced[photo.pk]:
                _replace(earlier, consent, by)
            given.append(consent)
    return given


def _to_replace(
    photos: Sequence[Photo], notice: ConsentNotice
) -> Mapping[uuid.UUID, list[Consent]]:
    """What still stands of earlier statements, locked. Raises CannotSay for what can't be."""
    replaced: defaultdict[uuid.UUID, list[Consent]] = defaultdict(list)
    standing = Consent.objects.filter(photo__in=photos).standing()
    for earlier in standing.order_by("pk").select_for_update():
        replaced[earlier.photo_id].append(earlier)
    if why := obstacles(photos, notice):
        raise CannotSay(why)
    return replaced


def _not_allowed(
    jobs: Sequence[RestorationJob], *, to_review: Collection[uuid.UUID], vendors: Collection[str]
) -> dict[uuid.UUID, str]:
    """Of which photos a vendor has, or may have, a copy now that this statement does not allow.

    The caller holds the locks of the jobs.
    """
    sent = {job.pk: job.photo_id for job in jobs if job.state not in UNSENT}
    tried = Attempt.objects.filter(job__in=sent).exclude(outcome=AttemptOutcome.NOT_ACCEPTED)
    elsewhere = tried.exclude(vendor__in=vendors).values_list("job_id", flat=True)
    affected = {photo for photo in sent.values() if photo in to_review}
    affected |= {sent[job] for job in elsewhere} if sent else set()
    return dict.fromkeys(affected, str(UNDER_WAY))


def obstacles(photos: Sequence[Photo], notice: ConsentNotice) -> dict[uuid.UUID, str]:
    """Of which photos nothing can be said now, and why, in the photos' order; one query."""
    undecided = Consent.objects.filter(photo__in=photos, notice=notice, status__in=UNDECIDED)
    with_a_reviewer = set(undecided.values_list("photo_id", flat=True))
    why = {}
    for photo in photos:
        if photo.is_erased:
            why[photo.pk] = _("This photo has been erased.")
        elif photo.is_in_trash:
            why[photo.pk] = _("This photo is in the trash. Put it back first.")
        elif photo.pk in with_a_reviewer:
            why[photo.pk] = _("A reviewer is looking at what you said about this photo.")
    return why


@dataclass(frozen=True)
class Outlook:
    """What a withdrawal would do now: how many restorations wait, are under way, came back, and
    how many copies a vendor has, or may have, received: one that refused could fetch its own."""

    waiting: int
    under_way: int
    delivered: int
    copies_sent: int


def outlook(photo: Photo) -> Outlook:
    """For the words beside the button; two queries."""
    states = Counter(RestorationJob.objects.filter(photo=photo).values_list("state", flat=True))
    waiting = sum(states[state] for state in UNSENT)
    over = sum(states[state] for state in TERMINAL)
    return Outlook(
        waiting=waiting,
        under_way=states.total() - waiting - over,
        delivered=states[JobState.DELIVERED],
        copies_sent=Attempt.objects.filter(job__photo=photo).reached_a_vendor().count(),
    )


def withdraw(*, photo: Photo, by: User) -> None:
    """Stop everything for a photo: unfinished jobs end uncharged, its pictures are erased.

    A letter says what became of each; a second time changes nothing and writes none.
    """
    with transaction.atomic():
        photo = Photo.objects.select_for_update().get(pk=photo.pk)
        if photo.is_erased:
            return
        forget(
            photo,
            to=ConsentStatus.WITHDRAWN,
            by=by,
            why=WITHDRAWN_BY_MEMBER,
            code="withdrawn",
            words=gettext_noop("You withdrew consent for this photo."),
        )
        with as_read_by(photo.owner):
            restorations = [
                {
                    "model": one.model,
                    "ordered": date_format(timezone.localtime(one.ordered_at)),
                    "words": f"{one.ended} {one.money} {one.vendor}",
                }
                for one in aftermath.of_photo(photo)
            ]
        letters.write(
            to=photo.owner,
            kind="consent_withdrawn",
            key=f"withdrawn:{photo.pk}",
            context={
                "title": photo.title,
                "photo": str(photo.pk),
                "restorations": restorations,
            },
        )


def forget(
    photo: Photo, *, to: ConsentStatus, by: User | None, why: str, code: str, words: str
) -> None:
    """The one way in which a photo goes, whatever the reason; the caller holds its lock.

    Consents that stand become `to`; if that is WITHDRAWN, so does the newest that a reviewer
    rejected, for the member takes back what they said last. (A date that passes takes nothing
    back: what a reviewer decided stays on record as they decided it.) Unfinished jobs end
    uncharged (`code`, and `words` for the member), and the pictures are erased. `by` is None when
    it was the clock.
    """
    said = list(photo.consents.order_by("created_at", "pk").select_for_update())
    given = [one for one in said if one.status not in OVER]
    if to == ConsentStatus.WITHDRAWN:
        given += [one for one in said[-1:] if one.status == ConsentStatus.REJECTED]
    for job in RestorationJob.objects.filter(photo=photo).unfinished().select_for_update():
        abandon.end(job, JobState.CANCELLED, by="member" if by else "clock", code=code, words=words)
    for consent in given:
        change(consent, to, by, why)
    if not photo.is_erased:
        AlbumPhoto.objects.filter(photo=photo).delete()
        photo.state = PhotoState.ERASING
        photo.due_at, photo.tries = timezone.now(), 0
        photo.lease_token = photo.lease_until = None
        photo.save()


def _replace(earlier: Consent, consent: Consent, by: User) -> None:
    """Unsent jobs go on under the newer statement if that lets them; else they end uncharged.

    What waited for a reviewer goes on waiting, now under the newer statement.
    """
    change(earlier, ConsentStatus.WITHDRAWN, by, REPLACED)
    jobs = RestorationJob.objects.filter(consent=earlier).unsent()
    if consent.status == ConsentStatus.GRANTED:
        jobs.update(consent=consent)
        return
    jobs.filter(state=JobState.AWAITING_CONSENT).update(consent=consent)
    for job in jobs.filter(state=JobState.READY).select_for_update():
        abandon.end(
            job,
            JobState.CANCELLED,
            by="member",
            code="consent_replaced",
            words=gettext_noop(
                "You said something new about this photo, which a reviewer looks at first."
            ),
        )


def change(
    consent: Consent,
    to: ConsentStatus,
    by: User | None,
    why: str,
    *,
    decision: ReviewDecision | None = None,
) -> None:
    """The one way to another status. The caller holds the consent's lock."""
    was, consent.status = consent.status, to
    consent.save(update_fields=["status"])
    note(consent, was, by, why, decision=decision)


def note(
    consent: Consent,
    was: str,
    by: User | None,
    why: str,
    *,
    decision: ReviewDecision | None = None,
) -> None:
    """One event more, sealed, with the reviewer's decision that it tells of.

    The caller holds the consent's lock, or has just made it.
    """
    last = consent.events.order_by("-number").first()
    event = ConsentEvent(
        consent=consent,
        number=last.number + 1 if last else 1,
        from_status=was,
        to_status=consent.status,
        by=by,
        why=why[:500],
        decision_sha256=consent_chain.decision_sha256(decision) if decision else "",
        previous_sha256=last.sha256 if last else consent_chain.FIRST,
        form=consent_chain.FORM,
    )
    statement = consent_chain.statement_sha256(consent, form=event.form)
    event.sha256 = consent_chain.event_sha256(event, statement=statement, form=event.form)
    event.save()

"""What reviewers do with a statement that waits: take it in hand, approve it, reject it, ask.

Each decision is made once, under the photo's and the consent's locks: a row that can't be changed
(`ReviewDecision`), a sealed event, an entry in the audit trail and, when the member has to hear, a
letter, all in one transaction. It is bound to what the reviewer's page showed: other bytes or
another notice since then, and nothing is decided. Jobs that waited go on, or end uncharged.

Lock order, here and everywhere: photo, consent, job, attempt, wallet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import audit, letters
from accounts.models import User
from accounts.reading import as_read_by, on_record
from accounts.words import said
from jobs import rows
from jobs.models import (
    Consent,
    ConsentNotice,
    ConsentStatus,
    Depicted,
    Photo,
    PhotoState,
    RejectionReason,
    RestorationJob,
    ReviewDecision,
    ReviewVerdict,
)
from jobs.models.consent import REPLACED, ConsentQuerySet
from jobs.moves import move
from jobs.risks import Risk, flags
from jobs.states import JobState
from jobs.steps import abandon, aftermath
from jobs.steps.consent import ConsentError, change, note

NOTE_MOST = 400  # with the reason's words it fits into an event
ANSWER_MOST = 500
CLAIMS_TRIED = 10


class ReviewError(ConsentError):
    """Nothing was decided. The message is for the reviewer."""


class NotYours(ReviewError):
    """Nobody reviews their own, and nobody is the second reviewer of what they approved."""


class InHand(ReviewError):
    """Another reviewer has it in hand."""


class DecidedBefore(ReviewError):
    """It doesn't wait any more: the message says who did what."""


class Changed(ReviewError):
    """Not what the page showed: look again."""


@dataclass(frozen=True)
class Seen:
    """What a page showed: a decision counts for these bytes and these notices alone."""

    photo_sha256: str
    notice_version: int  # which the member read
    newest_version: int  # which a member would read now


def seen(consent: Consent) -> Seen:
    """For a page that shows this consent now."""
    newest = ConsentNotice.objects.values_list("version", flat=True).first()
    return Seen(consent.photo.sha256, consent.notice.version, newest or 0)


# --- In hand --------------------------------------------------------------------------------------
def claim(*, consent: Consent, by: User) -> Consent:
    """Take it in hand for REVIEW_CLAIM_SECONDS from now, or keep it so much longer.

    Raises InHand, NotYours, DecidedBefore.
    """
    now = timezone.now()
    with transaction.atomic():
        consent = Consent.objects.select_for_update().get(pk=consent.pk)
        _check_open(consent, by, now)
        consent.claimed_by = by
        consent.claimed_until = now + timedelta(seconds=settings.REVIEW_CLAIM_SECONDS)
        consent.save(update_fields=["claimed_by", "claimed_until"])
    return consent


def claim_next(
    *, by: User, among: ConsentQuerySet, after: Consent | None = None, backwards: bool = False
) -> Consent | None:
    """Take the next that is free in hand, and let go of the one before; None when there is none.

    `among` are those that the reviewer's filters leave. Forwards it begins anew with the oldest
    after the last; backwards it ends with the oldest.
    """
    now = timezone.now()
    found = among.open_to(by, now=now)
    if after is None:
        candidates = _some(found.oldest_first())
    elif backwards:
        candidates = _some(found.earlier_than(after))
    else:
        candidates = _some(found.later_than(after))
        candidates += _some(found.earlier_than(after).oldest_first())
    for candidate in candidates:
        try:
            taken = claim(consent=candidate, by=by)
        except ReviewError:
            continue  # somebody was quicker
        if after is not None:
            release(consent=after, by=by)
        return taken
    return None


def _some(found: ConsentQuerySet) -> list[Consent]:
    """To try in turn. Nobody is led to what can't be read: there is nothing to decide on."""
    found = found.select_related("photo")
    whole, _lost, _more = rows.first(found, CLAIMS_TRIED, beside=["photo"])
    return whole


def release(*, consent: Consent, by: User) -> None:
    """Put it back. Does nothing to what another has in hand."""
    Consent.objects.filter(pk=consent.pk, claimed_by=by).update(claimed_by=None, claimed_until=None)


# --- Decisions ------------------------------------------------------------------------------------
def approve(*, consent: Consent, by: User, seen: Seen, words: str = "") -> Consent:
    """Yes. Of a child, when CHILDREN_NEED_TWO_REVIEWERS, it is the second person's yes that counts.

    The first leaves it waiting, for another. Raises ReviewError; nothing was decided then.
    """
    with transaction.atomic():
        photo, consent = _locked(consent, by, seen)
        if photo.state != PhotoState.PREPARED:
            raise ReviewError(_("This picture can’t be seen yet: its copies are still being made."))
        decision = _decide(consent, by, ReviewVerdict.APPROVE, words=words)
        if approvals(consent) < approvals_needed(consent):
            why = f"approved by the first of two. {words}".strip()
            note(consent, consent.status, by, why, decision=decision)
            return consent
        change(consent, ConsentStatus.APPROVED, by, words or "approved", decision=decision)
        jobs = _waiting_jobs(consent)
        for job in jobs:
            now = timezone.now()
            move(
                job,
                JobState.READY,
                by=by.email,
                why=gettext_noop("consent approved"),
                due_at=now,
                ready_at=now,
            )
        _write(consent, photo, decision, "review_approved", jobs=len(jobs))
    return consent


def reject(*, consent: Consent, by: User, seen: Seen, reason_code: str, words: str = "") -> Consent:
    """No, with a reason that the member reads; what waited for it ends uncharged.

    Raises ReviewError; nothing was decided then.
    """
    if reason_code not in RejectionReason.values:
        raise ReviewError(_("Please choose a reason: the member will read it."))
    reason = RejectionReason(reason_code)
    with transaction.atomic():
        photo, consent = _locked(consent, by, seen)
        decision = _decide(consent, by, ReviewVerdict.REJECT, words=words, reason_code=reason_code)
        with on_record():  # it is sealed
            why = f"{reason.label}. {words}".strip()
        change(consent, ConsentStatus.REJECTED, by, why, decision=decision)
        jobs = _waiting_jobs(consent)
        for job in jobs:
            abandon.end(
                job,
                JobState.REJECTED,
                by=by.email,
                code="consent_rejected",
                words=gettext_noop("A reviewer could not accept the consent for this photo."),
            )
        with as_read_by(consent.given_by):
            told = {"reason": str(reason.label), "copies": aftermath.copies_of(photo)}
        _write(consent, photo, decision, "review_rejected", jobs=len(jobs), **told)
    return consent


def ask(*, consent: Consent, by: User, seen: Seen, question: str) -> Consent:
    """Ask the member something; it comes back with the answer. Raises ReviewError."""
    if not question.strip():
        raise ReviewError(_("Please write what you want to know."))
    with transaction.atomic():
        photo, consent = _locked(consent, by, seen)
        decision = _decide(consent, by, ReviewVerdict.ASK, words=question)
        change(consent, ConsentStatus.QUESTIONED, by, question, decision=decision)
        _write(consent, photo, decision, "review_asked")
    return consent


def answer(*, consent: Consent, by: User, text: str) -> Consent:
    """The member's answer to a reviewer's question: it waits again. Raises ConsentError."""
    text = said(text)
    if not text:
        raise ConsentError(_("Please write an answer."))
    if len(text) > ANSWER_MOST:
        raise ConsentError(_("An answer has at most %(most)s letters.") % {"most": ANSWER_MOST})
    with transaction.atomic():
        photo = Photo.objects.select_for_update().get(pk=consent.photo_id)
        consent = Consent.objects.select_for_update().get(pk=consent.pk)
        if consent.given_by_id != by.pk:
            raise ConsentError(_("Only who gave this consent can answer."))
        if consent.status != ConsentStatus.QUESTIONED or photo.state == PhotoState.ERASING:
            raise ConsentError(_("There is no question to answer any more."))
        change(consent, ConsentStatus.PENDING_REVIEW, by, text)
    return consent


def approvals(consent: Consent) -> int:
    """How many have approved it so far."""
    return consent.decisions.filter(verdict=ReviewVerdict.APPROVE).count()


def approvals_needed(consent: Consent) -> int:
    """Two for a child, also for one that only an earlier statement about these bytes named."""
    child = Depicted.CHILD in consent.depicted or Risk.CHILD in flags(consent)
    return 2 if child and settings.CHILDREN_NEED_TWO_REVIEWERS else 1


# --- Looking again, under the lock ----------------------------------------------------------------
def _locked(consent: Consent, by: User, shown: Seen) -> tuple[Photo, Consent]:
    """Both rows, locked and read again. Raises ReviewError unless this person may decide now."""
    photo = Photo.objects.select_for_update().get(pk=consent.photo_id)
    consent = Consent.objects.select_for_update().get(pk=consent.pk)
    consent.photo = photo
    _check_open(consent, by, timezone.now())
    _check_seen(consent, photo, shown)
    return photo, consent


def _check_open(consent: Consent, by: User, now: datetime) -> None:
    _check_waiting(consent)
    _check_person(consent, by)
    _check_claim(consent, by, now)


def _check_waiting(consent: Consent) -> None:
    if words := what_became_of(consent):
        raise DecidedBefore(words)


def _check_person(consent: Consent, by: User) -> None:
    if consent.given_by_id == by.pk:
        raise NotYours(_("Nobody reviews their own consent."))
    if consent.decisions.filter(verdict=ReviewVerdict.APPROVE, reviewer=by).exists():
        raise NotYours(_("You have approved this: the second reviewer must be somebody else."))


def _check_claim(consent: Consent, by: User, now: datetime) -> None:
    holder = consent.holder(now=now)
    if holder is not None and holder != by:
        raise InHand(
            _("%(reviewer)s has this in hand until %(time)s UTC.")
            % {"reviewer": holder, "time": f"{consent.claimed_until:%H:%M}"}
        )


def _check_seen(consent: Consent, photo: Photo, shown: Seen) -> None:
    if photo.sha256 != consent.photo_sha256:
        raise Changed(_("This is another picture than the one the member spoke of."))
    now = seen(consent)
    if photo.sha256 != shown.photo_sha256:
        raise Changed(_("The picture has changed since you opened this page. Please look again."))
    if now.notice_version != shown.notice_version or now.newest_version != shown.newest_version:
        raise Changed(_("The notice has changed since you opened this page. Please look again."))


def what_became_of(consent: Consent) -> str:
    """Why there is nothing to decide, for a reviewer; empty while it waits for a decision."""
    photo = consent.photo
    match consent.status:
        case ConsentStatus.WITHDRAWN:
            return _how_it_was_taken_back(consent)
        case ConsentStatus.EXPIRED:
            return _("The day until which the member let us keep this photo has passed.")
        case ConsentStatus.GRANTED:
            return _("This needs no reviewer.")
    if photo.is_erased:
        return _("The member has had this photo erased.")
    decision = consent.decisions.select_related("reviewer").last()
    match consent.status:
        case ConsentStatus.APPROVED if decision:
            return _("%(reviewer)s has approved this already.") % {"reviewer": decision.reviewer}
        case ConsentStatus.REJECTED if decision:
            return _("%(reviewer)s has rejected this already: %(reason)s.") % {
                "reviewer": decision.reviewer,
                "reason": _reason(decision),
            }
        case ConsentStatus.QUESTIONED if decision:
            return _("%(reviewer)s has asked the member something; the answer is to come.") % {
                "reviewer": decision.reviewer
            }
        case ConsentStatus.PENDING_REVIEW:
            return _("The member has thrown this photo away.") if photo.is_in_trash else ""
    return _("This consent is not waiting for a decision any more.")


def _how_it_was_taken_back(consent: Consent) -> str:
    last = consent.events.last()
    if last is not None and last.why == REPLACED:
        return _(
            "The member has said something new about this photo, which takes the place of this."
        )
    return _("The member has withdrawn this, and the photo is erased.")


def _reason(decision: ReviewDecision) -> str:
    return str(RejectionReason(decision.reason_code).label)


# --- Writing down ---------------------------------------------------------------------------------
def _decide(
    consent: Consent, by: User, verdict: ReviewVerdict, *, words: str, reason_code: str = ""
) -> ReviewDecision:
    """The decision's own row and the trail's, and nobody has it in hand any more."""
    words = words.strip()
    if len(words) > NOTE_MOST:
        raise ReviewError(
            _("What you write to the member has at most %(most)s letters.") % {"most": NOTE_MOST}
        )
    decision = ReviewDecision.objects.create(
        consent=consent,
        reviewer=by,
        verdict=verdict,
        reason_code=reason_code,
        note=words,
        photo_sha256=consent.photo_sha256,
        notice_version=consent.notice.version,
    )
    consent.claimed_by = consent.claimed_until = None
    consent.save(update_fields=["claimed_by", "claimed_until"])
    with on_record():
        what = f"{verdict.label}: {consent.depicted_words}"
        why = f"{_reason(decision)}. {words}".strip() if reason_code else words
    audit.record(
        actor=by,
        action=f"consent.{verdict.lower()}",
        what=what,
        why=why,
        subject=f"consent {consent.pk}",
        member=consent.given_by,
    )
    return decision


def _waiting_jobs(consent: Consent) -> list[RestorationJob]:
    waiting = RestorationJob.objects.filter(consent=consent, state=JobState.AWAITING_CONSENT)
    return list(waiting.order_by("pk").select_for_update())


def _write(
    consent: Consent, photo: Photo, decision: ReviewDecision, kind: str, **more: Any
) -> None:
    letters.write(
        to=consent.given_by,
        kind=kind,
        key=f"review:{decision.pk}",
        context={"photo": str(photo.pk), "title": photo.title, "note": decision.note, **more},
    )

"""The review desk: what waits, one statement with its picture, and the decision about it.

Nothing is taken in hand or decided by a GET. The clear picture's address stands in no page before
its opening is in the audit trail: until then there is the veiled one, a few pixels large.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST, require_safe

from accounts import audit
from accounts.members import member_of
from accounts.models import AuditEntry, User
from accounts.words import straight
from desk import review_figures
from desk.doors import staff_only
from desk.forms.reviews import FORMS, DecisionForm, QueueFilter
from jobs import doorbell, risks, rows, storage, wording
from jobs.models import (
    Consent,
    ConsentEvent,
    ConsentStatus,
    PhotoState,
    RestorationJob,
)
from jobs.models.consent import UNDECIDED
from jobs.states import JobState
from jobs.steps import review
from jobs.steps.review import DecidedBefore, ReviewError

PERMISSION = "jobs.review_consent"
BESIDE = ("photo", "given_by", "claimed_by", "notice", "wording")
LOOKED = "picture"  # in the trail: this reviewer has opened a picture
ITEMS_ON_A_PAGE = 25
EARLIER_MOST = 10
DAYS_OF_FIGURES = 30
STATUS_WORDS = {  # what a status is called at the desk
    ConsentStatus.GRANTED: lazy("Given"),
    ConsentStatus.PENDING_REVIEW: lazy("Waiting for a reviewer"),
    ConsentStatus.QUESTIONED: lazy("Asked"),
    ConsentStatus.APPROVED: lazy("Approved"),
    ConsentStatus.REJECTED: lazy("Rejected"),
    ConsentStatus.WITHDRAWN: lazy("Withdrawn"),
    ConsentStatus.EXPIRED: lazy("Ended on its date"),
}
VERBS: dict[str, Callable[..., Consent]] = {
    "approve": review.approve,
    "reject": review.reject,
    "ask": review.ask,
}


# --- The queue ------------------------------------------------------------------------------------
@require_safe
@staff_only(PERMISSION)
def queue(request: HttpRequest) -> HttpResponse:
    """Oldest first; "later" goes on after the last one shown, whatever was decided meanwhile."""
    by, now = member_of(request), timezone.now()
    narrowed = QueueFilter(request.GET, by=by, now=now)
    found = narrowed.consents().select_related(*BESIDE).prefetch_related("decisions")
    after = _consent_named(request.GET.get("after", ""))
    ordered = found.later_than(after) if after else found.oldest_first()
    shown, lost, more = rows.first(ordered, ITEMS_ON_A_PAGE, beside=BESIDE)
    context = {
        "counts": review_figures.waiting_now(by, now=now),
        "narrowed": narrowed,
        "items": [_item(consent, by, now) for consent in shown],
        "lost": lost,
        "later": shown[-1].pk if shown and more else None,
        "kept_query": _kept_query(request),
        "is_first_page": after is None,
    }
    return render(request, "desk/reviews.html", context)


@require_POST
@staff_only(PERMISSION)
def start(request: HttpRequest) -> HttpResponse:
    """The oldest that is free for this reviewer, of what the filters leave."""
    return _open_next(request, after=None)


@require_safe
@staff_only(PERMISSION)
def figures(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    since = now - timedelta(days=DAYS_OF_FIGURES)
    found = review_figures.figures(member_of(request), now=now, since=since)
    context = {"figures": found, "days": DAYS_OF_FIGURES}
    return render(request, "desk/review_figures.html", context)


# --- One statement --------------------------------------------------------------------------------
@require_safe
@staff_only(PERMISSION)
def item(request: HttpRequest, consent_id: uuid.UUID) -> HttpResponse:
    return _item_page(request, _reviewed(consent_id))


@require_POST
@staff_only(PERMISSION)
def claim(request: HttpRequest, consent_id: uuid.UUID) -> HttpResponse:
    consent = _reviewed(consent_id)
    try:
        review.claim(consent=consent, by=member_of(request))
    except DecidedBefore:
        pass  # the page says what became of it
    except ReviewError as problem:
        messages.error(request, str(problem))
    return _to_item(request, consent)


@require_POST
@staff_only(PERMISSION)
def keep(request: HttpRequest, consent_id: uuid.UUID) -> HttpResponse:
    """For a page on which somebody is busy: 204 while it is in their hand, 409 and why if not."""
    try:
        review.claim(consent=_reviewed(consent_id), by=member_of(request))
    except ReviewError as problem:
        return HttpResponse(str(problem), status=409, content_type="text/plain; charset=utf-8")
    return HttpResponse(status=204)


@require_POST
@staff_only(PERMISSION)
def release(request: HttpRequest, consent_id: uuid.UUID) -> HttpResponse:
    review.release(consent=_reviewed(consent_id), by=member_of(request))
    return redirect(_with_query(reverse("desk_reviews"), request))


@require_POST
@staff_only(PERMISSION)
def go(request: HttpRequest, consent_id: uuid.UUID) -> HttpResponse:
    """The next or the previous one; this one is put back undecided."""
    backwards = request.POST.get("to") == "previous"
    return _open_next(request, after=_reviewed(consent_id), backwards=backwards)


@require_POST
@staff_only(PERMISSION)
def show(request: HttpRequest, consent_id: uuid.UUID) -> HttpResponseBase:
    """Open the picture: written down first, then its address is given."""
    consent = _reviewed(consent_id)
    if not _can_be_seen(consent):
        words = review.what_became_of(consent) or _("This picture is not to be seen.")
        if not request.accepts("text/html"):
            return JsonResponse({"problem": words}, status=409)
        messages.error(request, words)
        return _to_item(request, consent)
    audit.record(
        actor=member_of(request),
        action=LOOKED,
        what="Opened a photo that a consent is about",
        subject=f"photo {consent.photo_id}",
        member=consent.given_by,
    )
    address = storage.address(consent.photo.preview_key, seconds=settings.REVIEW_URL_SECONDS)
    if request.accepts("text/html"):
        return _item_page(request, consent, clear_picture=address)
    return JsonResponse({"address": address})


@require_POST
@staff_only(PERMISSION)
def decide(request: HttpRequest, consent_id: uuid.UUID) -> HttpResponse:
    """One of the three forms; afterwards the next free one opens."""
    consent, by = _reviewed(consent_id), member_of(request)
    form_class = FORMS.get(request.POST.get("decision", ""))
    if form_class is None:
        messages.error(request, _("Please press one of the buttons."))
        return _to_item(request, consent)
    form = form_class(request.POST, seen=review.seen(consent))
    if not form.is_valid():
        return _item_page(request, consent, invalid=form, status=422)
    if form.decision == "approve" and not _has_looked(consent, by):
        unseen = _("Please look at the picture before you approve it.")
        messages.error(request, review.what_became_of(consent) or unseen)
        return _to_item(request, consent)
    try:
        decided = VERBS[form.decision](consent=consent, by=by, seen=form.seen, **form.said)
    except ReviewError as problem:
        messages.error(request, str(problem))
        return _to_item(request, consent)
    for step in ("submit", "tell", "send"):
        doorbell.ring_on_commit(step)
    messages.success(request, _outcome(decided))
    return _open_next(request, after=decided)


def _has_looked(consent: Consent, by: User) -> bool:
    """Whether this reviewer has opened this picture, as the trail tells."""
    return AuditEntry.objects.filter(
        actor=by, action=LOOKED, subject=f"photo {consent.photo_id}"
    ).exists()


# --- What the pages show --------------------------------------------------------------------------
def _item_page(
    request: HttpRequest,
    consent: Consent,
    *,
    clear_picture: str = "",
    invalid: DecisionForm | None = None,
    status: int = 200,
) -> HttpResponse:
    by, now = member_of(request), timezone.now()
    audit.about(request, member=consent.given_by, subject=f"consent {consent.pk}")
    seen = review.seen(consent)
    shown, became = _item(consent, by, now), review.what_became_of(consent)
    events = list(consent.events.select_related("by"))
    context = {
        "item": shown,
        "became": became,
        "can_decide": shown["can_decide"] and not became,
        "events": _in_words(events, "to_status"),
        "sources": _sources(consent),
        "answers": _answers(consent, events),
        "earlier": _earlier(consent),
        "jobs": RestorationJob.objects.filter(
            consent=consent, state=JobState.AWAITING_CONSENT
        ).order_by("created_at"),
        "words": wording.as_answered(consent),
        "newest_version": seen.newest_version,
        "can_be_seen": _can_be_seen(consent),
        "clear_picture": clear_picture,
        "forms": {
            name: invalid if invalid and invalid.decision == name else form(seen=seen)
            for name, form in FORMS.items()
        },
        "kept_query": _kept_query(request),
    }
    return render(request, "desk/review.html", context, status=status)


def _item(consent: Consent, by: User, now: datetime) -> dict[str, Any]:
    """A statement as its card in the queue and its page show it to this reviewer."""
    approvers = [one.reviewer_id for one in consent.decisions.all() if one.verdict == "APPROVE"]
    holder = consent.holder(now=now)
    is_own, approved_by_me = consent.given_by_id == by.pk, by.pk in approvers
    waits = consent.status == ConsentStatus.PENDING_REVIEW
    return {
        "consent": consent,
        "photo": consent.photo,
        "flags": risks.flags(consent),
        "approvals": len(approvers),
        "approvals_needed": review.approvals_needed(consent),
        "holder": holder,
        "in_my_hand": holder == by,
        "is_own": is_own,
        "approved_by_me": approved_by_me,
        "can_decide": waits and holder in (None, by) and not is_own and not approved_by_me,
        "veiled_url": _veiled_url(consent) if _can_be_seen(consent) else "",
    }


def _veiled_url(consent: Consent) -> str:
    """Of a few pixels of the picture, or of none where no such copy was made."""
    photo = consent.photo
    if not photo.is_veiled:
        return static("img/veiled.svg")
    return storage.address(photo.veiled_key, seconds=settings.REVIEW_URL_SECONDS)


def _sources(consent: Consent) -> list[risks.Source]:
    """Why it is flagged, each statement in words."""
    found = risks.sources(consent)
    for source in found:
        _in_words(source.statements, "status")
    return found


def _earlier(consent: Consent) -> list[Any]:
    """The same member's other statements, newest first, with what was decided of them."""
    others = Consent.objects.filter(given_by=consent.given_by).exclude(pk=consent.pk)
    others = others.for_reviewers().select_related("photo").prefetch_related("decisions")
    shown, _lost, _more = rows.first(others.order_by("-created_at"), EARLIER_MOST, beside=["photo"])
    return _in_words(shown, "status")


def _answers(consent: Consent, events: Iterable[ConsentEvent]) -> list[tuple[str, str]]:
    """What reviewers asked and the member answered, the first pair first."""
    asked, found = "", []
    for event in events:
        if event.to_status == ConsentStatus.QUESTIONED:
            asked = event.why
        elif event.from_status == ConsentStatus.QUESTIONED and event.by_id == consent.given_by_id:
            found.append((asked, event.why))
    return found


def _in_words(told: Iterable[Any], field: str) -> list[Any]:
    """Rows with `words` for the status that a field holds, as staff speak of it."""
    found = []
    for row in told:
        status = getattr(row, field)
        row.words = STATUS_WORDS.get(status, status)  # none of ours is a finding of the proof
        found.append(row)
    return found


def _can_be_seen(consent: Consent) -> bool:
    """There is a decision to make, and a picture to make it about."""
    photo = consent.photo
    return (
        consent.status in UNDECIDED
        and photo.state == PhotoState.PREPARED
        and photo.trashed_at is None
    )


def _reviewed(consent_id: uuid.UUID) -> Consent:
    """One that is or was for reviewers; what never needed one is none of their business.

    Raises Http404, also for one that can't be read: nothing can be decided about that.
    """
    this = Consent.objects.only_for_reviewers().filter(pk=consent_id).select_related(*BESIDE)
    whole, _lost = rows.read(this, beside=BESIDE)
    if not whole:
        raise Http404(_("There is no such statement, or it can’t be read."))
    return whole[0]


# --- Where to go next -----------------------------------------------------------------------------
def _open_next(
    request: HttpRequest, *, after: Consent | None, backwards: bool = False
) -> HttpResponse:
    by = member_of(request)
    among = QueueFilter(request.GET, by=by, now=timezone.now()).consents()
    taken = review.claim_next(by=by, among=among, after=after, backwards=backwards)
    if taken is not None:
        return _to_item(request, taken)
    if after is not None:
        review.release(consent=after, by=by)
    words = _("There is none before it.") if backwards else _("Nothing more waits for you.")
    messages.info(request, words)
    return redirect(_with_query(reverse("desk_reviews"), request))


def _to_item(request: HttpRequest, consent: Consent) -> HttpResponse:
    return redirect(_with_query(reverse("desk_review", args=[consent.pk]), request))


def _with_query(path: str, request: HttpRequest) -> str:
    """With the filters that the reviewer works under."""
    kept = _kept_query(request)
    return f"{path}?{kept}" if kept else path


def _kept_query(request: HttpRequest) -> str:
    kept = request.GET.copy()
    for name in list(kept):
        if name not in QueueFilter.base_fields or not kept[name]:
            del kept[name]
    return kept.urlencode()


def _consent_named(words: str) -> Consent | None:
    try:
        named = Consent.objects.filter(pk=uuid.UUID(words)).only("created_at")
    except ValueError:
        return None
    whole, _lost = rows.read(named)
    return next(iter(whole), None)


def _outcome(consent: Consent) -> str:
    words = {
        ConsentStatus.APPROVED: _("“%(photo)s” is approved. The member has been written to."),
        ConsentStatus.REJECTED: _("“%(photo)s” is not accepted. The member has been written to."),
        ConsentStatus.QUESTIONED: _("The member has been asked about “%(photo)s”."),
        ConsentStatus.PENDING_REVIEW: _("“%(photo)s”: 1 of 2. Somebody else decides, too."),
    }[ConsentStatus(consent.status)]
    return words % {"photo": straight(consent.photo.title)}

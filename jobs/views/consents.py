"""What a member says of who is in a photo: asked for one or for many, kept to be read."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.members import member_of
from jobs import notices, receipts
from jobs.forms.consents import AnswerForm, ConsentForm
from jobs.models import Attempt, Consent, ConsentNotice, ConsentStatus, Photo
from jobs.steps import aftermath, order, review
from jobs.steps import consent as consent_step
from jobs.views.batch import chosen
from jobs.views.cards import PhotoCard
from jobs.views.consent_cards import consent_card, consent_cards
from jobs.views.photo import or_elsewhere, own_photo

CONSENTS_ON_A_PAGE = 24


# --- Asking -----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Left:
    """A photo of which nothing can be said now, under the name that the member's page had."""

    photo_id: uuid.UUID
    title: str
    why: str

    @property
    def is_under_way(self) -> bool:
        """Whether the member can do something about it."""
        return self.why == consent_step.UNDER_WAY


@dataclass(frozen=True)
class Heard:
    """What a member sent: recorded for every photo, or for none and kept to be sent again.

    `blocked` are the photos, by pk, of which nothing can be said now.
    """

    form: ConsentForm
    notice: ConsentNotice
    blocked: Mapping[uuid.UUID, Left]
    recorded: bool = False


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@or_elsewhere
def consent(request: HttpRequest, photo_id: uuid.UUID) -> HttpResponse:
    """Ask who is in the picture and whether it may be restored; record the answer."""
    photo = own_photo(request, photo_id, in_trash=request.method == "POST")
    earlier = consent_card(photo)
    if request.method != "POST" and earlier and earlier.is_undecided and not earlier.asks_again:
        messages.info(request, "A reviewer is looking at what you said about this photo.")
        return redirect("consent_record", photo.pk)
    heard = _hear(request, [photo])
    if heard.recorded:
        return redirect("photo", photo.pk)
    return _ask(request, heard, "jobs/consent.html", photo=PhotoCard(photo), earlier=earlier)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def consent_many(request: HttpRequest) -> HttpResponse:
    """The same for photos that show the same people; each gets a statement of its own.

    A photo that can't be spoken for any more is named and left out; the member goes on with the
    others.
    """
    said = request.POST if request.method == "POST" else request.GET
    member = member_of(request)
    try:
        photos = chosen(said, member)
        others = chosen(said, member, name="with") if "with" in said else []
    except order.CannotOrder as problem:
        messages.info(request, str(problem))
        return redirect("gallery")
    model = said.get("model", "")
    batch = f"{reverse('batch')}?{_query(photo=[*photos, *others], model=model)}"
    heard = _hear(request, photos)
    if heard.recorded:
        return redirect(batch)
    asked = [photo for photo in photos if photo.pk not in heard.blocked] or photos
    others += [photo for photo in photos if photo not in asked]
    lines = [
        {
            "photo": PhotoCard(photo),
            "without": f"{reverse('consent_many')}?"
            + _query(
                photo=[one for one in asked if one is not photo],
                others=[*others, photo],
                model=model,
            ),
        }
        for photo in asked
    ]
    return _ask(
        request,
        heard,
        "jobs/consent_many.html",
        lines=lines,
        others=others,
        model_key=model,
        batch_url=batch,
        goes_on=len(asked) < len(photos),
    )


def _hear(request: HttpRequest, photos: Sequence[Photo]) -> Heard:
    """Record what was sent; what can't be recorded stays in the form, with the reason."""
    notice = notices.newest()
    if notice is None:
        raise Http404("There is no notice to read.")
    why: Mapping[uuid.UUID, str] = consent_step.obstacles(photos, notice)
    form = ConsentForm(initial={"notice_version": notice.version}, photos=len(photos))
    if request.method == "POST":
        form = ConsentForm(request.POST, photos=len(photos))
        if form.is_valid() and not why:
            try:
                if form.cleaned_data["notice_version"] != notice.version:
                    raise consent_step.NoticeChanged(consent_step.NOTICE_CHANGED)
                _record(request, photos, notice, form)
                return Heard(form, notice, {}, recorded=True)
            except consent_step.NoticeChanged:
                notice = notices.newest() or notice
            except consent_step.CannotSay as problem:
                why = problem.why
        if form.read_anew(notice.version):
            messages.info(request, consent_step.NOTICE_CHANGED)
    blocked = {
        photo.pk: Left(photo.pk, _name_of(photo, request), why[photo.pk])
        for photo in photos
        if photo.pk in why
    }
    return Heard(form, notice, blocked)


def _ask(request: HttpRequest, heard: Heard, template: str, **context: Any) -> HttpResponse:
    return render(
        request,
        template,
        {
            **context,
            "notice": heard.notice,
            "form": heard.form,
            "blocked": list(heard.blocked.values()),
        },
        status=422 if request.method == "POST" else 200,
    )


def _name_of(photo: Photo, request: HttpRequest) -> str:
    """A photo's title. Of an erased one we keep none, so the page brings back what it showed."""
    return request.POST.get(f"title-{photo.pk}", "")[:200] if photo.is_erased else photo.title


def _record(
    request: HttpRequest, photos: Sequence[Photo], notice: ConsentNotice, form: ConsentForm
) -> None:
    """Raises NoticeChanged, CannotSay."""
    said = form.cleaned_data
    given = consent_step.give_many(
        photos=photos,
        by=member_of(request),
        session_key=request.session.session_key or "",
        notice=notice,
        depicted=said["depicted"],
        basis=said["basis"],
        vendors=form.vendors,
        keep_until=said["keep_until"],
    )
    if any(one.status == ConsentStatus.PENDING_REVIEW for one in given):
        messages.info(request, "Thank you. A reviewer will look at it before it is sent.")
    elif len(given) > 1:
        messages.success(request, f"Thank you. What you said is kept for {len(given)} photos.")


def _query(*, photo: Sequence[Photo], others: Sequence[Photo] = (), model: str) -> str:
    return urlencode(
        [
            *(("photo", one.pk) for one in photo),
            *(("with", one.pk) for one in others),
            *([("model", model)] if model else []),
        ]
    )


# --- Reading again ----------------------------------------------------------------------------
@require_safe
@login_required
def consents(request: HttpRequest) -> HttpResponse:
    """The newest statement about each photo, erased ones too."""
    given = (
        Consent.objects.filter(given_by=member_of(request))
        .newest_of_each_photo()
        .with_since()
        .select_related("photo", "notice")
        .order_by("-created_at", "-pk")
    )
    page = Paginator(given, CONSENTS_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"page_obj": page, "consents": consent_cards(list(page))}
    return render(request, "jobs/consents.html", context)


@require_safe
@login_required
def record(request: HttpRequest, photo_id: uuid.UUID) -> HttpResponse:
    """All that is on record about a photo's consent; after it was erased, too."""
    photo = get_object_or_404(Photo.objects.for_member(member_of(request)), pk=photo_id)
    return _record_page(request, photo)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@or_elsewhere
def answer(request: HttpRequest, photo_id: uuid.UUID) -> HttpResponse:
    """What the member says to a reviewer's question."""
    photo = own_photo(request, photo_id)
    asked = photo.current_consent
    if request.method != "POST" or asked is None:
        return redirect("consent_record", photo.pk)
    form = AnswerForm(request.POST)
    if form.is_valid():
        try:
            review.answer(consent=asked, by=member_of(request), text=form.cleaned_data["text"])
        except consent_step.ConsentError as problem:
            form.add_error("text", f"This was not recorded. {problem}")
        else:
            messages.success(request, "Thank you. A reviewer reads your answer.")
            return redirect("photo", photo.pk)
    return _record_page(request, photo, answer_form=form, status=422)


def _record_page(
    request: HttpRequest, photo: Photo, *, answer_form: AnswerForm | None = None, status: int = 200
) -> HttpResponse:
    """The tombstone of an erased photo about which nothing was ever said is a record, too."""
    given = list(
        photo.consents.filter(given_by=member_of(request))
        .select_related("photo", "notice")
        .prefetch_related("events", "decisions")
        .with_since()
        .order_by("-created_at", "-pk")
    )
    if not given and not photo.is_erased:
        raise Http404("Nothing was said about this photo.")
    cards = consent_cards(given)
    context = {
        "photo": PhotoCard(photo),
        "current": next(iter(cards), None),
        "cards": cards,
        "copies": receipts.copies_sent(Attempt.objects.filter(job__photo=photo)),
        "outlook": None if photo.is_erased else consent_step.outlook(photo),
        "aftermath": aftermath.of_photo(photo) if photo.is_erased else [],
        "controller": receipts.controller(),
        "made_at": timezone.now(),
        "answer_form": answer_form or AnswerForm(),
    }
    return render(request, "jobs/consent_record.html", context, status=status)


@require_safe
@login_required
def receipt(request: HttpRequest, consent_id: uuid.UUID) -> HttpResponse:
    """One statement as a machine reads it, to keep."""
    given = get_object_or_404(
        Consent.objects.filter(given_by=member_of(request)).select_related(
            "photo", "notice", "given_by"
        ),
        pk=consent_id,
    )
    return JsonResponse(
        receipts.receipt(given),
        json_dumps_params={"indent": 2, "ensure_ascii": False},
        headers={"Content-Disposition": f'attachment; filename="consent-{given.pk}.json"'},
    )

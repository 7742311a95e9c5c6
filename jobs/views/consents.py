"""What a member says of who is in a photo: asked for one or for many, kept to be read."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
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
from jobs.forms import AnswerForm, ConsentForm
from jobs.models import Consent, ConsentNotice, ConsentStatus, Photo
from jobs.steps import consent as consent_step
from jobs.steps import order, review
from jobs.views.batch import chosen
from jobs.views.cards import PhotoCard
from jobs.views.consent_cards import consent_card, consent_cards
from jobs.views.photo import own_photo

CONSENTS_ON_A_PAGE = 24


# --- Asking -----------------------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def consent(request: HttpRequest, photo_id: uuid.UUID) -> HttpResponse:
    """Ask who is in the picture and whether it may be restored; record the answer."""
    photo = own_photo(request, photo_id)
    earlier = consent_card(photo)
    if earlier and earlier.is_undecided and not earlier.asks_again:
        messages.info(request, "A reviewer is looking at what you said about this photo.")
        return redirect("consent_record", photo.pk)
    return _ask(
        request,
        [photo],
        template="jobs/consent.html",
        onward=reverse("photo", args=[photo.pk]),
        context={"photo": PhotoCard(photo), "earlier": earlier},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def consent_many(request: HttpRequest) -> HttpResponse:
    """The same for photos that show the same people; each gets a statement of its own."""
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
    lines = [
        {
            "photo": PhotoCard(photo),
            "without": f"{reverse('consent_many')}?"
            + _query(
                photo=[one for one in photos if one is not photo],
                others=[*others, photo],
                model=model,
            ),
        }
        for photo in photos
    ]
    return _ask(
        request,
        photos,
        template="jobs/consent_many.html",
        onward=batch,
        context={"lines": lines, "others": others, "model_key": model, "batch_url": batch},
    )


def _ask(
    request: HttpRequest,
    photos: Sequence[Photo],
    *,
    template: str,
    onward: str,
    context: Mapping[str, Any],
) -> HttpResponse:
    notice = notices.newest()
    if notice is None:
        raise Http404("There is no notice to read.")
    form = ConsentForm(initial={"notice_version": notice.version}, photos=len(photos))
    if request.method == "POST":
        form = ConsentForm(request.POST, photos=len(photos))
        if form.is_valid() and form.cleaned_data["notice_version"] == notice.version:
            if _recorded(request, photos, notice, form):
                return redirect(onward)
            notice = notices.newest() or notice
        elif form.is_valid():
            messages.info(request, consent_step.NOTICE_CHANGED)
        form.data = form.data.copy()  # type: ignore[attr-defined]
        form.data["notice_version"] = str(notice.version)  # type: ignore[index]
    return render(
        request,
        template,
        {**context, "notice": notice, "form": form},
        status=422 if request.method == "POST" else 200,
    )


def _recorded(
    request: HttpRequest, photos: Sequence[Photo], notice: ConsentNotice, form: ConsentForm
) -> bool:
    said = form.cleaned_data
    try:
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
    except consent_step.NoticeChanged as problem:
        messages.info(request, str(problem))
        return False
    except consent_step.ConsentError as problem:
        messages.error(request, str(problem))
        return True
    if any(one.status == ConsentStatus.PENDING_REVIEW for one in given):
        messages.info(request, "Thank you. A reviewer will look at it before it is sent.")
    elif len(given) > 1:
        messages.success(request, f"Thank you. What you said is kept for {len(given)} photos.")
    return True


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
    given = list(
        photo.consents.filter(given_by=member_of(request))
        .select_related("photo", "notice")
        .prefetch_related("events", "decisions")
        .with_since()
        .order_by("-created_at", "-pk")
    )
    if not given:
        raise Http404("Nothing was said about this photo.")
    cards = consent_cards(given)
    context = {
        "photo": PhotoCard(photo),
        "current": cards[0],
        "cards": cards,
        "outlook": consent_step.outlook(photo),
        "controller": receipts.controller(),
        "made_at": timezone.now(),
        "answer_form": AnswerForm(),
    }
    return render(request, "jobs/consent_record.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def answer(request: HttpRequest, photo_id: uuid.UUID) -> HttpResponse:
    """What the member says to a reviewer's question."""
    photo = own_photo(request, photo_id)
    asked = photo.current_consent
    form = AnswerForm(request.POST or None)
    if request.method != "POST" or asked is None:
        return redirect("consent_record", photo.pk)
    if not form.is_valid():
        messages.error(request, "Please write an answer of at most 500 letters.")
        return redirect("consent_record", photo.pk)
    try:
        review.answer(consent=asked, by=member_of(request), text=form.cleaned_data["text"])
    except consent_step.ConsentError as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, "Thank you. A reviewer reads your answer.")
    return redirect("photo", photo.pk)


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

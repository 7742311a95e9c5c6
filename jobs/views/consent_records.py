"""What a member said, to be read again: the list, a photo's record, the receipt; and an answer."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.members import member_of
from jobs import receipts
from jobs.forms.consents import AnswerForm
from jobs.models import Attempt, Consent, Photo
from jobs.steps import aftermath, review
from jobs.steps import consent as consent_step
from jobs.views.cards import PhotoCard
from jobs.views.consent_cards import consent_cards
from jobs.views.photo import or_elsewhere, own_photo

CONSENTS_ON_A_PAGE = 24


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
            form.add_error("text", _("This was not recorded. %(why)s") % {"why": problem})
        else:
            messages.success(request, _("Thank you. A reviewer reads your answer."))
            return redirect("photo", photo.pk)
    return _record_page(request, photo, answer_form=form, status=422)


def _record_page(
    request: HttpRequest, photo: Photo, *, answer_form: AnswerForm | None = None, status: int = 200
) -> HttpResponse:
    """The tombstone of an erased photo about which nothing was ever said is a record, too."""
    given = list(
        photo.consents.filter(given_by=member_of(request))
        .select_related("photo", "notice", "wording")
        .prefetch_related("events", "decisions")
        .with_since()
        .order_by("-created_at", "-pk")
    )
    if not given and not photo.is_erased:
        raise Http404(_("Nothing was said about this photo."))
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
            "photo", "notice", "wording", "given_by"
        ),
        pk=consent_id,
    )
    return JsonResponse(
        receipts.receipt(given),
        json_dumps_params={"indent": 2, "ensure_ascii": False},
        headers={"Content-Disposition": f'attachment; filename="consent-{given.pk}.json"'},
    )

"""One photo: the original, its consent, what can be ordered, and what came back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.members import member_of
from jobs import catalog, doorbell, prices
from jobs.models import Photo, RestorationJob
from jobs.steps import consent as consent_step
from jobs.steps import erase
from jobs.views.cards import PhotoCard, job_cards
from jobs.views.consent_cards import consent_card
from jobs.views.offers import Shown, make_offer, purse_of, shown_now


@require_safe
@login_required
def photo(request: HttpRequest, photo_id: uuid.UUID) -> HttpResponse:
    mine = Photo.objects.for_member(member_of(request))
    if mine.in_trash().filter(pk=photo_id).exists():
        messages.info(request, "This photo is in the trash.")
        return redirect("trash")
    return photo_page(request, own_photo(request, photo_id))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def withdraw(request: HttpRequest, photo_id: uuid.UUID) -> HttpResponse:
    photo = own_photo(request, photo_id)
    if request.method != "POST":
        return press_again(request, photo.pk)
    consent_step.withdraw(photo=photo, by=member_of(request))
    say_erased(request, photo, f"Consent for “{photo.title}” is withdrawn")
    return redirect("gallery")


def say_erased(request: HttpRequest, photo: Photo, what: str) -> None:
    """After the commit: the vendor's copy goes while the member waits, all else right after."""
    doorbell.ring_on_commit("erase")
    if erase.at_once(photo):
        messages.success(
            request,
            f"{what} and its pictures are being erased. The copy that the restorer could fetch is "
            "gone already.",
        )
    else:
        messages.warning(
            request,
            f"{what} and its pictures are being erased. Our picture store does not answer just "
            "now: the copy that the restorer could fetch goes as soon as it does.",
        )


def photo_page(
    request: HttpRequest,
    photo: Photo,
    *,
    answered: tuple[catalog.RestorationModel, Mapping[str, Any], Shown] | None = None,
    status: int = 200,
) -> HttpResponse:
    purse = purse_of(member_of(request))
    listed = prices.price_list()
    offers = []
    for model in catalog.MODELS.values():
        shown = shown_now(listed[model.key]) if model.key in listed else None
        data = None
        if answered and answered[0] is model:
            _, data, shown = answered
        if shown:
            offers.append(make_offer(photo=photo, model=model, shown=shown, purse=purse, data=data))
    jobs = RestorationJob.objects.filter(photo=photo).with_story().newest_first()
    card = consent_card(photo)
    context = {
        "photo": PhotoCard(photo),
        "consent": card,
        "outlook": consent_step.outlook(photo) if card and card.can_withdraw else None,
        "can_order": bool(card and card.allows_orders),
        "offers": offers,
        "jobs": job_cards(jobs),
        "trash_days": settings.TRASH_DAYS,
    }
    return render(request, "jobs/photo.html", context, status=status)


def press_again(request: HttpRequest, photo_id: uuid.UUID) -> HttpResponse:
    """Where a button's address leads without the button: after signing in anew, or by hand."""
    messages.info(request, "Nothing was done yet. Please press the button again.")
    return redirect("photo", photo_id)


def own_photo(request: HttpRequest, photo_id: uuid.UUID) -> Photo:
    return get_object_or_404(Photo.objects.for_member(member_of(request)).visible(), pk=photo_id)

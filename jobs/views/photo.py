"""One photo: the original, its consent, what can be ordered, and what came back."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect

from accounts.members import member_of
from jobs import doorbell, titles
from jobs.catalog import RestorationModel, advice
from jobs.forms.titles import TitleForm
from jobs.models import Attempt, Photo, RestorationJob
from jobs.states import BRINGS_A_PICTURE
from jobs.steps import consent as consent_step
from jobs.steps import erase
from jobs.views.cards import PhotoCard, job_cards
from jobs.views.choices import choice_on_page, click_key_after
from jobs.views.comparison import comparison
from jobs.views.consent_cards import consent_card
from jobs.views.live import live_address
from jobs.views.offers import purse_of

View = Callable[..., HttpResponse]


class Elsewhere(Http404):
    """The member's own photo, and it has no page now. `words` say why, `address` what it has."""

    def __init__(self, words: str, address: str) -> None:
        self.words, self.address = words, address
        super().__init__(words)


def own_photo(request: HttpRequest, photo_id: uuid.UUID, *, in_trash: bool = False) -> Photo:
    """The member's photo; one `in_trash`, too, if so wanted.

    Raises Http404 for anybody else's; Elsewhere, for `or_elsewhere`.
    """
    photo = get_object_or_404(Photo.objects.for_member(member_of(request)), pk=photo_id)
    if not in_trash or photo.is_erased:
        ensure_page(photo)
    return photo


def ensure_page(photo: Photo) -> None:
    """Raises Elsewhere when the photo has no page any more."""
    if photo.is_erased:
        raise Elsewhere(_("This photo has been erased."), resolve_url("consent_record", photo.pk))
    if photo.is_in_trash:
        raise Elsewhere(_("This photo is in the trash."), resolve_url("trash"))


def or_elsewhere(view: View) -> View:
    """Lead the owner of a photo without a page to what is left of it, instead of to nothing."""

    @wraps(view)
    def led(request: HttpRequest, *args: Any, **named: Any) -> HttpResponse:
        try:
            return view(request, *args, **named)
        except Elsewhere as place:
            messages.info(request, place.words)
            if request.headers.get("HX-Request"):
                return HttpResponseClientRedirect(place.address)
            return redirect(place.address)

    return led


@require_safe
@login_required
@or_elsewhere
def photo(request: HttpRequest, photo_id: uuid.UUID) -> HttpResponse:
    return photo_page(request, own_photo(request, photo_id))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@or_elsewhere
def withdraw(request: HttpRequest, photo_id: uuid.UUID) -> HttpResponse:
    photo = own_photo(request, photo_id, in_trash=request.method == "POST")
    if request.method != "POST":
        return press_again(request, photo.pk)
    if not photo.consents.exists():
        messages.info(request, _("You have said nothing about this photo that could be withdrawn."))
        return redirect("photo", photo.pk)
    consent_step.withdraw(photo=photo, by=member_of(request))
    # The page it leads to says how far its erasure is.
    words = _("Consent for “%(photo)s” is withdrawn.")
    say_erased(request, photo, words % {"photo": photo.title})
    return redirect("consent_record", photo.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@or_elsewhere
def rename(request: HttpRequest, photo_id: uuid.UUID) -> HttpResponse:
    photo = own_photo(request, photo_id)
    if request.method != "POST":
        return press_again(request, photo.pk)
    form = TitleForm(request.POST)
    if not form.is_valid():
        return photo_page(request, photo, renaming=form, status=422)
    if titles.rename(photo=photo, title=form.cleaned_data["title"]):
        messages.success(request, _("Saved."))
    return redirect("photo", photo.pk)


def say_erased(request: HttpRequest, photo: Photo, what: str) -> None:
    """After the commit: the vendor's copy goes while the member waits, all else right after."""
    doorbell.ring_on_commit("erase")
    was_sent = Attempt.objects.filter(job__photo=photo).reached_a_vendor().exists()
    if erase.at_once(photo):
        messages.success(request, what)
        if was_sent:
            messages.success(request, _("The copy that the restorer could fetch is gone already."))
        return
    messages.success(request, what)
    if was_sent:
        words = _(
            "Our picture store does not answer just now: the copy that the restorer could fetch "
            "goes as soon as it does."
        )
    else:
        words = _("Our picture store does not answer just now: all of it goes as soon as it does.")
    messages.warning(request, words)


def photo_page(
    request: HttpRequest,
    photo: Photo,
    *,
    sent: QueryDict | None = None,
    about: Collection[RestorationModel] = (),
    renaming: TitleForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page; after a click that ordered nothing, with all that was `sent` kept.

    What was sent speaks `about` these models, and about those whose cards it holds.
    """
    jobs = RestorationJob.objects.filter(photo=photo).with_story().with_place().newest_first()
    card, seen, seen_jobs = consent_card(photo), PhotoCard(photo), job_cards(jobs)
    left, right = request.GET.get("left", ""), request.GET.get("right", "")
    results = [job for job in seen_jobs if job.is_delivered]
    choice = choice_on_page(
        photo=photo,
        purse=purse_of(member_of(request)),
        sent=sent,
        about=about,
        preset=request.GET.get("preset", ""),
    )
    context = {
        "photo": seen,
        "renaming": renaming or TitleForm(initial={"title": photo.title}),
        "comparison": comparison(seen, seen_jobs, left=left, right=right),
        "has_free_rerun": not any(
            job.is_free and job.state in BRINGS_A_PICTURE for job in seen_jobs
        ),
        "results": results,
        "has_choice": len(results) > 1,
        "consent": card,
        "outlook": consent_step.outlook(photo) if card and card.can_withdraw else None,
        "can_order": bool(card and card.allows_orders),
        "advice": advice.for_photo(photo.face_widths) if seen.is_prepared else [],
        "choice": choice,
        "click_key": click_key_after(photo, orders=len(seen_jobs)),
        "jobs": seen_jobs,
        "live_address": live_address(photo.owner_id, photos=[seen], jobs=jobs),
        "trash_days": settings.TRASH_DAYS,
    }
    return render(request, "jobs/photo.html", context, status=status)


def press_again(request: HttpRequest, photo_id: uuid.UUID) -> HttpResponse:
    """Where a button's address leads without the button: after signing in anew, or by hand."""
    messages.info(request, _("Nothing was done yet. Please press the button again."))
    return redirect("photo", photo_id)

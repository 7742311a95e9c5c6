"""One photo: the original, its consent, what can be ordered, and what came back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import ledger
from accounts.models import User
from accounts.money import dollars
from jobs import catalog, doorbell
from jobs.forms import ClickForm, ConsentForm, RestorationForm
from jobs.models import Consent, ConsentNotice, ConsentStatus, Photo, RestorationJob
from jobs.steps import consent as consent_step
from jobs.steps import order
from jobs.views.cards import PhotoCard, job_cards


@dataclass(frozen=True)
class Offer:
    """One model for this photo: its form, its price, and what we'd say about it."""

    model: catalog.RestorationModel
    form: RestorationForm
    quote: catalog.Quote | None
    advice: str
    click_key: uuid.UUID
    missing_micros: int

    @property
    def error(self) -> str:
        """Why there is no price, in the first words that the form has for it."""
        return next((str(words[0]) for words in self.form.errors.values()), "")


@require_safe
@login_required
def photo(request: HttpRequest, photo_id: uuid.UUID) -> HttpResponse:
    return _photo_page(request, _own_photo(request, photo_id))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def consent(request: HttpRequest, photo_id: uuid.UUID) -> HttpResponse:
    """Ask who is in the picture and whether it may be restored; record the answer."""
    photo = _own_photo(request, photo_id)
    notice = ConsentNotice.objects.first()
    form = ConsentForm(request.POST or None)
    if request.method == "POST" and notice is not None and form.is_valid():
        try:
            given = consent_step.give(
                photo=photo,
                by=_member(request),
                session_key=request.session.session_key or "",
                notice=notice,
                depicted=form.cleaned_data["depicted"],
                basis=form.cleaned_data["basis"],
                vendors=["pixazo"],
                keep_until=form.cleaned_data["keep_until"],
            )
        except consent_step.ConsentError as problem:
            messages.error(request, str(problem))
        else:
            if given.status == ConsentStatus.PENDING_REVIEW:
                messages.info(request, "Thank you. A reviewer will look at it before it is sent.")
        return redirect("photo", photo.pk)
    return render(
        request,
        "jobs/consent.html",
        {"photo": PhotoCard(photo), "notice": notice, "form": form},
        status=422 if form.errors else 200,
    )


@require_POST
@login_required
def withdraw(request: HttpRequest, photo_id: uuid.UUID) -> HttpResponse:
    photo = _own_photo(request, photo_id)
    consent_step.withdraw(photo=photo, by=_member(request))
    doorbell.ring_on_commit("erase")
    messages.success(
        request, f"Consent for “{photo.title}” is withdrawn and its pictures are being erased."
    )
    return redirect("gallery")


@require_safe
@login_required
def quote(request: HttpRequest, photo_id: uuid.UUID, model_key: str) -> HttpResponse:
    """The price of what is filled in right now, as a fragment."""
    photo = _own_photo(request, photo_id)
    offer = _offer(request, photo, _model(model_key), request.GET)
    context = {
        "photo": photo,
        "model": offer.model,
        "quote": offer.quote,
        "missing_micros": offer.missing_micros,
        "error": offer.error,
    }
    return render(request, "jobs/_quote.html", context)


@require_POST
@login_required
def restore(request: HttpRequest, photo_id: uuid.UUID, model_key: str) -> HttpResponse:
    """The click. A second one with the same key is the same job."""
    photo = _own_photo(request, photo_id)
    model = _model(model_key)
    form = RestorationForm(model=model, photo=photo, data=request.POST)
    click = ClickForm(request.POST)
    if not click.is_valid() or not form.is_valid():
        return _photo_page(request, photo, answered=(model, request.POST), status=422)
    try:
        order.place(
            photo=photo,
            by=_member(request),
            model=model,
            parameters=form.cleaned_data,
            agreed_micros=click.cleaned_data["shown_micros"],
            click_key=click.cleaned_data["click_key"],
        )
    except ledger.InsufficientFunds as problem:
        messages.error(
            request,
            f"Your wallet is {dollars(problem.missing_micros)} short: this costs "
            f"{dollars(problem.needed_micros)} and you have "
            f"{dollars(problem.available_micros)}. Nothing was ordered or charged.",
        )
    except order.CannotOrder as problem:
        messages.error(request, str(problem))
    else:
        doorbell.ring_on_commit("submit")
        return redirect("photo", photo.pk)
    return _photo_page(request, photo, answered=(model, request.POST), status=422)


@require_safe
@login_required
def job(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """One job's card, as the fragment that the page asks for while it moves."""
    row = get_object_or_404(
        RestorationJob.objects.for_member(_member(request)).with_story(), pk=job_id
    )
    return render(
        request, "jobs/_job.html", {"job": job_cards([row])[0], "photo": PhotoCard(row.photo)}
    )


@require_POST
@login_required
def job_cancel(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    row = get_object_or_404(RestorationJob.objects.for_member(_member(request)), pk=job_id)
    try:
        order.cancel(job=row, by=_member(request))
    except order.CannotOrder as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, "Cancelled. You were not charged.")
    return redirect("photo", row.photo_id)


@require_safe
@login_required
def job_photo(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """From a job's number, as the statement has it, to its place on the photo's page."""
    row = get_object_or_404(RestorationJob.objects.for_member(_member(request)), pk=job_id)
    return redirect(f"{reverse('photo', args=[row.photo_id])}#job-{row.pk}")


def _photo_page(
    request: HttpRequest,
    photo: Photo,
    *,
    answered: tuple[catalog.RestorationModel, Mapping[str, Any]] | None = None,
    status: int = 200,
) -> HttpResponse:
    offers = [
        _offer(request, photo, model, answered[1] if answered and answered[0] is model else None)
        for model in catalog.MODELS.values()
    ]
    jobs = RestorationJob.objects.filter(photo=photo).with_story().newest_first()
    consent = photo.current_consent
    context = {
        "photo": PhotoCard(photo),
        "consent": consent,
        "can_order": _can_order(consent),
        "offers": offers,
        "jobs": job_cards(jobs),
    }
    return render(request, "jobs/photo.html", context, status=status)


def _offer(
    request: HttpRequest,
    photo: Photo,
    model: catalog.RestorationModel,
    data: Mapping[str, Any] | None,
) -> Offer:
    form = RestorationForm(model=model, photo=photo, data=data)
    price = form.quote() if data is None or form.is_valid() else None
    available = ledger.wallet_of(_member(request)).available_micros
    return Offer(
        model=model,
        form=form,
        quote=price,
        advice=model.advise([_Box(face["width"]) for face in photo.faces]),
        click_key=_click_key(data),
        missing_micros=max(0, price.total_micros - available) if price else 0,
    )


@dataclass(frozen=True)
class _Box:
    width: int


def _click_key(data: Mapping[str, Any] | None) -> uuid.UUID:
    """The form's own, so that a corrected form is still the same click; else a new one."""
    try:
        return uuid.UUID(data["click_key"]) if data else uuid.uuid4()
    except (KeyError, ValueError):
        return uuid.uuid4()


def _can_order(consent: Consent | None) -> bool:
    if consent is None:
        return False
    return consent.status == ConsentStatus.PENDING_REVIEW or consent.is_live_for(
        "pixazo", now=timezone.now()
    )


def _model(key: str) -> catalog.RestorationModel:
    try:
        return catalog.MODELS[key]
    except KeyError:
        raise Http404("There is no such model.") from None


def _own_photo(request: HttpRequest, photo_id: uuid.UUID) -> Photo:
    return get_object_or_404(Photo.objects.for_member(_member(request)).visible(), pk=photo_id)


def _member(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # login_required
    return request.user

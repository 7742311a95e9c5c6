"""Quote and click: what a restoration would cost, and ordering it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts import ledger
from accounts.members import member_of
from accounts.money import dollars
from jobs import catalog, doorbell
from jobs.forms import ClickForm, RestorationForm
from jobs.models import RestorationJob
from jobs.steps import order
from jobs.views.offers import make_offer
from jobs.views.photo import own_photo, photo_page, press_again


@require_safe
@login_required
def quote(request: HttpRequest, photo_id: uuid.UUID, model_key: str) -> HttpResponse:
    """The price of what is filled in right now, as a fragment."""
    photo = own_photo(request, photo_id)
    offer = make_offer(
        photo=photo,
        model=_model(model_key),
        available_micros=ledger.wallet_of(member_of(request)).available_micros,
        data=request.GET,
    )
    context = {
        "photo": photo,
        "model": offer.model,
        "quote": offer.quote,
        "missing_micros": offer.missing_micros,
        "error": offer.error,
    }
    return render(request, "jobs/_quote.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def restore(request: HttpRequest, photo_id: uuid.UUID, model_key: str) -> HttpResponse:
    """The click. A second one with the same key is the same job."""
    photo = own_photo(request, photo_id)
    if request.method != "POST":
        return press_again(request, photo.pk)
    model = _model(model_key)
    form = RestorationForm(model=model, photo=photo, data=request.POST)
    click = ClickForm(request.POST)
    if not form.is_valid():
        return photo_page(request, photo, answered=(model, request.POST), status=422)
    if not click.is_valid():
        messages.info(request, "Here is the price for these settings. Press again to order.")
        return photo_page(request, photo, answered=(model, request.POST), status=422)
    ordered_before = RestorationJob.objects.filter(
        owner=member_of(request), click_key=click.cleaned_data["click_key"]
    ).exists()
    try:
        order.place(
            photo=photo,
            by=member_of(request),
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
        if ordered_before:
            messages.info(request, "This is ordered already: one click counts.")
        return redirect("photo", photo.pk)
    return photo_page(request, photo, answered=(model, request.POST), status=422)


def _model(key: str) -> catalog.RestorationModel:
    try:
        return catalog.MODELS[key]
    except KeyError:
        raise Http404("There is no such model.") from None

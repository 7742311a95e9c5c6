"""Quote and click: what a restoration would cost, and ordering it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.members import member_of
from jobs.forms.orders import ClickForm
from jobs.forms.restorations import RestorationForm
from jobs.steps import order
from jobs.views.offers import make_offer, model_named, purse_of, shown_before
from jobs.views.ordering import order_all
from jobs.views.photo import or_elsewhere, own_photo, photo_page, press_again


@require_safe
@login_required
@or_elsewhere
def quote(request: HttpRequest, photo_id: uuid.UUID, model_key: str) -> HttpResponse:
    """The price of what is filled in right now, as a fragment; at the price the page began with."""
    photo, model = own_photo(request, photo_id), model_named(model_key)
    offer = make_offer(
        photo=photo,
        model=model,
        shown=shown_before(model, request.GET.get("price_token", "")),
        purse=purse_of(member_of(request)),
        data=request.GET,
    )
    return render(request, "jobs/_quote.html", {"offer": offer, "swap": True})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@or_elsewhere
def restore(request: HttpRequest, photo_id: uuid.UUID, model_key: str) -> HttpResponse:
    """The click. A second one with the same key is the same job."""
    photo = own_photo(request, photo_id)
    if request.method != "POST":
        return press_again(request, photo.pk)
    model = model_named(model_key)
    shown = shown_before(model, request.POST.get("price_token", ""))
    form = RestorationForm(model=model, photo=photo, data=request.POST)
    click = ClickForm(request.POST)
    answered = (model, request.POST, shown)
    if not form.is_valid():
        return photo_page(request, photo, answered=answered, status=422)
    if "show_price" in request.POST:
        return photo_page(request, photo, answered=answered)
    if not click.is_valid():
        messages.info(request, _("Here is the price for these settings. Press again to order."))
        return photo_page(request, photo, answered=answered, status=422)
    agreed = click.cleaned_data["shown_micros"] if shown.held else None
    one = order.Order(
        model=model,
        parameters=form.cleaned_data,
        price=shown.price,
        clicks={
            photo.pk: order.Click(key=click.cleaned_data["click_key"], agreed_micros=agreed),
        },
    )
    if order_all(request, [one]):
        return redirect("photo", photo.pk)
    return photo_page(request, photo, answered=answered, status=422)

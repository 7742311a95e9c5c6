"""Quote and click: what one model or several would cost for a photo, and ordering it.

All cards of a photo's page are one form, so whatever button is pressed, nothing that was filled in
is lost.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.members import member_of
from accounts.money import dollars
from jobs.catalog import MODELS, RestorationModel
from jobs.forms.orders import AgreedForm, ClickForm, ComparisonClickForm
from jobs.models import Photo
from jobs.steps import order
from jobs.views.choices import Choice, choice_sent, ticked_in
from jobs.views.offers import model_named, purse_of
from jobs.views.ordering import order_all
from jobs.views.photo import or_elsewhere, own_photo, photo_page, press_again


@require_safe
@login_required
@or_elsewhere
def quote(request: HttpRequest, photo_id: uuid.UUID, model_key: str) -> HttpResponse:
    """The price of what is filled in right now, as a fragment; at the prices the page began with.

    With it comes the sum of what is ticked, so that both are of the same moment.
    """
    photo, model = own_photo(request, photo_id), model_named(model_key)
    ticked = ticked_in(request.GET)
    choice = choice_sent(
        photo=photo,
        purse=purse_of(member_of(request)),
        sent=request.GET,
        about=[one for one in MODELS.values() if one is model or one in ticked],
    )
    offer = next(offer for offer in choice.offers if offer.model is model)
    context = {"offer": offer, "choice": choice, "swap": True}
    return render(request, "jobs/_quote.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@or_elsewhere
def restore(request: HttpRequest, photo_id: uuid.UUID, model_key: str) -> HttpResponse:
    """The click on one model's card. A second one with the same key is the same job."""
    photo = own_photo(request, photo_id)
    if request.method != "POST":
        return press_again(request, photo.pk)
    return _order(request, photo, [model_named(model_key)], ClickForm(request.POST))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@or_elsewhere
def compare(request: HttpRequest, photo_id: uuid.UUID) -> HttpResponse:
    """The click under the cards: all models that are ticked, at the one sum that stood there."""
    photo = own_photo(request, photo_id)
    if request.method != "POST":
        return press_again(request, photo.pk)
    ticked = ticked_in(request.POST)
    if "show_price" in request.POST:
        return photo_page(request, photo, sent=request.POST)
    if len(ticked) < 2:
        messages.info(request, _("Please tick two models or more, to compare what they make."))
        return photo_page(request, photo, sent=request.POST, status=422)
    return _order(request, photo, ticked, ComparisonClickForm(request.POST))


def _order(
    request: HttpRequest, photo: Photo, models: Sequence[RestorationModel], click: ClickForm
) -> HttpResponse:
    sent = request.POST
    choice = choice_sent(photo=photo, purse=purse_of(member_of(request)), sent=sent, about=models)
    if any(offer.quote is None for offer in choice.offers):
        return photo_page(request, photo, sent=sent, about=models, status=422)
    if "show_price" in sent:
        return photo_page(request, photo, sent=sent, about=models)
    orders = _agreed(photo, choice, click, sent)
    if not orders:
        messages.info(request, _("Here is the price for these settings. Press again to order."))
    elif order_all(request, orders, done=_done(choice)):
        return redirect("photo", photo.pk)
    return photo_page(request, photo, sent=sent, about=models, status=422)


def _agreed(photo: Photo, choice: Choice, click: ClickForm, sent: QueryDict) -> list[order.Order]:
    """An order for each card, at the price that stood on it; none where a price did not stand."""
    agreed = [AgreedForm(sent, prefix=offer.model.key) for offer in choice.offers]
    if not click.is_valid() or not all(form.is_valid() for form in agreed):
        return []
    shown = [form.cleaned_data["shown_micros"] for form in agreed]
    if click.cleaned_data.get("total_micros", sum(shown)) != sum(shown):
        return []
    return [
        offer.order(photo, click_key=click.cleaned_data["click_key"], shown_micros=micros)
        for offer, micros in zip(choice.offers, shown, strict=True)
    ]


def _done(choice: Choice) -> str:
    """What to do with several results; one speaks for itself."""
    if not choice.is_comparison:
        return ""
    return _(
        "%(count)s restorations ordered for %(total)s. When they are done, compare them and keep "
        "the one that you like best."
    ) % {"count": choice.total.count, "total": dollars(choice.total.micros)}

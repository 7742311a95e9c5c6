"""Many photos at once: one model, one set of settings, a line for each photo, one exact total.

What was ticked in the gallery comes as `photo`, again and again; what stood beside each photo that
can be ordered comes back with the click as `line`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.members import member_of
from accounts.models import User
from accounts.money import dollars
from jobs import catalog, prices
from jobs.forms.orders import BatchClickForm
from jobs.forms.restorations import SettingsForm
from jobs.models import Photo, Price
from jobs.steps import order, orderable
from jobs.views.cards import PhotoCard
from jobs.views.offers import (
    Purse,
    Shown,
    Total,
    advice_for,
    model_named,
    purse_of,
    shown_before,
    shown_now,
    warning_for,
)
from jobs.views.ordering import order_all


@dataclass(frozen=True)
class BatchLine:
    """One photo of the list: its card, what we'd say of it, and its price or why it has none."""

    card: PhotoCard
    advice: str
    warning: str
    line: orderable.Line


@dataclass(frozen=True)
class Batch:
    """The photos with what each costs at these settings; money in micro-dollars."""

    model: catalog.RestorationModel
    form: SettingsForm
    shown: Shown
    lines: list[BatchLine]
    purse: Purse
    click_key: uuid.UUID

    @property
    def total(self) -> Total:
        """Of those that can be ordered."""
        return Total([one.line.quote for one in self.lines if one.line.quote], self.purse)

    @property
    def asking(self) -> list[Photo]:
        """The photos that wait for a word about who is in them."""
        return [one.line.photo for one in self.lines if one.line.needs_consent]

    @property
    def consent_url(self) -> str:
        """Where that is said for all of them at once, on the way back here."""
        asking = self.asking
        others = [one.line.photo for one in self.lines if one.line.photo not in asking]
        query = [("photo", photo.pk) for photo in asking] + [("with", one.pk) for one in others]
        return f"{reverse('consent_many')}?{urlencode([*query, ('model', self.model.key)])}"


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def batch(request: HttpRequest) -> HttpResponse:
    """The list with its total; and the click, which orders all of it or nothing."""
    if request.method == "POST":
        return _order(request)
    try:
        photos = chosen(request.GET, member_of(request))
    except order.CannotOrder as problem:
        messages.info(request, str(problem))
        return redirect("gallery")
    listed = prices.price_list()
    key = request.GET.get("model") or next((key for key in catalog.MODELS if key in listed), "")
    if key not in listed:
        raise Http404(_("This model is not offered."))
    model = model_named(key)
    return _page(request, _batch(request, photos, model, shown_now(listed[key])), listed=listed)


@require_safe
@login_required
def batch_quote(request: HttpRequest) -> HttpResponse:
    """The prices at what is filled in right now, as a fragment."""
    try:
        photos = chosen(request.GET, member_of(request))
    except order.CannotOrder as problem:
        raise Http404(str(problem)) from None
    model = model_named(request.GET.get("model", ""))
    shown = shown_before(model, request.GET.get("price_token", ""))
    quoted = _batch(request, photos, model, shown, data=request.GET)
    return render(request, "jobs/_batch_quote.html", {"batch": quoted, "swap": True})


def _order(request: HttpRequest) -> HttpResponse:
    member = member_of(request)
    try:
        photos = chosen(request.POST, member)
    except order.CannotOrder as problem:
        messages.info(request, str(problem))
        return redirect("gallery")
    model = model_named(request.POST.get("model", ""))
    shown = shown_before(model, request.POST.get("price_token", ""))
    quoted = _batch(request, photos, model, shown, data=request.POST)
    click = BatchClickForm(request.POST)
    if not quoted.form.is_valid():
        return _page(request, quoted, status=422)
    if "show_price" in request.POST:
        return _page(request, quoted)
    if not click.is_valid():
        messages.info(request, _("Here is the price for these settings. Press again to order."))
        return _page(request, quoted, status=422)
    agreed: dict[uuid.UUID, int] = click.cleaned_data["line"]
    if not set(agreed) <= {photo.pk for photo in photos}:
        raise Http404(_("A line is of no photo of the list."))
    clicks = {
        photo_id: order.Click(
            key=uuid.uuid5(click.cleaned_data["click_key"], str(photo_id)),
            agreed_micros=micros if shown.held else None,
        )
        for photo_id, micros in agreed.items()
    }
    one = order.Order(
        model=model, parameters=quoted.form.cleaned_data, price=shown.price, clicks=clicks
    )
    done = ngettext(
        "%(count)s photo ordered with %(model)s for %(total)s.",
        "%(count)s photos ordered with %(model)s for %(total)s.",
        len(agreed),
    ) % {"count": len(agreed), "model": model.name, "total": dollars(sum(agreed.values()))}
    if order_all(request, [one], done=done):
        return redirect("gallery")
    return _page(request, _batch(request, photos, model, shown, data=request.POST), status=422)


def chosen(sent: QueryDict, owner: User, *, name: str = "photo") -> list[Photo]:
    """The photos that were ticked, in that order, erased ones too.

    Raises CannotOrder for none or too many, Http404 when one is not the member's.
    """
    try:
        wanted = list(dict.fromkeys(uuid.UUID(said) for said in sent.getlist(name)))
    except ValueError:
        raise Http404(_("There is no such photo.")) from None
    if not wanted:
        raise order.CannotOrder(_("Please tick the photos that you want to restore."))
    if len(wanted) > settings.BATCH_MAX_PHOTOS:
        raise order.CannotOrder(
            _("Please tick at most %(most)s photos at a time.")
            % {"most": settings.BATCH_MAX_PHOTOS}
        )
    found = Photo.objects.for_member(owner).in_bulk(wanted)
    if len(found) != len(wanted):
        raise Http404(_("There is no such photo."))
    return [found[pk] for pk in wanted]


def _batch(
    request: HttpRequest,
    photos: Sequence[Photo],
    model: catalog.RestorationModel,
    shown: Shown,
    *,
    data: Mapping[str, Any] | None = None,
) -> Batch:
    form = SettingsForm(model=model, data=data)
    if data is None or form.is_valid():
        lines = orderable.lines(
            photos=photos, model=model, parameters=form.settings, price=shown.price
        )
    else:
        lines = [orderable.Line(photo=photo, consent=None, quote=None) for photo in photos]
    return Batch(
        model=model,
        form=form,
        shown=shown,
        lines=[
            BatchLine(
                PhotoCard(one.photo), advice_for(model, one.photo), warning_for(one.photo), one
            )
            for one in lines
        ],
        purse=purse_of(member_of(request)),
        click_key=uuid.uuid4(),
    )


def _page(
    request: HttpRequest,
    batch: Batch,
    *,
    listed: Mapping[str, Price] | None = None,
    status: int = 200,
) -> HttpResponse:
    listed = listed or prices.price_list()
    ways = [
        {"model": model, "words": model.price_words(listed[key].price_micros)}
        for key, model in catalog.MODELS.items()
        if key in listed
    ]
    return render(request, "jobs/batch.html", {"batch": batch, "ways": ways}, status=status)

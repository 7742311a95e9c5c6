"""The price list: what is in force, what comes next, what was; and a new version, with a reason."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.members import member_of
from desk import price_list
from desk.doors import staff_only
from desk.forms.prices import PriceForm
from jobs import prices
from jobs.catalog import MODELS, RestorationModel


@require_safe
@staff_only("jobs.view_price")
def overview(request: HttpRequest) -> HttpResponse:
    return render(request, "desk/prices.html", {"lists": price_list.all_prices(timezone.now())})


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only("jobs.add_price")
def publish(request: HttpRequest, model_key: str) -> HttpResponse:
    """First the page shows what the amounts mean, then they are published."""
    model = _model(model_key)
    in_force = price_list.prices_of(model, timezone.now()).in_force
    if request.method != "POST":
        form = PriceForm(
            model=model,
            before=in_force,
            initial={"price_micros": in_force.price_micros, "cost_micros": in_force.cost_micros}
            if in_force
            else None,
        )
        return _page(request, model, form)
    form = PriceForm(request.POST, model=model, before=in_force)
    if not form.is_valid():
        return _page(request, model, form, status=422)
    if not form.was_shown:
        return _page(request, model, form)
    if unticked := form.unticked:
        for name in unticked:
            form.add_error(name, _("Please tick that you know."))
        return _page(request, model, form, status=422)
    said = form.cleaned_data
    try:
        price = prices.publish(
            model_key=model.key,
            price_micros=said["price_micros"],
            cost_micros=said["cost_micros"],
            effective_from=said["effective_from"],
            by=member_of(request),
            reason=said["reason"],
        )
    except prices.NothingChanges as problem:
        messages.info(request, str(problem))
        return redirect("desk_prices")
    except prices.CannotPublish as problem:
        form.add_error(None, str(problem))
        return _page(request, model, form, status=422)
    messages.success(
        request,
        _("%(model)s costs %(price)s from %(at)s UTC on.")
        % {
            "model": model.name,
            "price": model.price_words(price.price_micros),
            "at": f"{price.effective_from:%Y-%m-%d %H:%M}",
        },
    )
    return redirect("desk_prices")


def _page(
    request: HttpRequest, model: RestorationModel, form: PriceForm, *, status: int = 200
) -> HttpResponse:
    known = price_list.prices_of(model, timezone.now())
    context = {"model": model, "known": known, "form": form, "loss_micros": 0}
    if form.is_bound and {"price_micros", "cost_micros"} <= form.cleaned_data.keys():
        said = form.cleaned_data
        form.ask_for_ticks()
        if form.can_be_published:
            form.data = form.data.copy()  # type: ignore[attr-defined]
            form.data["seen"] = form.amounts  # type: ignore[index]
        context["loss_micros"], context["leaps"] = form.loss_micros, form.leaps
        context["can_publish"] = form.can_be_published
        context["examples"] = price_list.examples(
            model,
            price_micros=said["price_micros"],
            cost_micros=said["cost_micros"],
            before=known.in_force,
        )
    return render(request, "desk/price.html", context, status=status)


def _model(key: str) -> RestorationModel:
    try:
        return MODELS[key]
    except KeyError:
        raise Http404(_("There is no such model.")) from None

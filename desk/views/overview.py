"""The billing overview: what came in and went out, what is set aside, how the vendor answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.fields import DayInput
from accounts.money import decimal_dollars
from accounts.spreadsheets import csv_download
from desk import charts, house_figures, period_figures
from desk.converters import ends_of, month_of
from desk.doors import staff_only
from desk.period_figures import MOST_DAYS, Period, PeriodFigures
from desk.templatetags.desk import gain
from jobs.catalog import MODELS
from jobs.models import OrphanCheck

PERMISSION = "accounts.view_wallet"
LAST_DAYS = (7, 30, 90)
DEFAULT_DAYS = 30
TONES = ("a", "b", "c")
CSV_HEADER = (
    "day", "charged", "refunded", "revenue", "vendor_cost", "bought_in_vain", "margin", "topped_up",
    "bonuses", "returned_to_cards", "borne_by_the_house", "delivered", "failed",
)  # fmt: skip


class PeriodForm(forms.Form):
    """From when to when; both, or neither."""

    first = forms.DateField(label=gettext_lazy("From"), widget=DayInput())
    last = forms.DateField(label=gettext_lazy("To"), widget=DayInput())

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        first, last = said.get("first"), said.get("last")
        if first and last:
            if first > last:
                raise forms.ValidationError(_("The first day lies after the last."))
            if (last - first).days >= MOST_DAYS:
                raise forms.ValidationError(_("A year is the most that is shown at once."))
            if not 2000 <= first.year <= last.year < 2100:
                raise forms.ValidationError(_("This house has no books of that time."))
        return said


@require_safe
@staff_only(PERMISSION)
def overview(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    form = PeriodForm(request.GET if "first" in request.GET or "last" in request.GET else None)
    period = _period(request, form, now.date())
    found = period_figures.of_period(period)
    month, this_month = period.first.replace(day=1), now.date().replace(day=1)
    is_month = ends_of(month) == (period.first, period.last)
    context = {
        "form": form if form.is_bound else PeriodForm(initial=vars(period)),
        "period": period,
        "last_days": LAST_DAYS,
        "days": (period.last - period.first).days + 1 if period.last == now.date() else 0,
        "month": month if is_month else None,
        "this_month": this_month,
        "earlier_month": (month if is_month else this_month) - timedelta(days=1),
        "figures": found,
        "total": found.total,
        "by_day": [(day, tally) for day, tally in found.by_day.items() if not tally.is_empty],
        "by_model": [(_model_words(key), tally) for key, tally in found.by_model.items()],
        "failures": _failures(found),
        "charts": _charts(found),
        "house": house_figures.of_house(now),
        "orphans": OrphanCheck.objects.first(),
    }
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, "desk/overview.html", context, status=status)


@require_safe
@staff_only(PERMISSION)
def month_csv(request: HttpRequest) -> HttpResponseBase:
    """A month's table; amounts as plain decimals, a loss with its sign, for a spreadsheet."""
    month = month_of(request.GET.get("month", ""), default=timezone.now().date())
    found = period_figures.of_period(Period(*ends_of(month)))
    return csv_download(f"overview-{month:%Y-%m}.csv", CSV_HEADER, _rows(found))


def _rows(found: PeriodFigures) -> Iterator[list[object]]:
    for day, tally in found.by_day.items():
        amounts = (
            tally.captured, tally.refunded, tally.revenue, tally.vendor_cost, tally.in_vain,
            tally.margin, tally.topped_up, tally.bonus, tally.returned, tally.borne,
        )  # fmt: skip
        yield [day, *map(_signed, amounts), tally.delivered, tally.failed]


def _signed(micros: int) -> str:
    return ("-" if micros < 0 else "") + decimal_dollars(abs(micros))


def _period(request: HttpRequest, form: PeriodForm, today: date) -> Period:
    """What the address asks for: from and to, a month, or the last so many days."""
    if form.is_bound and form.is_valid():
        return Period(form.cleaned_data["first"], form.cleaned_data["last"])
    if "month" in request.GET:
        return Period(*ends_of(month_of(request.GET["month"], default=today)))
    asked = request.GET.get("days", "")
    days = next((days for days in LAST_DAYS if str(days) == asked), DEFAULT_DAYS)
    return Period(today - timedelta(days=days - 1), today)


def _charts(found: PeriodFigures) -> dict[str, charts.Chart]:
    by_day, by_model = found.by_day, found.by_model
    # Translators: a day and its month, in short, in the letters of Django's date filter.
    days = [date_format(day, _("j M")) for day in by_day]
    models = [key for key in by_model if key in MODELS]
    return {
        "days": charts.columns(
            key="days",
            title=_("Revenue and vendor cost by day"),
            labels=days,
            series=[
                charts.Series(_("Revenue"), "a", [tally.revenue for tally in by_day.values()]),
                charts.Series(_("Vendor cost"), "b", [tally.cost for tally in by_day.values()]),
            ],
            say=gain,
            smallest_step=100,
        ),
        "models": charts.columns(
            key="models",
            title=_("Revenue, vendor cost and margin by model"),
            labels=[_model_words(key) for key in models],
            series=[
                charts.Series(_("Revenue"), "a", [by_model[key].revenue for key in models]),
                charts.Series(_("Vendor cost"), "b", [by_model[key].cost for key in models]),
                charts.Series(_("Margin"), "c", [by_model[key].margin for key in models]),
            ],
            say=gain,
            smallest_step=100,
        ),
        "failures": charts.columns(
            key="failures",
            title=_("Failures by day and model"),
            labels=days,
            series=[
                charts.Series(_model_words(key), tone, found.failures_of(key))
                for key, tone in zip(models, TONES, strict=False)
            ],
            say=str,
            stacked=True,
        ),
    }


def _failures(found: PeriodFigures) -> list[tuple[date, list[int]]]:
    """The days on which something failed, each model's number and their sum."""
    by_model = [found.failures_of(key) for key in MODELS]
    rows = zip(found.period.days, *by_model, strict=True)
    return [(day, [*counts, sum(counts)]) for day, *counts in rows if any(counts)]


def _model_words(key: str) -> str:
    return MODELS[key].name if key in MODELS else key or _("No restoration")

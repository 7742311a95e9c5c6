"""How amounts, sizes and times are put into words on a page."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext

from accounts import kept, languages
from accounts.money import MICROS_IN_A_CENT, dollars
from accounts.words import straight
from jobs import catalog

register = template.Library()

# A picture counts as square, for layout, while its sides differ by less than this.
NEARLY_SQUARE = 0.15


@register.filter
def instant(moment: date) -> str:
    """For a `<time datetime>`, which takes milliseconds at most (HTML, "Valid time string")."""
    if isinstance(moment, datetime):
        return moment.isoformat(timespec="seconds")
    return moment.isoformat()


@register.filter
def money(micros: int | str | None) -> str:
    """Exact dollars: at least two decimals, none rounded away, and no bare minus sign.

    4355 is "$0.004355", 40000 is "$0.04", 5000000 is "$5.00"; -40000 is "minus $0.04".
    """
    if micros is None or micros == "":
        return ""
    amount = dollars(abs(int(micros)))
    return gettext("minus %(amount)s") % {"amount": amount} if int(micros) < 0 else amount


@register.filter
def whole_cents(micros: int | str | None) -> str:
    """Dollars and cents, where there is room for no more; rounded down, never more than there is.

    19951524 is "$19.95"; what is something and no cent yet is "under $0.01", not nothing.
    """
    if micros is None or micros == "":
        return ""
    whole = int(micros) // MICROS_IN_A_CENT * MICROS_IN_A_CENT
    if int(micros) > whole == 0:
        return gettext("under %(amount)s") % {"amount": dollars(MICROS_IN_A_CENT)}
    return money(whole)


@register.filter
def megapixels(width_px: int | None, height_px: int | None) -> str:
    """`{{ width|megapixels:height }}`: "4.2 MP"; more decimals where one would say nothing."""
    if not width_px or not height_px:
        return ""
    return catalog.megapixels(width_px * height_px)


@register.filter
def shape(width_px: int | None, height_px: int | None) -> str:
    """`{{ width|shape:height }}`: "portrait", "square" or "landscape", for the style sheet."""
    if not width_px or not height_px:
        return "landscape"
    ratio = width_px / height_px
    if ratio < 1 - NEARLY_SQUARE:
        return "portrait"
    return "square" if ratio < 1 + NEARLY_SQUARE else "landscape"


@register.filter
def duration(seconds: float | None) -> str:
    """Whole seconds below two minutes, then minutes, then hours and minutes."""
    if seconds is None:
        return ""
    whole = round(seconds)
    if whole < 120:
        return ngettext("%(n)d second", "%(n)d seconds", whole) % {"n": whole}
    minutes = round(whole / 60)
    if minutes < 120:
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    return gettext("%(hours)d h %(minutes)d min") % {
        "hours": minutes // 60,
        "minutes": minutes % 60,
    }


@register.filter
def clock(seconds: float | None) -> str:
    """As a stopwatch shows it: "0:14", "1:02:03"; live.js goes on with it."""
    if seconds is None:
        return ""
    minutes, second = divmod(max(0, int(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


@register.filter(name="straight")
def straight_filter(text: object) -> str:
    """`accounts.words.straight`, for titles and attributes, where no `<bdi>` can stand."""
    return straight(str(text))


@register.filter(name="kept")
def kept_filter(said: str) -> str:
    """`accounts.kept`: a sentence of ours that a row keeps, as its reader reads it."""
    return kept.words(said)


@register.filter
def own_name(code: str) -> str:
    """A language's name in itself."""
    return languages.name_of(code)


@register.simple_tag(takes_context=True)
def current(context: template.Context, *prefixes: str) -> SafeString:
    """`aria-current="page"` where the page's address begins with one of these."""
    request: Any = context.get("request")
    path = request.path if request else ""
    if any(path.startswith(prefix) for prefix in prefixes if prefix):
        return mark_safe(' aria-current="page"')
    return SafeString("")

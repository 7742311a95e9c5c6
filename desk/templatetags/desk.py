"""How the desk words what is more, less, won or lost; never with a bare minus sign."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django import template
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext

from accounts.figures import rounded
from accounts.money import dollars
from desk import masking

register = template.Library()


@register.filter
def difference(micros: int) -> str:
    """Billed less expected: "$0.0031 too much", "$0.0031 too little", "none"."""
    if micros == 0:
        return gettext("none")
    words = gettext("%(amount)s too much") if micros > 0 else gettext("%(amount)s too little")
    return words % {"amount": dollars(abs(micros))}


@register.filter
def gain(micros: int) -> str:
    """What stays with the house: "$1.20", or "$1.20 lost"."""
    if micros >= 0:
        return dollars(micros)
    return gettext("%(amount)s lost") % {"amount": dollars(-micros)}


@register.filter
def given(micros: int) -> str:
    """What went out: "$1.20", or "$1.20 came back"."""
    if micros >= 0:
        return dollars(micros)
    return gettext("%(amount)s came back") % {"amount": dollars(-micros)}


@register.filter
def percent_of(part: int, whole: int) -> str:
    """A share, exact to a tenth of a percent: "12.5 %", "12.5 % lost"; nothing of nothing is –."""
    if whole <= 0:
        return "–"
    tenths = (abs(part) * 1000 * 2 + whole) // (whole * 2)
    words = f"{rounded(Decimal(tenths) / 10, 1)} %"
    return gettext("%(share)s lost") % {"share": words} if part < 0 and tenths else words


@register.filter
def lasting(time: timedelta | None) -> str:
    """How long somebody waited, in its two largest units: "3 days, 2 hours"; – of nobody."""
    if time is None:
        return "–"
    now = timezone.now()
    return timesince(now - time, now)


@register.filter
def seconds(time: timedelta | None) -> str:
    """How long a machine took: "0.3 s", "42 s", "3 min 5 s"; – of nothing."""
    if time is None:
        return "–"
    whole = time.total_seconds()
    if whole < 10:
        return f"{rounded(whole, 1)} s"
    minutes, rest = divmod(round(whole), 60)
    return (
        gettext("%(minutes)s min %(seconds)s s") % {"minutes": rounded(minutes), "seconds": rest}
        if minutes
        else f"{rest} s"
    )


@register.filter
def distance(micros: int) -> str:
    """An amount without its direction, for words that say it."""
    return dollars(abs(micros))


@register.filter
def short_request(request_id: str | None) -> str:
    """Enough of a vendor's number of a request to tell two apart."""
    return masking.short(request_id)

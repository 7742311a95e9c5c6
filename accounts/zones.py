"""The zone in which a member reads times: their browser's at first, then whatever they choose.

Staff pages, files for machines and the months of money keep to UTC, and say so.
"""

from __future__ import annotations

import zoneinfo
from datetime import UTC, tzinfo
from functools import cache

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Of all names these are places, as people look for theirs; the others are kept for old machines.
CONTINENTS = (
    "Africa/", "America/", "Antarctica/", "Arctic/", "Asia/", "Atlantic/", "Australia/",
    "Europe/", "Indian/", "Pacific/",
)  # fmt: skip


@cache
def known() -> frozenset[str]:
    """Every name of the IANA database on this machine, old ones too: browsers still say them."""
    return frozenset(zoneinfo.available_timezones() - {"localtime", "posixrules", "Factory"})


@cache
def choices() -> list[tuple[str, str]]:
    """UTC and the places, by name."""
    places = sorted(name for name in known() if name.startswith(CONTINENTS))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in places)]


def zone(name: str) -> tzinfo:
    """UTC for nothing, and for a name that this machine does not know."""
    return zoneinfo.ZoneInfo(name) if name in known() else UTC


def check(name: str) -> None:
    """Raises ValidationError for what is no zone."""
    if name not in known():
        raise ValidationError(_("This is no time zone that we know."))

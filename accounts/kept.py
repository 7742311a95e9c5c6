"""Sentences of the house's that rows keep, in the language of whoever reads them.

A row keeps the sentence as it is written in the sources (`gettext_noop`), the same whoever caused
it, a worker, a vendor's callback or a member: so what is on record and sealed depends on nobody's
language, and rows from before there were other languages are read like all others. Where such a
sentence has something in it, `sentence` makes its pattern known, and what is in it is found again.
What people wrote themselves is never passed through here.
"""

from __future__ import annotations

import re
from decimal import Decimal

from django.utils.translation import gettext

from accounts.figures import rounded
from accounts.money import dollars, micros

_BLANK = re.compile(r"%\((\w+)\)s")
# As `dollars_on_record` and `rounded` write them in the house's language.
_FIGURE = re.compile(r"\$?\d{1,3}(,\d{3})*\.\d{1,6}")
_patterns: dict[str, re.Pattern[str]] = {}


def sentence(msgid: str) -> str:
    """A sentence with `%(name)s` in it, to be kept filled in."""
    parts = _BLANK.split(msgid)  # words, name, words, ...
    parts[::2] = map(re.escape, parts[::2])
    parts[1::2] = [f"(?P<{name}>.+)" for name in parts[1::2]]
    _patterns[msgid] = re.compile("".join(parts), re.DOTALL)
    return msgid


def words(said: str) -> str:
    """What a row keeps, as its reader reads it; as it stands where there is no translation."""
    whole = gettext(said)
    if whole != said:
        return whole
    for msgid, pattern in _patterns.items():
        if found := pattern.fullmatch(said):
            return gettext(msgid) % {name: _read(one) for name, one in found.groupdict().items()}
    return said


def _read(inside: str) -> str:
    """An amount or a decimal as its reader writes it; all else as it stands."""
    if not _FIGURE.fullmatch(inside):
        return inside
    figure = Decimal(inside.lstrip("$").replace(",", ""))
    if inside.startswith("$"):
        return dollars(micros(figure))
    return rounded(figure, -int(figure.as_tuple().exponent))

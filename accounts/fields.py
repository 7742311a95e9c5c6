"""How days and amounts of money are typed, on every form: what is read must be what was seen."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.formats import get_format
from django.utils.translation import gettext_lazy as _

from accounts import money

MOST_DOLLARS = 999_999


class DayInput(forms.DateInput):
    """A browser's own calendar: it takes and gives ISO days, and shows them in its own way."""

    input_type = "date"

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%Y-%m-%d", **options)


# Where the comma is the decimal mark people write both ways, and each is read as far as it can mean
# one thing alone: "1.234" and "1,234" can't.
WITH_COMMA = re.compile(r"([0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3})+)(?:,([0-9]{1,6}))?")
WITH_POINT = re.compile(r"([0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.([0-9]{1,6}))?")
EITHER = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")


class Unclear(ValueError):
    """What was typed can mean two amounts."""


def amount_in(text: str) -> Decimal:
    """What somebody typed, as a reader of this page's language means it.

    Raises Unclear when that could be either of two amounts, ValueError when it is none.
    """
    if get_format("DECIMAL_SEPARATOR") != ",":
        patterns = [WITH_POINT]
    elif EITHER.fullmatch(text):
        raise Unclear(text)
    else:
        patterns = [WITH_COMMA, WITH_POINT]
    for pattern in patterns:
        if found := pattern.fullmatch(text):
            whole, rest = found.groups(default="")
            digits = re.sub("[.,]", "", whole)
            return Decimal(f"{digits}.{rest}" if rest else digits)
    raise ValueError(text)


def typed(micros: int) -> str:
    """An amount as it stands in a field, so that it is read as itself."""
    plain = money.decimal_dollars(micros)
    if get_format("DECIMAL_SEPARATOR") != ",":
        return plain
    text = plain.replace(".", ",")
    return f"{text}0" if EITHER.fullmatch(text) else text


class DollarsField(forms.CharField):
    """An amount in dollars as people write it: "12", "0.0031", "1,250.50", perhaps with a $.

    On a German page "12,50" and "1.250,50" as well; what could mean two amounts is asked about.
    Cleans to whole micro-dollars, None when left empty. No exponents, no other scripts' digits:
    what is read must be what was seen. `decimal_places` 2 allows whole cents alone.
    """

    def __init__(
        self,
        *,
        decimal_places: int = 6,
        least_micros: int = 0,
        most_micros: int = MOST_DOLLARS * money.MICROS_IN_A_DOLLAR,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.decimal_places = decimal_places
        self.least_micros, self.most_micros = least_micros, most_micros
        self.widget.attrs.update({"inputmode": "decimal", "autocomplete": "off"})

    def prepare_value(self, value: Any) -> Any:
        return typed(value) if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        text = super().clean(value).removeprefix("$").removesuffix("$").strip()
        if not text:
            return None
        try:
            amount = amount_in(text)
        except Unclear:
            raise forms.ValidationError(
                _(
                    "This can be read in two ways. Please write it with two decimals, such as "
                    "1234.00 or 1.23."
                )
            ) from None
        except ValueError:
            raise forms.ValidationError(
                _("Please write an amount in dollars, such as 12.50.")
            ) from None
        if -int(amount.as_tuple().exponent) > self.decimal_places:
            raise forms.ValidationError(_("Please give whole cents."))
        micros = money.micros(amount)
        if not self.least_micros <= micros <= self.most_micros:
            raise forms.ValidationError(
                _("Please choose an amount from %(least)s to %(most)s.")
                % {
                    "least": money.dollars(self.least_micros),
                    "most": money.dollars(self.most_micros),
                }
            )
        return micros

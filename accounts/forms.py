"""What a member fills in on the wallet's pages."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.utils.dates import MONTHS
from django.utils.formats import get_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import money, statements
from accounts.models import TopUp, Transfer, TransferKind, User, Wallet
from accounts.models.wallet import TransferQuerySet

MOST_DOLLARS = 999_999


def month_words(month: date) -> str:
    """ "November 2026", in the reader's language."""
    return f"{MONTHS[month.month]} {month.year}"


class StatementFilter(forms.Form):
    """Which movements to show; what isn't understood filters nothing out."""

    kind = forms.ChoiceField(label=_("What"), required=False)
    month = forms.ChoiceField(label=_("Month"), required=False)
    job = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *, user: User, data: Any) -> None:
        super().__init__(data)
        self.user, self.months = user, statements.months_of(user)
        self._choices(
            "kind",
            gettext("Everything"),
            TransferKind.choices,
        )
        self._choices(
            "month",
            gettext("All months"),
            [(f"{month:%Y-%m}", month_words(month)) for month in self.months],
        )

    def _choices(self, name: str, all_of_them: str, choices: list[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", all_of_them), *choices]

    def transfers(self) -> TransferQuerySet:
        """The member's movements that pass, newest first."""
        found = Transfer.objects.for_member(self.user).newest_first()
        self.is_valid()
        if kind := self.cleaned_data.get("kind"):
            found = found.filter(kind=kind)
        if self.cleaned_data.get("month") and self.month_shown:
            found = statements.within(found, self.month_shown)
        if job := self.cleaned_data.get("job"):
            found = found.filter(reference=str(job))
        return found

    @property
    def month_shown(self) -> datetime | None:
        """The month that is asked for, else the newest in which something moved."""
        self.is_valid()
        if chosen := self.cleaned_data.get("month"):
            return datetime.strptime(chosen, "%Y-%m").replace(tzinfo=UTC)
        return self.months[0] if self.months else None

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is left out."""
        self.is_valid()
        return any(self.cleaned_data.values())


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


class LimitsForm(forms.Form):
    """What the member allows for a month, and when to write."""

    monthly_limit_micros = DollarsField(
        label=_("Monthly limit in dollars"),
        required=False,
        help_text=_("Nothing more is ordered in a month than this. Leave empty for no limit."),
    )
    warn_below_micros = DollarsField(
        label=_("E-mail me when my balance falls below"),
        required=False,
        help_text=_("In dollars. One e-mail each time that happens. Leave empty for none."),
    )

    @classmethod
    def of(cls, wallet: Wallet) -> LimitsForm:
        """Filled in with what stands."""
        names = ("monthly_limit_micros", "warn_below_micros")
        return cls(initial={name: getattr(wallet, name) for name in names})

    def clean_warn_below_micros(self) -> int | None:
        line: int | None = self.cleaned_data["warn_below_micros"]
        return line or None  # nothing is below nothing


class TopUpForm(forms.Form):
    """How much to pay in. The form's own number makes a double click one payment."""

    form_id = forms.UUIDField(widget=forms.HiddenInput)
    amount = DollarsField(label=_("Another amount in dollars"), decimal_places=2)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        amount = self.fields["amount"]
        assert isinstance(amount, DollarsField)
        amount.least_micros = settings.TOP_UP_LEAST_MICROS
        amount.most_micros = settings.TOP_UP_MOST_MICROS
        amount.help_text = gettext("From %(least)s to %(most)s.") % {
            "least": money.dollars(amount.least_micros),
            "most": money.dollars(amount.most_micros),
        }

    @classmethod
    def of(cls, top_up: TopUp) -> TopUpForm:
        """As it was filled in for this payment."""
        return cls({"form_id": str(top_up.pk), "amount": typed(top_up.amount_micros)})

    def renew(self) -> None:
        """What was typed stays; what is sent next is a payment of its own."""
        self.data = {"amount": self.data.get("amount", ""), "form_id": str(uuid.uuid4())}

    @property
    def amount_micros(self) -> int:
        """What was chosen, once the form is valid."""
        micros: int = self.cleaned_data["amount"]
        return micros

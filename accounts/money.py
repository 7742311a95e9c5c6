"""Micro-dollars in words. 1 USD = 1,000,000 micros; nothing is rounded away."""

from decimal import Decimal

from django.utils.translation import gettext

from accounts.figures import rounded

MICROS_IN_A_DOLLAR = 1_000_000
MICROS_IN_A_CENT = 10_000


def dollars(micros: int) -> str:
    """An exact amount, not negative, as its reader writes it: "$1,234.5031", "1.234,5031 $".

    At least two decimals, none rounded away.
    """
    whole, rest = divmod(micros, MICROS_IN_A_DOLLAR)
    cents = _cents(rest)
    amount = rounded(Decimal(f"{whole}.{cents}"), len(cents))
    # Translators: an amount in US dollars, such as "$12.50". Please no space that can break a line.
    return gettext("$%(amount)s") % {"amount": amount}


def whole_dollars(micros: int) -> str:
    """The same without cents where there are none, for the words of a button: "$5"."""
    whole, rest = divmod(micros, MICROS_IN_A_DOLLAR)
    return dollars(micros) if rest else gettext("$%(amount)s") % {"amount": rounded(whole)}


def dollars_on_record(micros: int) -> str:
    """The same as rows keep it, whoever asked: "$1,234.5031"."""
    whole, rest = divmod(micros, MICROS_IN_A_DOLLAR)
    return f"${whole:,}.{_cents(rest)}"


def decimal_dollars(micros: int) -> str:
    """An exact amount, not negative, as a plain decimal for a spreadsheet: "1234.5031"."""
    whole, rest = divmod(micros, MICROS_IN_A_DOLLAR)
    return f"{whole}.{_cents(rest)}"


def micros(amount: Decimal) -> int:
    """Micro-dollars of an amount in dollars. Raises ValueError beyond six decimals."""
    exact = amount * MICROS_IN_A_DOLLAR
    if exact != exact.to_integral_value():
        raise ValueError(f"{amount} is not a whole number of micro-dollars")
    return int(exact)


def _cents(rest: int) -> str:
    return f"{rest:06d}".rstrip("0").ljust(2, "0")

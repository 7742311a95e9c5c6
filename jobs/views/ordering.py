"""The click: what a page has shown is ordered, all or nothing, and what came of it is said."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import ledger
from accounts.members import member_of
from accounts.money import dollars
from jobs import doorbell
from jobs.models import RestorationJob
from jobs.steps import order


def order_all(request: HttpRequest, orders: Sequence[order.Order], *, done: str = "") -> bool:
    """Whether it is ordered now, or was before by this very click; why it is not is said.

    `done` is what to say of a first click.
    """
    member = member_of(request)
    keys = [click.key for one in orders for click in one.clicks.values()]
    ordered_before = RestorationJob.objects.filter(owner=member, click_key__in=keys).exists()
    try:
        order.place_all(orders, by=member)
    except ledger.InsufficientFunds as problem:
        messages.error(request, _too_little(problem))
        return False
    except ledger.OverMonthlyLimit as problem:
        messages.error(request, _over_limit(problem))
        return False
    except order.CannotOrder as problem:
        messages.error(request, str(problem))
        return False
    doorbell.ring_on_commit("submit")
    if ordered_before:
        words = ngettext(
            "This is ordered already: one click counts.",
            "These are ordered already: one click counts.",
            len(keys),
        )
        messages.info(request, words)
    elif done:
        messages.success(request, done)
    return True


def _too_little(problem: ledger.InsufficientFunds) -> str:
    return _(
        "Your wallet is %(missing)s short: this costs %(costs)s and you have %(have)s. "
        "Nothing was ordered or charged."
    ) % {
        "missing": dollars(problem.missing_micros),
        "costs": dollars(problem.needed_micros),
        "have": dollars(problem.available_micros),
    }


def _over_limit(problem: ledger.OverMonthlyLimit) -> str:
    return _(
        "This would go over the monthly limit of %(limit)s that you set: it costs %(costs)s and "
        "%(spent)s are spent or set aside. Nothing was ordered or charged. You can change the "
        "limit on your wallet's page."
    ) % {
        "limit": dollars(problem.limit_micros),
        "costs": dollars(problem.needed_micros),
        "spent": dollars(problem.spent_micros),
    }

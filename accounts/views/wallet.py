"""The wallet: what is there, what is set aside, and every movement that explains it."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from accounts import ledger, statements
from accounts.forms import LimitsForm, StatementFilter, TopUpForm, month_words
from accounts.members import member_of
from accounts.models import Transfer
from accounts.spreadsheets import csv_download
from accounts.views.pressed import pressed
from accounts.views.top_up_offer import top_up_form

TRANSFERS_ON_A_PAGE = 50


@require_safe
@login_required
def wallet(request: HttpRequest) -> HttpResponse:
    """Balances, what is set aside, and the statement, perhaps narrowed by ?kind, ?month, ?job."""
    return wallet_page(request)


@login_required
@pressed("wallet")
def limits(request: HttpRequest) -> HttpResponse:
    """The member's own limit and warning."""
    form = LimitsForm(request.POST)
    if not form.is_valid():
        return wallet_page(request, limits=form, status=422)
    ledger.set_limits(user=member_of(request), **form.cleaned_data)
    messages.success(request, gettext("Saved."))
    return redirect("wallet")


@require_safe
@login_required
def statement_csv(request: HttpRequest) -> HttpResponseBase:
    """The statement as the page has it narrowed, whole, for a spreadsheet."""
    narrowed = StatementFilter(user=member_of(request), data=request.GET)
    month = narrowed.data.get("month") or "all"
    return csv_download(
        f"heirloom-statement-{month if narrowed.is_valid() else 'all'}.csv",
        statements.CSV_HEADER,
        statements.csv_rows(narrowed.transfers()),
    )


@require_safe
@login_required
def month(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """One month to read or print: opening, every movement, sums, closing."""
    try:
        first, _next = ledger.month_of(datetime(year, month, 1, tzinfo=UTC))
    except (ValueError, OverflowError):
        raise Http404(gettext("There is no such month.")) from None
    if first > timezone.now():
        raise Http404(gettext("There is no such month."))
    context = {
        "statement": statements.month_statement(member_of(request), first),
        "month_words": month_words(first),
        "made_at": datetime.now(UTC),
    }
    return render(request, "accounts/month.html", context)


def wallet_page(
    request: HttpRequest,
    *,
    limits: LimitsForm | None = None,
    top_up: TopUpForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, perhaps with a form that was refused."""
    member = member_of(request)
    narrowed = StatementFilter(user=member, data=request.GET)
    page = Paginator(narrowed.transfers(), TRANSFERS_ON_A_PAGE).get_page(request.GET.get("page"))
    purse = ledger.wallet_of(member)
    transfers = list(page.object_list)
    holds = list(Transfer.objects.for_member(member).open_holds().order_by("pk"))
    statements.described([*transfers, *holds])
    kept = request.GET.copy()
    kept.pop("page", None)
    context = {
        "wallet": purse,
        "top_up_form": top_up_form(member, answered=top_up),
        "limits": limits or LimitsForm.of(purse),
        "spent_micros": ledger.spent_in_month(member),
        "owed_micros": ledger.owed_by(member),
        "narrowed": narrowed,
        "month_shown": narrowed.month_shown,
        "job_shown": narrowed.cleaned_data.get("job"),
        "kept_query": kept.urlencode(),
        "transfers": transfers,
        "page_obj": page,
        "holds": holds,
    }
    return render(request, "accounts/wallet.html", context, status=status)

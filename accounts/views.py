"""The wallet: what is there, what is set aside, and every movement that explains it."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import ledger
from accounts.members import member_of
from accounts.models import Transfer

TRANSFERS_ON_A_PAGE = 50


@require_safe
@login_required
def wallet(request: HttpRequest) -> HttpResponse:
    member = member_of(request)
    transfers = Transfer.objects.for_member(member).newest_first()
    page = Paginator(transfers, TRANSFERS_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "wallet": ledger.wallet_of(member),
        "transfers": page.object_list,
        "page_obj": page,
        "holds": Transfer.objects.for_member(member).open_holds().order_by("pk"),
    }
    return render(request, "accounts/wallet.html", context)

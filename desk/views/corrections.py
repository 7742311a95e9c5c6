"""Refunds and adjustments: asked for on a form, confirmed on a page, decided in a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit, corrections, ledger, statements
from accounts.corrections import PERMISSION, CorrectionError
from accounts.members import member_of
from accounts.models import Correction, CorrectionState, Transfer, TransferKind, User
from accounts.money import dollars
from accounts.reading import on_record
from desk.doors import staff_only
from desk.forms.corrections import AdjustmentForm, RefundForm
from desk.lookup import with_charges_described

DECIDED_ON_A_PAGE = 50


@require_safe
@staff_only("accounts.view_correction")
def waiting_and_decided(request: HttpRequest) -> HttpResponse:
    undecided = Correction.objects.waiting().with_people().select_related("member__wallet")
    waiting = with_charges_described(undecided.order_by("asked_at"))
    charges = ledger.balances_of(one.hold_id for one in waiting if one.hold_id is not None)
    decided = Correction.objects.decided().with_people()
    page = Paginator(decided, DECIDED_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "waiting": [
            (one, charge, corrections.obstacle(one, charge))
            for one in waiting
            for charge in [charges.get(one.hold_id or 0)]
        ],
        "decided": with_charges_described(page.object_list),
        "page_obj": page,
    }
    return render(request, "desk/corrections.html", context)


@require_POST
@staff_only(PERMISSION)
def decide(request: HttpRequest, correction_id: Any) -> HttpResponse:
    """The buttons under one that waits."""
    correction = get_object_or_404(Correction.objects.with_people(), pk=correction_id)
    verbs: dict[str, Callable[..., Correction]] = {
        "approve": corrections.approve,
        "refuse": corrections.refuse,
        "take_back": corrections.take_back,
    }
    verb = verbs.get(request.POST.get("decision", ""))
    if verb is None:
        messages.error(request, _("Please press one of the buttons."))
        return redirect("desk_corrections")
    note = request.POST.get("note", "")[: corrections.REASON_MOST].replace("\x00", "")
    try:
        done = verb(correction=correction, by=member_of(request), note=note)
    except CorrectionError as problem:
        with on_record():
            what = f"tried to {request.POST['decision'].replace('_', ' ')}: {correction.words}."
        _record_refused(
            member_of(request),
            f"{what} {problem}",
            why=note,
            subject=f"correction {correction.pk}",
            member=correction.member,
        )
        messages.error(request, str(problem))
    else:
        words = _("%(correction)s: %(state)s.")
        messages.success(
            request, words % {"correction": done.words, "state": done.get_state_display()}
        )
    return redirect("desk_corrections")


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PERMISSION)
def refund(request: HttpRequest, hold_id: int) -> HttpResponse:
    """Give back a charge, or a part of it."""
    holds = Transfer.objects.filter(kind=TransferKind.HOLD).select_related("wallet__user")
    (hold,) = statements.described([get_object_or_404(holds, pk=hold_id)])
    balance = ledger.balance_of(hold)
    form = RefundForm(request.POST or None, initial={"amount_micros": balance.charged})
    return _asked(request, form, hold.wallet.user, hold=hold, balance=balance)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PERMISSION)
def adjust(request: HttpRequest, member_id: int) -> HttpResponse:
    """Change a balance that no charge explains."""
    return _asked(
        request, AdjustmentForm(request.POST or None), get_object_or_404(User, pk=member_id)
    )


def _asked(
    request: HttpRequest,
    form: RefundForm,
    member: User,
    *,
    hold: Transfer | None = None,
    balance: ledger.HoldBalance | None = None,
) -> HttpResponse:
    """The form; then what would happen; then, confirmed, it happens."""
    subject = f"transfer {hold.pk}" if hold else f"user {member.pk}"
    audit.about(request, member=member, subject=subject)
    context = {
        "form": form,
        "person": member,
        "wallet_shown": ledger.wallet_of(member),
        "hold": hold,
        "balance": balance,
    }
    if request.method == "POST" and "back" not in request.POST and form.is_valid():
        said: dict[str, Any] = {
            "kind": form.kind,
            "member": member,
            "hold": hold,
            "amount_micros": form.cleaned_data["amount_micros"],
            "reason": form.cleaned_data["reason"],
            "by": member_of(request),
        }
        try:
            if "confirmed" in request.POST:
                form_id = form.cleaned_data["form_id"]
                return _done(request, corrections.ask(form_id=form_id, **said))
            context["outlook"] = corrections.look_ahead(**said)
        except CorrectionError as problem:
            with on_record():
                what = f"asked for: {form.kind.label}, {dollars(said['amount_micros'])}. {problem}"
            _record_refused(
                member_of(request),
                what,
                why=said["reason"],
                subject=subject,
                member=member,
            )
            form.add_error(None, str(problem))
        else:
            return render(request, "desk/correction_confirm.html", context | {"kind": form.kind})
    status = 422 if form.errors else 200
    return render(request, "desk/correction_form.html", context, status=status)


def _record_refused(by: User, what: str, *, why: str, subject: str, member: User) -> None:
    """Somebody tried what the rules forbid. What the verb had begun is rolled back by now."""
    audit.record(
        actor=by, action="correction.refused", what=what, why=why, subject=subject, member=member
    )


def _done(request: HttpRequest, correction: Correction) -> HttpResponse:
    if correction.state == CorrectionState.DONE:
        words = _("%(correction)s: done. The member reads the reason in the statement.")
        messages.success(request, words % {"correction": correction.words})
    else:
        words = _("%(correction)s waits for a second person. The others have got an e-mail.")
        messages.warning(request, words % {"correction": correction.words})
    return redirect(reverse("desk_member", args=[correction.member_id]) + "#corrections")

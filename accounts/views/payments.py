"""Paying in by card: the form, the page one comes back to, and the card processor's webhook.

The webhook answers 200 whenever an event was understood well enough to be kept, 400 for a
signature that doesn't fit, 413 for a body that no event has, 404 when cards are off, 503 for an
event that came before its payment; any other 5xx is our own fault, and the processor tries again.
No outbound call is made there.
"""

from __future__ import annotations

import logging
import uuid

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts.forms import TopUpForm
from accounts.members import member_of
from accounts.models import TopUp, TopUpState
from accounts.payments import cards, top_ups
from accounts.views.pressed import pressed
from accounts.views.wallet import wallet_page

log = logging.getLogger(__name__)
SLOWEST_LOOK_SECONDS = 60
MOST_LOOKS = 40


@login_required
@pressed("wallet")
def top_up_begin(request: HttpRequest) -> HttpResponse:
    """The click. A second one with the same form is the same payment."""
    if not cards.enabled():
        return redirect("wallet")
    member = member_of(request)
    form = TopUpForm(request.POST)
    if not form.is_valid():
        return _refused(request, form)
    try:
        top_up = top_ups.begin(
            member=member,
            amount_micros=form.amount_micros,
            form_id=form.cleaned_data["form_id"],
        )
    except top_ups.CannotTopUp as problem:
        form.add_error("amount", str(problem))
        return _refused(request, form)
    return _to_the_card_page(request, top_up)


@login_required
@pressed("top_up", "top_up_id")
def top_up_again(request: HttpRequest, top_up_id: uuid.UUID) -> HttpResponse:
    """Once more to the card page: it could not be opened, or the member came back from it."""
    return _to_the_card_page(request, _own(request, top_up_id))


def _to_the_card_page(request: HttpRequest, top_up: TopUp) -> HttpResponse:
    here = reverse("top_up", args=[top_up.pk])
    try:
        top_up = top_ups.open_checkout(top_up, return_url=f"{settings.PUBLIC_BASE_URL}{here}")
    except cards.CardsUnavailable as problem:
        log.warning("top-up %s: %s", top_up.pk, problem)
        messages.error(
            request, _("Our card processor can’t be reached right now. Nothing was charged.")
        )
        return redirect(here)
    except cards.CardsRefused as problem:
        log.error("top-up %s: %s", top_up.pk, problem)
        form = TopUpForm.of(top_up)
        form.add_error(
            "amount", _("Our card processor did not accept this payment. Nothing was charged.")
        )
        return _refused(request, form)
    answer = redirect(top_up.session_url if top_up.state == TopUpState.OPEN else here)
    answer.status_code = 303
    return answer


def _refused(request: HttpRequest, form: TopUpForm) -> HttpResponse:
    """The wallet's page with what was typed, and why it can't be."""
    form.renew()
    form.fields["amount"].widget.attrs["autofocus"] = True  # which brings it on the screen, too
    return wallet_page(request, top_up=form, status=422)


@require_safe
@login_required
def top_up(request: HttpRequest, top_up_id: uuid.UUID) -> HttpResponse:
    """How the payment stands, asked for where it is known best; a lost webhook loses nothing."""
    row = _own(request, top_up_id)
    session, unreachable = None, False
    try:
        session = top_ups.look(row) if cards.enabled() else None
    except cards.CardsUnavailable:
        unreachable = True
    except cards.CardsRefused as problem:
        log.error("top-up %s: %s", row.pk, problem)
        unreachable = True
    looks = _number(request.GET.get("looks"))
    is_coming = session is not None and session.status == "complete"
    context = {
        "top_up": row,
        "cancelled": "cancelled" in request.GET and not is_coming,
        "is_coming": is_coming,
        "unreachable": unreachable,
        "bonus": _bonus_of(row),
        # Ever more rarely, and not for ever: a tab that was left open asks nobody.
        "look_in_seconds": min(2 ** (looks + 1), SLOWEST_LOOK_SECONDS) if looks < MOST_LOOKS else 0,
        "next_look": looks + 1,
    }
    fragment = request.headers.get("HX-Request") == "true"
    return render(request, f"accounts/{'_top_up_state' if fragment else 'top_up'}.html", context)


def _bonus_of(top_up: TopUp) -> int:
    """The bonus that came with this payment, in micro-dollars."""
    return top_ups.bonus_of(top_up) if top_up.state == TopUpState.PAID else 0


def _own(request: HttpRequest, top_up_id: uuid.UUID) -> TopUp:
    rows = TopUp.objects.select_related("member", "transfer")
    return get_object_or_404(rows, pk=top_up_id, member=member_of(request))


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else 0


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    if not cards.enabled():
        raise Http404(_("Cards are off."))
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > settings.CARD_EVENT_MAX_BYTES:
        return JsonResponse({"error": "too large"}, status=413)
    body = request.read(settings.CARD_EVENT_MAX_BYTES)
    try:
        event = cards.processor().event(
            body=body, signature=request.headers.get("Stripe-Signature", "")
        )
        kept = top_ups.receive(event, body=body.decode())
    except cards.BadSignature as problem:
        return JsonResponse({"error": str(problem)}, status=400)
    except top_ups.TooEarly as problem:
        log.warning("before its payment was known: %s", problem)
        return JsonResponse({"error": "not yet"}, status=503)
    return JsonResponse({"verdict": kept.verdict})

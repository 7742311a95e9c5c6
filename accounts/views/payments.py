"""Paying in by card: the form, the page one comes back to, and the card processor's webhook.

The webhook answers 200 whenever an event was understood well enough to be kept, 400 for a
signature that doesn't fit, 413 for a body that no event has, 404 when cards are off, 503 for an
event that came before its payment; any other 5xx is our own fault, and the processor tries again.
No outbound call is made there.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms import TopUpForm
from accounts.members import member_of
from accounts.models import TopUp, TopUpState, User
from accounts.money import dollars, whole_dollars
from accounts.payments import cards, top_ups

log = logging.getLogger(__name__)
SLOWEST_LOOK_SECONDS = 60
MOST_LOOKS = 40


@dataclass(frozen=True)
class Preset:
    """One offered amount, with the number of its own little form."""

    form_id: uuid.UUID
    dollars: str
    words: str


@dataclass(frozen=True)
class TopUpOffer:
    """What `accounts/_top_up.html` shows."""

    presets: list[Preset]
    form: TopUpForm
    bonus_words: str


def top_up_form(member: User, *, answered: TopUpForm | None = None) -> TopUpOffer | None:
    """What a page needs that includes `accounts/_top_up.html`; None when cards are off."""
    if not cards.enabled():
        return None
    had_a_payment = TopUp.objects.filter(member=member, state=TopUpState.PAID).exists()
    bonus = 0 if had_a_payment else settings.FIRST_PAYMENT_BONUS_MICROS
    presets = [
        Preset(uuid.uuid4(), f"{micros / 1_000_000:.2f}", whole_dollars(micros))
        for micros in settings.TOP_UP_PRESETS_MICROS
    ]
    form = answered or TopUpForm(initial={"form_id": uuid.uuid4()})
    return TopUpOffer(presets, form, dollars(bonus) if bonus > 0 else "")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def top_up_begin(request: HttpRequest) -> HttpResponse:
    """The click. A second one with the same form is the same payment."""
    if request.method != "POST" or not cards.enabled():
        return redirect("wallet")
    member = member_of(request)
    form = TopUpForm(request.POST)
    if not form.is_valid():
        for problems in form.errors.values():
            messages.error(request, " ".join(str(problem) for problem in problems))
        return redirect(f"{reverse('wallet')}#top-up")
    try:
        top_up = top_ups.begin(
            member=member,
            amount_micros=form.amount_micros,
            form_id=form.cleaned_data["form_id"],
        )
    except top_ups.CannotTopUp as problem:
        messages.error(request, str(problem))
        return redirect(f"{reverse('wallet')}#top-up")
    return _to_the_card_page(request, top_up)


@require_POST
@login_required
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
        messages.error(
            request, _("Our card processor did not accept this payment. Nothing was charged.")
        )
        return redirect(f"{reverse('wallet')}#top-up")
    answer = redirect(top_up.session_url if top_up.state == TopUpState.OPEN else here)
    answer.status_code = 303
    return answer


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

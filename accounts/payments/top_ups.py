"""Paying into the wallet by card: begin, settle, and hear what became of it.

Promises:

- **Once.** A form is one top-up, an event is one `CardEvent`, a payment is one credit, however
  often and by however many ways (webhook, return page, `look_again`) we hear of it.
- **Only what we asked for.** Money moves when session, reference, amount, currency and mode are
  those of the checkout that we opened; anything else is kept with the verdict MISMATCHED.
- **Facts, not increments.** What went back (refunds, disputes) is computed from all of a payment's
  events (`card_facts`), and the ledger brought to it; order and repetition don't matter.
- **Nothing of who paid** is kept of an event (`bare`).
- **No transaction is open while the card processor is asked.**

Lock order: top-up, then wallet (by the ledger). Amounts are micro-dollars.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import ledger, letters, members
from accounts.models import CardEvent, CardVerdict, TopUp, TopUpState, Transfer, TransferKind, User
from accounts.money import dollars, dollars_on_record
from accounts.payments import card_facts, cards
from accounts.payments.bare import bare
from accounts.payments.cards import MICROS_IN_A_CENT, Session
from accounts.reading import on_record
from accounts.roles import staff_with

log = logging.getLogger(__name__)
SESSION_EVENTS = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
)
DISPUTE_OPENED = "charge.dispute.created"
Judged = tuple[CardVerdict, str]


class CannotTopUp(Exception):
    """Not possible now. The message is for the member; nothing was charged."""


class TooEarly(Exception):
    """An event about a payment that we have not heard of yet: it must be sent again later."""


# --- Paying in ----------------------------------------------------------------------------------
def begin(*, member: User, amount_micros: int, form_id: uuid.UUID) -> TopUp:
    """The row for this form, written before anybody is asked; the same form gives the same row.

    Raises CannotTopUp for an amount that isn't offered, or a form that began something else.
    """
    least, most = settings.TOP_UP_LEAST_MICROS, settings.TOP_UP_MOST_MICROS
    if not least <= amount_micros <= most or amount_micros % MICROS_IN_A_CENT:
        raise CannotTopUp(
            _("Please choose an amount from %(least)s to %(most)s, in whole cents.")
            % {"least": dollars(least), "most": dollars(most)}
        )
    with transaction.atomic():
        if members.locked(member) is None:
            raise CannotTopUp(_("This account has been closed."))
        top_up, made = TopUp.objects.get_or_create(
            pk=form_id, defaults={"member": member, "amount_micros": amount_micros}
        )
        if (top_up.member_id, top_up.amount_micros) != (member.pk, amount_micros):
            raise CannotTopUp(
                _("This form has begun another payment already. Please choose the amount again.")
            )
        open_ones = TopUp.objects.filter(member=member, state=TopUpState.OPEN).count()
        if made and open_ones > settings.TOP_UPS_OPEN_AT_ONCE:
            raise CannotTopUp(
                _("You have begun many payments without ending one. Please try again in an hour.")
            )
    return top_up


def open_checkout(top_up: TopUp, *, return_url: str) -> TopUp:
    """Have the card processor's page opened for it, or find the one opened before.

    Raises cards.CardsUnavailable (the same again may help: it is the same session), CardsRefused.
    """
    if top_up.session_id or top_up.state != TopUpState.OPEN:
        return top_up
    session = cards.processor().open_checkout(
        top_up_id=str(top_up.pk),
        amount_micros=top_up.amount_micros,
        email=top_up.member.email,
        expires_at=top_up.created_at + timedelta(seconds=settings.CHECKOUT_SECONDS),
        return_url=return_url,
    )
    with transaction.atomic():
        top_up = _locked(top_up.pk)
        if top_up.session_id is None:
            top_up.session_id, top_up.session_url = session.id, session.url
            top_up.save(update_fields=["session_id", "session_url"])
    return top_up


def look(top_up: TopUp) -> Session | None:
    """Ask how an open top-up stands, and settle what is to settle; the row is refreshed.

    None when there is nothing to ask. Raises cards.CardsUnavailable, CardsRefused.
    """
    if top_up.state != TopUpState.OPEN or not top_up.session_id:
        return None
    session = cards.processor().session(top_up.session_id)
    verdict, note = settle(top_up=top_up, session=session)
    if verdict == CardVerdict.MISMATCHED:
        log.error("top-up %s: %s", top_up.pk, note)
    top_up.refresh_from_db()
    return session


def settle(*, top_up: TopUp, session: Session) -> Judged:
    """Credit a paid session, or close one that will not be paid any more; once."""
    with transaction.atomic():
        return _settle(_locked(top_up.pk), session)


def look_again() -> int:
    """Look at top-ups that have been open for long: the webhook never came, the page was closed.

    At most LOOK_AGAIN_MOST a time, in no order, so that one that stays open starves none. Says how
    many are not open any more.
    """
    if not cards.enabled():
        return 0
    long_ago = timezone.now() - timedelta(seconds=settings.LOOK_AGAIN_AFTER_SECONDS)
    waiting = TopUp.objects.filter(state=TopUpState.OPEN, created_at__lt=long_ago).order_by("?")
    ended = 0
    for top_up in waiting.select_related("member")[: settings.LOOK_AGAIN_MOST]:
        if not top_up.session_id:
            # Its page's address was never shown to anybody, so nobody can pay there.
            with transaction.atomic():
                _close(_locked(top_up.pk), TopUpState.EXPIRED)
            ended += 1
            continue
        try:
            look(top_up)
        except cards.CardsUnavailable:
            log.warning("the card processor does not answer; looking at top-ups again later")
            break
        except cards.CardsRefused as problem:
            log.error("top-up %s: %s", top_up.pk, problem)
            continue
        ended += top_up.state != TopUpState.OPEN
    return ended


def bonus_of(top_up: TopUp) -> int:
    """The bonus that this payment brought. It is the very next transfer of the wallet: one lock."""
    if top_up.transfer is None:
        return 0
    following = Transfer.objects.filter(
        wallet_id=top_up.transfer.wallet_id, pk__gt=top_up.transfer.pk
    )
    first = following.order_by("pk").first()
    return first.amount_micros if first is not None and first.kind == TransferKind.BONUS else 0


# --- Hearing ------------------------------------------------------------------------------------
def receive(event: cards.Event, *, body: str) -> CardEvent:
    """Keep a signed event with our verdict, and do what it asks for, in one transaction; once.

    Raises TooEarly: nothing is kept, and the card processor has to send it again.
    """
    try:
        with transaction.atomic():
            return _receive(event, body)
    except IntegrityError:
        # The same event, at the same moment, committed first.
        earlier = CardEvent.objects.filter(event_id=event.id).first()
        if earlier is None:
            raise
        return earlier


def _receive(event: cards.Event, body: str) -> CardEvent:
    top_up = _top_up_of(event)
    earlier = CardEvent.objects.filter(event_id=event.id).first()  # the lock first, then the look
    if earlier is not None:
        return earlier
    verdict, note = _judge(event, top_up)
    kept = CardEvent.objects.create(
        event_id=event.id,
        type=event.type[:100],
        top_up=top_up,
        body=bare(body),
        verdict=verdict,
        note=note[:300],
    )
    if verdict == CardVerdict.MISMATCHED or event.type == DISPUTE_OPENED:
        _tell_staff(kept)
    return kept


def _tell_staff(event: CardEvent) -> None:
    """What nobody at the desk would see by chance: a misfit to look into, a dispute to answer."""
    for person in staff_with("accounts.view_cardevent"):
        letters.write(
            to=person,
            kind="card_event",
            key=f"card-event:{event.pk}:{person.pk}",
            context={
                "disputed": event.type == DISPUTE_OPENED,
                "type": event.type,
                "note": event.note,
                "member": event.top_up.member.email if event.top_up else "",
                "member_id": event.top_up.member_id if event.top_up else None,
            },
        )


def _judge(event: cards.Event, top_up: TopUp | None) -> Judged:
    if event.type in SESSION_EVENTS:
        if top_up is None:
            return CardVerdict.NOTHING, "No checkout of ours."
        if event.live != cards.processor().live:
            return CardVerdict.MISMATCHED, "Test money and real money don't mix."
        return _judge_session(event, top_up)
    if event.type in card_facts.RETURNS:
        if top_up is None:
            return _no_payment_of_ours(event)
        if event.live != cards.processor().live:
            return CardVerdict.MISMATCHED, "Test money and real money don't mix."
        return _judge_return(event, top_up)
    return CardVerdict.NOTHING, "Not an event that we act on."


def _judge_session(event: cards.Event, top_up: TopUp) -> Judged:
    session = cards.session_in(event.about)
    if event.type == "checkout.session.async_payment_failed":
        if problem := _mismatch(top_up, session):
            return CardVerdict.MISMATCHED, problem
        return _close(top_up, TopUpState.FAILED)
    return _settle(top_up, session)


def _no_payment_of_ours(event: cards.Event) -> Judged:
    """The payment may still be on its way to us; after a day it surely isn't ours."""
    if timezone.now().timestamp() - event.created < settings.CARD_EVENT_PATIENCE_SECONDS:
        raise TooEarly(f"{event.type} {event.id}")
    return CardVerdict.NOTHING, "No payment of ours."


def _judge_return(event: cards.Event, top_up: TopUp) -> Judged:
    about = event.about
    if about.get("currency") != cards.CURRENCY:
        return CardVerdict.MISMATCHED, f"In {str(about.get('currency'))!r}, not in dollars."
    heard = top_up.events.exclude(verdict=CardVerdict.MISMATCHED)
    events: list[Mapping[str, Any]] = [
        json.loads(body)
        for body in heard.filter(type__in=card_facts.RETURNS).values_list("body", flat=True)
    ]
    events.append({"type": event.type, "data": {"object": about}})
    try:
        facts = card_facts.returned(events)
    except (KeyError, TypeError, AttributeError) as problem:
        return CardVerdict.MISMATCHED, f"It lacks what such an event says: {problem!r}"
    return _bring_to(top_up, facts)


# --- Under the top-up's lock --------------------------------------------------------------------
def _settle(top_up: TopUp, session: Session) -> Judged:
    if problem := _mismatch(top_up, session):
        return CardVerdict.MISMATCHED, problem
    if session.is_paid:
        return _credit(top_up, session)
    if session.status == "expired":
        return _close(top_up, TopUpState.EXPIRED)
    if session.payment_failed:
        return _close(top_up, TopUpState.FAILED)
    return CardVerdict.NOTHING, "Not paid yet."


def _mismatch(top_up: TopUp, session: Session) -> str:
    """Why this is not the checkout that we opened; empty when it is."""
    ours, theirs = str(top_up.pk), (session.reference, session.named_top_up)
    if theirs != (ours, ours):
        return "It names another top-up."
    if top_up.session_id not in (None, session.id):
        return "It is another session than the one that we opened."
    if session.mode != "payment":
        return f"It is a {session.mode!r} session."
    if (session.amount_micros, session.currency) != (top_up.amount_micros, cards.CURRENCY):
        return (
            f"{session.amount_micros} micros of {session.currency!r} "
            f"instead of {top_up.amount_micros} micros of 'usd'."
        )
    if session.live != cards.processor().live:
        return "Test money and real money don't mix."
    return ""


def _credit(top_up: TopUp, session: Session) -> Judged:
    """Paid is paid, even if we had taken it for failed or expired."""
    if top_up.state == TopUpState.PAID:
        return CardVerdict.NOTHING, "Credited before."
    if not session.payment_intent:
        return CardVerdict.MISMATCHED, "Paid without a payment."
    top_up.transfer = ledger.top_up(
        user=top_up.member,
        amount_micros=top_up.amount_micros,
        key=f"top-up:{top_up.pk}",
        memo=gettext_noop("Paid by card"),
    )
    top_up.state, top_up.paid_at = TopUpState.PAID, timezone.now()
    top_up.session_id, top_up.payment_intent = session.id, session.payment_intent
    top_up.save(update_fields=["state", "paid_at", "transfer", "session_id", "payment_intent"])
    # The wallet is locked from here on, so of two first payments only one finds itself alone.
    bonus = min(settings.FIRST_PAYMENT_BONUS_MICROS, top_up.amount_micros)
    paid = TopUp.objects.filter(member=top_up.member, state=TopUpState.PAID)
    if bonus > 0 and not paid.exclude(pk=top_up.pk).exists():
        ledger.grant_bonus(
            user=top_up.member,
            amount_micros=bonus,
            memo=gettext_noop("A present for your first payment"),
        )
    return CardVerdict.APPLIED, f"Credited {dollars_on_record(top_up.amount_micros)}."


def _close(top_up: TopUp, state: TopUpState) -> Judged:
    if top_up.state != TopUpState.OPEN:
        return CardVerdict.STALE, f"It was {top_up.state} before."
    top_up.state = state
    top_up.save(update_fields=["state"])
    with on_record():
        return CardVerdict.APPLIED, str(state.label)


def _bring_to(top_up: TopUp, facts: card_facts.Returned) -> Judged:
    """Take back, or bring back, until the ledger says what the facts say."""
    room = top_up.amount_micros
    legs = {"refund": facts.refunded * MICROS_IN_A_CENT}
    legs |= {key: one.withdrawn * MICROS_IN_A_CENT for key, one in facts.disputes.items()}
    moved, said = 0, sum(legs.values())
    for leg, wanted in legs.items():
        target = min(wanted, room)  # never more than was paid in
        room -= target
        moved += _bring_leg_to(top_up, leg, target)
    returned = top_up.amount_micros - room
    changed = moved or top_up.disputed != facts.is_disputed
    top_up.returned_micros, top_up.disputed = returned, facts.is_disputed
    top_up.save(update_fields=["returned_micros", "disputed"])
    if facts.for_good * MICROS_IN_A_CENT >= top_up.amount_micros and bonus_of(top_up):
        ledger.take_bonus_back(
            user=top_up.member, memo=gettext_noop("The payment that brought it was returned")
        )
    note = f"{dollars_on_record(returned)} of {dollars_on_record(top_up.amount_micros)} went back."
    if said > returned:
        note += f" The events say {dollars_on_record(said)}, more than was paid in."
    return (CardVerdict.APPLIED if changed else CardVerdict.NOTHING), note


def _bring_leg_to(top_up: TopUp, leg: str, target: int) -> bool:
    """One refund total, or one dispute. Undoes whole steps, newest first, then takes the rest."""
    live, steps = _steps(top_up, leg)
    taken = sum(live.values())
    if taken == target:
        return False
    user, reference = top_up.member, str(top_up.pk)
    while taken > target:
        step = max(live)
        key = _key(top_up, leg, step)
        ledger.bring_back(
            user=user,
            key=key,
            new_key=f"{key}:back",
            memo=gettext_noop("Back from your card"),
            reference=reference,
        )
        taken -= live.pop(step)
    if taken < target:
        memo = (
            gettext_noop("Refunded to your card")
            if leg == "refund"
            else gettext_noop("Disputed by your card’s bank")
        )
        key = _key(top_up, leg, steps + 1)
        ledger.take_back(
            user=user,
            amount_micros=target - taken,
            key=key,
            memo=memo,
            reference=reference,
        )
    return True


def _steps(top_up: TopUp, leg: str) -> tuple[dict[int, int], int]:
    """The steps of a leg that still stand (number → micros), and the number of the last one."""
    prefix = f"card:{top_up.pk}:{leg}:"
    taken: dict[int, int] = {}
    undone: set[int] = set()
    moves = Transfer.objects.filter(reference=str(top_up.pk), key__startswith=prefix)
    for key, micros in moves.values_list("key", "amount_micros"):
        if not key.startswith(prefix):  # SQLite's LIKE knows no upper and lower case
            continue
        step, _colon, what = key.removeprefix(prefix).partition(":")
        if what.startswith("back:"):
            undone.add(int(step))
        else:
            taken[int(step)] = taken.get(int(step), 0) + micros
    live = {step: micros for step, micros in taken.items() if step not in undone}
    return live, max(taken, default=0)


def _key(top_up: TopUp, leg: str, step: int) -> str:
    return f"card:{top_up.pk}:{leg}:{step}"


def _top_up_of(event: cards.Event) -> TopUp | None:
    """The row that an event is about, locked."""
    if event.type in SESSION_EVENTS:
        session = cards.session_in(event.about)
        known = TopUp.objects.filter(session_id=session.id).first()
        if known is None:
            known = _by_id(session.reference) or _by_id(session.named_top_up)
        return _locked(known.pk) if known else None
    if event.type in card_facts.RETURNS:
        intent = event.about.get("payment_intent")
        intent_id = intent.get("id") if isinstance(intent, Mapping) else intent
        known = TopUp.objects.filter(payment_intent=intent_id).first() if intent_id else None
        return _locked(known.pk) if known else None
    return None


def _by_id(text: str) -> TopUp | None:
    try:
        return TopUp.objects.filter(pk=text).first() if text else None
    except (ValidationError, ValueError):
        return None


def _locked(pk: uuid.UUID) -> TopUp:
    rows = TopUp.objects.select_for_update(of=("self",))
    return rows.select_related("member").get(pk=pk)

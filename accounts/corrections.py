"""Refunds and adjustments by hand: who may, who must look twice, and the one transfer they make.

A correction up to STAFF_ALONE_MICROS is done at once. One that, with all else that the same person
moved for the same member in the last day, goes beyond it waits for a second person: another
holder of the permission, never who asked, never the member. Then state, transfer and audit entry
are one transaction; the transfer's key is the correction's, so it is made once.

Lock order: correction, wallet. `ask` locks the wallet before it counts, so that two small ones at
the same moment don't pass as two alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from accounts import audit, ledger, letters
from accounts.models import Correction, CorrectionKind, CorrectionState, Transfer, User, Wallet
from accounts.money import dollars
from accounts.reading import as_read_by, on_record
from accounts.roles import staff_with
from accounts.words import said

PERMISSION = "accounts.correct_money"
ALONE_FOR = timedelta(hours=24)
REASON_MOST = 500


class CorrectionError(Exception):
    """Not possible. The message is for the person who asked; nothing moved."""


class NotYours(CorrectionError):
    """Somebody else must do this: oneself, the member concerned or a stranger may not."""


class DecidedBefore(CorrectionError):
    """It does not wait any more."""


class AskedBefore(CorrectionError):
    """This very form has asked for something else already."""


class NotCovered(CorrectionError):
    """The charge or the balance does not cover the amount."""


@dataclass(frozen=True)
class Outlook:
    """How much a person moved lately for a member, and may move alone, in micro-dollars."""

    amount_micros: int
    lately_micros: int
    alone_micros: int

    @property
    def needs_second(self) -> bool:
        return self.lately_micros + self.amount_micros > self.alone_micros


def ask(
    *,
    form_id: uuid.UUID,
    kind: CorrectionKind | str,
    member: User,
    hold: Transfer | None,
    amount_micros: int,
    reason: str,
    by: User,
) -> Correction:
    """Refund a charge (`hold` names it) or adjust a balance; the same form does it once.

    It is DONE, or WAITING for a second person. The member will read the reason. Raises
    CorrectionError.
    """
    reason = said(reason)
    _check_person(by, member)
    _check_words(kind, member, hold, amount_micros, reason)
    asked = {
        "kind": kind,
        "member_id": member.pk,
        "hold_id": hold.pk if hold else None,
        "amount_micros": amount_micros,
        "reason": reason,
        "asked_by_id": by.pk,
    }
    try:
        with transaction.atomic():
            ledger.wallet_of(member)
            wallet = Wallet.objects.select_for_update().get(user=member)
            if earlier := Correction.objects.filter(pk=form_id).first():
                return _the_same(earlier, asked)
            _check_room(kind, amount_micros, hold, wallet)
            correction = Correction(
                pk=form_id,
                needs_second=_outlook(by, member, amount_micros).needs_second,
                state=CorrectionState.WAITING,
                **asked,
            )
            if correction.needs_second:
                correction.save(force_insert=True)
                _write_to_the_others(correction)
            else:
                correction.transfer = _move(correction)
                correction.state = CorrectionState.DONE
                correction.save(force_insert=True)
            _note(correction, by=by, action="ask" if correction.needs_second else "done")
            return correction
    except IntegrityError:
        # The same form for another member, committed at this moment.
        if earlier := Correction.objects.filter(pk=form_id).first():
            return _the_same(earlier, asked)
        raise


def look_ahead(
    *,
    kind: CorrectionKind | str,
    member: User,
    hold: Transfer | None,
    amount_micros: int,
    reason: str,
    by: User,
) -> Outlook:
    """What `ask` would do now, for the page on which a person confirms. Raises CorrectionError."""
    _check_person(by, member)
    _check_words(kind, member, hold, amount_micros, said(reason))
    _check_room(kind, amount_micros, hold, ledger.wallet_of(member))
    return _outlook(by, member, amount_micros)


def approve(*, correction: Correction, by: User, note: str = "") -> Correction:
    """The second person agrees, and the money moves. Raises CorrectionError; nothing moved then."""
    with transaction.atomic():
        correction = _waiting(correction)
        _check_second(correction, by)
        correction.transfer = _move(correction)
        _decide(correction, CorrectionState.DONE, by=by, note=note)
        _note(correction, by=by, action="approve", why=_both(correction.reason, note))
    return correction


def refuse(*, correction: Correction, by: User, note: str) -> Correction:
    """The second person does not agree, and says why. Raises CorrectionError."""
    if not said(note):
        raise CorrectionError(_("Please say why you refuse it: who asked will read it."))
    with transaction.atomic():
        correction = _waiting(correction)
        _check_second(correction, by)
        _decide(correction, CorrectionState.REFUSED, by=by, note=note)
        _note(correction, by=by, action="refuse", why=note)
    return correction


def take_back(*, correction: Correction, by: User, note: str = "") -> Correction:
    """Who asked thinks better of it, before anybody decides. Raises CorrectionError."""
    with transaction.atomic():
        correction = _waiting(correction)
        if correction.asked_by_id != by.pk:
            raise NotYours(_("Only who asked for a correction can take it back."))
        _decide(correction, CorrectionState.RECALLED, by=None, note=note)
        _note(correction, by=by, action="take-back", why=note)
    return correction


def left_of(hold: Transfer) -> int:
    """What can still be refunded of a charge, in micro-dollars."""
    return ledger.balance_of(hold).charged


def obstacle(correction: Correction, charge: ledger.HoldBalance | None) -> str:
    """Why one that waits could not be approved now, in words; empty when nothing stands against it.

    `charge` is where the money of a refund's hold is.
    """
    if charge is not None and correction.amount_micros > charge.charged:
        return _little_left(charge.charged)
    if correction.kind == CorrectionKind.DEBIT:
        available_micros = correction.member.wallet.available_micros
        if correction.amount_micros > available_micros:
            return _too_poor(available_micros)
    return ""


def second_people(correction: Correction) -> QuerySet[User]:
    """Who may decide: staff with the permission, but who asked and the member."""
    return staff_with(PERMISSION).exclude(pk__in=[correction.asked_by_id, correction.member_id])


def _check_person(by: User, member: User) -> None:
    if by == member:
        raise NotYours(_("Nobody corrects their own wallet."))
    if not (by.is_staff and by.has_perm(PERMISSION)):
        raise NotYours(_("You may not correct money."))


def _check_second(correction: Correction, by: User) -> None:
    if by.pk == correction.asked_by_id:
        raise NotYours(_("You asked for this: somebody else must decide."))
    if by.pk == correction.member_id:
        raise NotYours(_("This is about your own wallet: somebody else must decide."))
    _check_person(by, correction.member)


def _check_words(
    kind: CorrectionKind | str,
    member: User,
    hold: Transfer | None,
    amount_micros: int,
    reason: str,
) -> None:
    if not reason:
        raise CorrectionError(_("A correction needs a reason."))
    if len(reason) > REASON_MOST:
        raise CorrectionError(_("A reason has at most %(most)s letters.") % {"most": REASON_MOST})
    if amount_micros <= 0:
        raise CorrectionError(_("An amount must be more than nothing."))
    if (kind == CorrectionKind.REFUND) != (hold is not None):
        raise CorrectionError(_("A refund names the charge it is for; an adjustment has none."))
    if hold is not None and hold.wallet.user_id != member.pk:
        raise CorrectionError(_("This charge is another member’s."))


def _outlook(by: User, member: User, amount_micros: int) -> Outlook:
    return Outlook(
        amount_micros=amount_micros,
        lately_micros=Correction.objects.moved_for(member, by=by, since=timezone.now() - ALONE_FOR),
        alone_micros=settings.STAFF_ALONE_MICROS,
    )


def _check_room(
    kind: CorrectionKind | str, amount_micros: int, hold: Transfer | None, wallet: Wallet
) -> None:
    """Looked at now, also for one that waits; the ledger looks again when the money moves."""
    if hold is not None and amount_micros > (left := left_of(hold)):
        raise NotCovered(_little_left(left))
    if kind == CorrectionKind.DEBIT and amount_micros > wallet.available_micros:
        raise NotCovered(_too_poor(wallet.available_micros))


def _little_left(left_micros: int) -> str:
    if left_micros <= 0:
        return _("Nothing of this charge is left to refund.")
    return _("Only %(amount)s of this charge is left to refund.") % {"amount": dollars(left_micros)}


def _too_poor(available_micros: int) -> str:
    return _("The member has only %(amount)s.") % {"amount": dollars(available_micros)}


def _the_same(earlier: Correction, asked: Mapping[str, object]) -> Correction:
    if any(getattr(earlier, name) != value for name, value in asked.items()):
        raise AskedBefore(_("This form was sent before. Please open a new one."))
    return earlier


def _waiting(correction: Correction) -> Correction:
    """The row, locked and read again. Raises DecidedBefore with who and when."""
    correction = Correction.objects.select_for_update().get(pk=correction.pk)
    if correction.state != CorrectionState.WAITING:
        who = correction.decided_by or correction.asked_by
        raise DecidedBefore(
            _("%(state)s already, by %(who)s.")
            % {"state": correction.get_state_display(), "who": who}
        )
    return correction


def _move(correction: Correction) -> Transfer:
    """The transfer, in the name of who asked. Raises NotCovered when the books don't allow it."""
    key, asker, reason = f"correction:{correction.pk}", correction.asked_by, correction.reason
    try:
        if correction.hold is not None:
            return ledger.refund(
                hold=correction.hold,
                amount_micros=correction.amount_micros,
                key=key,
                reason=reason,
                actor=asker,
            )
        credit = correction.kind == CorrectionKind.CREDIT
        return ledger.adjust(
            user=correction.member,
            amount_micros=correction.amount_micros if credit else -correction.amount_micros,
            key=key,
            actor=asker,
            reason=reason,
        )
    except ledger.ExceedsHold as problem:
        assert correction.hold is not None
        raise NotCovered(_little_left(left_of(correction.hold))) from problem
    except ledger.InsufficientFunds as problem:
        raise NotCovered(_too_poor(problem.available_micros)) from problem
    except ledger.LedgerError as problem:
        raise CorrectionError(str(problem)) from problem


def _decide(correction: Correction, state: CorrectionState, *, by: User | None, note: str) -> None:
    correction.state = state
    correction.decided_by, correction.decided_at = by, timezone.now()
    correction.decision_note = note.strip()[:500]
    correction.save(
        update_fields=["state", "decided_by", "decided_at", "decision_note", "transfer"]
    )


def _note(correction: Correction, *, by: User, action: str, why: str = "") -> None:
    words = {
        "ask": "asked for",
        "done": "made",
        "approve": "approved",
        "refuse": "refused",
        "take-back": "took back",
    }[action]
    waits = " (waits for a second person)" if action == "ask" else ""
    with on_record():
        what = f"{words}: {correction.words}{waits}"
    audit.record(
        actor=by,
        action=f"correction.{action}",
        what=what,
        why=why.strip() or correction.reason,
        subject=f"correction {correction.pk}",
        member=correction.member,
    )


def _both(reason: str, note: str) -> str:
    """Why it was asked for and what the second person added. The correction has both in full."""
    note = note.strip()
    if not note:
        return reason
    most = REASON_MOST if len(reason) + len(note) < REASON_MOST - 3 else REASON_MOST // 2 - 2
    return " / ".join(Truncator(words).chars(most) for words in (reason, note))


def _write_to_the_others(correction: Correction) -> None:
    for person in second_people(correction):
        with as_read_by(person):
            words = correction.words
        letters.write(
            to=person,
            kind="correction_waiting",
            key=f"correction-waiting:{correction.pk}:{person.pk}",
            context={
                "correction": str(correction.pk),
                "asked_by": str(correction.asked_by),
                "words": words,
                "member": correction.member.email,
                "reason": correction.reason,
            },
        )

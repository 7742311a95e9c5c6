"""accounts.corrections: who may move a member's money by hand, when two must agree, and once."""

from __future__ import annotations

import contextlib
import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import audit, corrections, ledger, mailing
from accounts.corrections import (
    AskedBefore,
    CorrectionError,
    DecidedBefore,
    NotCovered,
    NotYours,
)
from accounts.models import (
    AuditEntry,
    Correction,
    CorrectionKind,
    CorrectionState,
    Letter,
    Transfer,
    TransferKind,
    User,
    Wallet,
)
from tests.builders import make_member
from tests.racing import at_once
from tests.speaking import german
from tests.staff import make_clerk, make_staff

pytestmark = pytest.mark.django_db

USD = 1_000_000
LIMIT = 20 * USD


def charge(member: User, micros: int = 10 * USD) -> Transfer:
    """A hold that was captured."""
    name = uuid.uuid4()
    hold = ledger.hold(
        user=member, amount_micros=micros, key=f"hold:{name}", memo="GFPGAN: Gran", reference="1"
    )
    ledger.capture(hold=hold, amount_micros=micros, key=f"capture:{name}")
    return hold


def ask(by: User, **said: Any) -> Correction:
    """Ask for a credit of a dollar, unless more is said."""
    defaults: dict[str, Any] = {
        "form_id": uuid.uuid4(),
        "kind": CorrectionKind.CREDIT,
        "hold": None,
        "amount_micros": USD,
        "reason": "The scan was lost by us",
    }
    return corrections.ask(by=by, **{**defaults, **said})


def refund(by: User, hold: Transfer, micros: int, **said: Any) -> Correction:
    return ask(
        by,
        kind=CorrectionKind.REFUND,
        hold=hold,
        member=hold.wallet.user,
        amount_micros=micros,
        **said,
    )


def available(member: User) -> int:
    return Wallet.objects.get(user=member).available_micros


def corrected() -> list[Transfer]:
    return list(Transfer.objects.filter(key__startswith="correction:").order_by("pk"))


def entries(correction: Correction) -> list[tuple[str, str]]:
    found = AuditEntry.objects.filter(subject=f"correction {correction.pk}").order_by("pk")
    return [(entry.action, entry.actor.email if entry.actor else "") for entry in found]


# --- Alone, up to the limit -----------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "moves"), [(CorrectionKind.CREDIT, USD), (CorrectionKind.DEBIT, -USD)]
)
def test_a_small_adjustment_is_done_at_once_and_names_who_and_why(kind: str, moves: int):
    clerk, member = make_clerk(), make_member(micros=5 * USD)
    correction = ask(clerk, member=member, kind=kind)
    assert (correction.state, correction.needs_second) == (CorrectionState.DONE, False)
    assert available(member) == 5 * USD + moves
    transfer = correction.transfer
    assert transfer is not None
    assert transfer.key == f"correction:{correction.pk}"
    assert (transfer.kind, transfer.actor) == (kind, clerk)
    assert transfer.reason == "The scan was lost by us"
    assert entries(correction) == [("correction.done", clerk.email)]


def test_a_small_refund_is_done_at_once_and_names_its_charge():
    member = make_member(micros=10 * USD)
    hold = charge(member)
    correction = refund(make_clerk(), hold, 4 * USD)
    assert correction.transfer is not None
    assert (correction.transfer.kind, correction.transfer.hold) == (TransferKind.REFUND, hold)
    assert available(member) == 4 * USD


def test_no_more_is_refunded_than_was_charged_and_not_yet_refunded():
    hold = charge(make_member(micros=10 * USD))
    clerk = make_clerk()
    with pytest.raises(NotCovered, match=r"Only \$10.00 of this charge is left"):
        refund(clerk, hold, 10 * USD + 1)
    refund(clerk, hold, 7 * USD)
    with pytest.raises(NotCovered, match=r"Only \$3.00 of this charge is left"):
        refund(clerk, hold, 3 * USD + 1)
    refund(clerk, hold, 3 * USD)
    with pytest.raises(NotCovered, match="Nothing of this charge is left"):
        refund(clerk, hold, 1)
    assert len(corrected()) == 2


def test_money_that_is_only_set_aside_cannot_be_refunded():
    member = make_member(micros=USD)
    hold = ledger.hold(user=member, amount_micros=USD, key="hold:1", memo="", reference="")
    with pytest.raises(NotCovered, match="Nothing of this charge"):
        refund(make_clerk(), hold, 1)


def test_a_correction_against_a_member_stops_at_what_they_have():
    member = make_member(micros=USD)
    with pytest.raises(NotCovered, match=r"The member has only \$1.00."):
        ask(make_clerk(), member=member, kind=CorrectionKind.DEBIT, amount_micros=USD + 1)
    assert available(member) == USD


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_without_a_reason_that_fits_nothing_moves(reason: str):
    with pytest.raises(CorrectionError):
        ask(make_clerk(), member=make_member(), reason=reason)
    assert not Correction.objects.exists()


@pytest.mark.parametrize("amount", [0, -1])
def test_an_amount_is_more_than_nothing(amount: int):
    with pytest.raises(CorrectionError):
        ask(make_clerk(), member=make_member(), amount_micros=amount)
    assert corrected() == []


def test_a_refund_names_a_charge_of_this_very_member():
    hold = charge(make_member(micros=10 * USD))
    clerk = make_clerk()
    with pytest.raises(CorrectionError, match="another member"):
        ask(clerk, kind=CorrectionKind.REFUND, hold=hold, member=make_member())
    with pytest.raises(CorrectionError, match="names the charge"):
        ask(clerk, kind=CorrectionKind.REFUND, member=hold.wallet.user)
    with pytest.raises(CorrectionError, match="names the charge"):
        ask(clerk, kind=CorrectionKind.CREDIT, hold=hold, member=hold.wallet.user)
    assert corrected() == []


def test_nobody_corrects_their_own_wallet():
    clerk = make_clerk()
    with pytest.raises(NotYours):
        ask(clerk, member=clerk)
    assert corrected() == []


@pytest.mark.parametrize(
    "who",
    [
        lambda: make_member(),
        lambda: make_staff("Reviewers"),
        lambda: make_clerk(is_active=False),
    ],
    ids=["a member", "a reviewer", "a clerk who left"],
)
def test_only_holders_of_the_permission_ask(who: Any):
    with pytest.raises(NotYours):
        ask(who(), member=make_member())
    assert corrected() == []


def test_the_same_form_makes_one_correction_and_another_with_its_number_is_refused():
    clerk, member, form = make_clerk(), make_member(), uuid.uuid4()
    assert ask(clerk, member=member, form_id=form) == ask(clerk, member=member, form_id=form)
    for other in ({"amount_micros": 2 * USD}, {"reason": "Another"}, {"member": make_member()}):
        with pytest.raises(AskedBefore):
            ask(clerk, **{"member": member, **other}, form_id=form)
    assert len(corrected()) == 1


# --- Two people, above it -------------------------------------------------------------------
def test_above_the_limit_it_waits_and_moves_nothing():
    clerk, member = make_clerk(), make_member(micros=0)
    assert ask(clerk, member=make_member(), amount_micros=LIMIT).state == CorrectionState.DONE
    correction = ask(clerk, member=member, amount_micros=LIMIT + 1)
    assert (correction.state, correction.needs_second) == (CorrectionState.WAITING, True)
    assert available(member) == 0
    assert entries(correction) == [("correction.ask", clerk.email)]


def test_the_limit_cannot_be_split_neither_by_pieces_nor_by_kind_nor_by_waiting_ones():
    clerk, member = make_clerk(), make_member(micros=50 * USD)
    hold = charge(member, 10 * USD)
    assert refund(clerk, hold, 8 * USD).state == CorrectionState.DONE
    assert ask(clerk, member=member, amount_micros=8 * USD).state == CorrectionState.DONE
    debit = {"member": member, "kind": CorrectionKind.DEBIT}
    assert ask(clerk, **debit, amount_micros=4 * USD + 1).state == CorrectionState.WAITING
    assert ask(clerk, **debit, amount_micros=1).state == CorrectionState.WAITING


def test_the_limit_is_a_persons_for_a_member_for_a_day():
    clerk, member = make_clerk(), make_member()
    first = ask(clerk, member=member, amount_micros=LIMIT)
    assert ask(clerk, member=make_member(), amount_micros=LIMIT).state == CorrectionState.DONE
    assert ask(make_clerk(), member=member, amount_micros=LIMIT).state == CorrectionState.DONE
    long_ago = timezone.now() - corrections.ALONE_FOR - timedelta(seconds=1)
    Correction.objects.filter(pk=first.pk).update(asked_at=long_ago)
    assert ask(clerk, member=member, amount_micros=LIMIT).state == CorrectionState.DONE


def test_one_that_was_refused_or_taken_back_counts_no_more():
    clerk, second, member = make_clerk(), make_clerk(), make_member()
    for end in (
        lambda one: corrections.refuse(correction=one, by=second, note="No"),
        lambda one: corrections.take_back(correction=one, by=clerk),
    ):
        end(ask(clerk, member=member, amount_micros=LIMIT + 1))
    assert ask(clerk, member=member, amount_micros=LIMIT).state == CorrectionState.DONE


def test_the_others_who_may_decide_get_a_letter_once_and_nobody_else_does():
    clerk, second, root = make_clerk(), make_clerk(), make_staff(is_superuser=True)
    make_staff("Reviewers")
    make_clerk(is_active=False)
    member = make_clerk()  # also of the staff: it is about them
    form = uuid.uuid4()
    for _ in range(2):
        ask(clerk, member=member, amount_micros=LIMIT + 1, form_id=form)
    letters = Letter.objects.filter(kind="correction_waiting")
    assert {letter.to for letter in letters} == {second, root}
    assert {letter.key for letter in letters} == {
        f"correction-waiting:{form}:{person.pk}" for person in (second, root)
    }
    context = {**letters[0].context, "site_url": "https://heirloom.example"}
    message = mailing.letter("correction_waiting", context, to=second)
    assert "$20.000001" in message.subject
    for words in ("$20.000001", member.email, "lost by us"):
        assert words in str(message.body)


def test_the_letter_says_what_is_asked_for_in_its_readers_language():
    second = make_clerk(language="de")
    said = {"Adjustment in the member's favour": "Gutschrift", "$%(amount)s": "%(amount)s $"}
    with german(said):
        ask(make_clerk(), member=make_member(), amount_micros=LIMIT + 10_000)
    assert second.letters.get().context["words"] == "Gutschrift, 20,01 $"


def waiting(**said: Any) -> Correction:
    defaults: dict[str, Any] = {"amount_micros": 25 * USD}
    if "hold" not in said:
        defaults["member"] = make_member(micros=0)
    return ask(said.pop("by", None) or make_clerk(), **{**defaults, **said})


def test_a_second_person_approves_and_the_money_moves_in_the_name_of_who_asked():
    correction, second = waiting(), make_clerk()
    done = corrections.approve(correction=correction, by=second, note="Seen the mail")
    assert (done.state, done.decided_by, done.decision_note) == ("DONE", second, "Seen the mail")
    assert done.transfer is not None
    assert done.transfer.actor == correction.asked_by
    assert available(correction.member) == 25 * USD
    assert entries(correction) == [
        ("correction.ask", correction.asked_by.email),
        ("correction.approve", second.email),
    ]


def test_a_refusal_says_why_and_moves_nothing():
    correction, second = waiting(), make_clerk()
    with pytest.raises(CorrectionError, match="say why"):
        corrections.refuse(correction=correction, by=second, note="  ")
    refused = corrections.refuse(correction=correction, by=second, note="Paid in May")
    assert (refused.state, refused.decided_by, refused.transfer) == ("REFUSED", second, None)
    assert entries(correction)[-1] == ("correction.refuse", second.email)
    assert corrected() == []


def test_who_asked_can_take_it_back_and_only_they():
    correction, second = waiting(), make_clerk()
    with pytest.raises(NotYours):
        corrections.take_back(correction=correction, by=second)
    taken = corrections.take_back(correction=correction, by=correction.asked_by)
    assert (taken.state, taken.decided_by, taken.transfer) == ("RECALLED", None, None)
    assert entries(correction)[-1] == ("correction.take-back", correction.asked_by.email)
    with pytest.raises(DecidedBefore):
        corrections.approve(correction=correction, by=second)


@pytest.mark.parametrize("verb", [corrections.approve, corrections.refuse])
@pytest.mark.parametrize("who", ["asker", "member", "reviewer", "left"])
def test_the_second_person_is_another_who_may(verb: Any, who: str):
    member = make_clerk()  # a clerk, so that only being the member stands in the way
    correction = waiting(member=member)
    person = {
        "asker": lambda: correction.asked_by,
        "member": lambda: member,
        "reviewer": lambda: make_staff("Reviewers"),
        "left": lambda: make_clerk(is_active=False),
    }[who]()
    with pytest.raises(NotYours):
        verb(correction=correction, by=person, note="I say so")
    correction.refresh_from_db()
    assert correction.state == CorrectionState.WAITING
    assert corrected() == []


@pytest.mark.parametrize("who", ["asked_by", "member"])
def test_the_database_knows_the_second_person_too(who: str):
    correction = waiting()
    with pytest.raises(IntegrityError), transaction.atomic():
        Correction.objects.filter(pk=correction.pk).update(
            state=CorrectionState.REFUSED, decided_by=getattr(correction, who)
        )


def test_what_was_decided_is_not_decided_again_and_one_is_told_by_whom():
    correction, second = waiting(), make_clerk()
    corrections.approve(correction=correction, by=second)
    for verb in (corrections.approve, corrections.refuse):
        with pytest.raises(DecidedBefore, match=second.email):
            verb(correction=correction, by=make_clerk(), note="Again")
    with pytest.raises(DecidedBefore):
        corrections.take_back(correction=correction, by=correction.asked_by)
    assert len(corrected()) == 1


def test_an_approval_that_the_charge_no_longer_covers_changes_nothing_and_says_why():
    hold = charge(make_member(micros=30 * USD), 30 * USD)
    correction = waiting(hold=hold, kind=CorrectionKind.REFUND, member=hold.wallet.user)
    ledger.refund(hold=hold, amount_micros=10 * USD, key="refund:1", reason="Smaller than quoted")
    with pytest.raises(NotCovered, match=r"Only \$20.00 of this charge is left"):
        corrections.approve(correction=correction, by=make_clerk())
    correction.refresh_from_db()
    assert (correction.state, correction.decided_by) == (CorrectionState.WAITING, None)
    assert entries(correction) == [("correction.ask", correction.asked_by.email)]


def test_an_approval_that_the_member_no_longer_has_the_money_for_changes_nothing():
    member = make_member(micros=30 * USD)
    correction = waiting(member=member, kind=CorrectionKind.DEBIT)
    charge(member, 10 * USD)
    with pytest.raises(NotCovered, match=r"The member has only \$20.00."):
        corrections.approve(correction=correction, by=make_clerk())
    correction.refresh_from_db()
    assert correction.state == CorrectionState.WAITING
    assert available(member) == 20 * USD


@pytest.mark.parametrize("verb", ["ask", "approve", "refuse", "take_back"])
def test_what_cannot_be_written_in_the_trail_is_not_done(
    verb: str, monkeypatch: pytest.MonkeyPatch
):
    correction, second = waiting(), make_clerk()

    def record(**_: Any) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(audit, "record", record)
    act = {
        "ask": lambda: ask(second, member=correction.member),
        "approve": lambda: corrections.approve(correction=correction, by=second),
        "refuse": lambda: corrections.refuse(correction=correction, by=second, note="No"),
        "take_back": lambda: corrections.take_back(correction=correction, by=correction.asked_by),
    }[verb]
    with pytest.raises(RuntimeError), transaction.atomic():
        act()
    correction.refresh_from_db()
    assert correction.state == CorrectionState.WAITING
    assert corrected() == []


# --- At the same moment ---------------------------------------------------------------------
def tried(act: Any) -> str:
    try:
        act()
    except CorrectionError as problem:
        return type(problem).__name__
    return "done"


@pytest.mark.django_db(transaction=True)
def test_two_clerks_refund_the_same_charge_at_once_and_one_wins():
    hold = charge(make_member(micros=10 * USD))
    clerks = [make_clerk(), make_clerk()]
    outcomes = at_once(2, lambda n: tried(lambda: refund(clerks[n], hold, 10 * USD)))
    assert sorted(outcomes) == ["NotCovered", "done"]
    assert available(hold.wallet.user) == 10 * USD


@pytest.mark.django_db(transaction=True)
def test_two_approve_at_once_and_it_is_one_transfer():
    correction = waiting()
    seconds = [make_clerk(), make_clerk()]
    outcomes = at_once(
        2, lambda n: tried(lambda: corrections.approve(correction=correction, by=seconds[n]))
    )
    assert sorted(outcomes) == ["DecidedBefore", "done"]
    assert len(corrected()) == 1
    assert available(correction.member) == 25 * USD


@pytest.mark.django_db(transaction=True)
def test_one_approves_and_one_refuses_at_once_and_one_of_them_is_told():
    correction = waiting()
    seconds = [make_clerk(), make_clerk()]
    verbs = [corrections.approve, corrections.refuse]
    outcomes = at_once(
        2,
        lambda n: tried(lambda: verbs[n](correction=correction, by=seconds[n], note="As I see it")),
    )
    assert sorted(outcomes) == ["DecidedBefore", "done"]
    correction.refresh_from_db()
    done = correction.state == CorrectionState.DONE
    assert len(corrected()) == (1 if done else 0)


@pytest.mark.django_db(transaction=True)
def test_the_same_form_sent_twice_at_once_is_one_correction():
    clerk, member, form = make_clerk(), make_member(micros=0), uuid.uuid4()
    outcomes = at_once(2, lambda _: ask(clerk, member=member, form_id=form))
    assert {one.pk for one in outcomes} == {form}
    assert available(member) == USD


@pytest.mark.django_db(transaction=True)
def test_two_small_ones_at_once_do_not_pass_as_two_alone(monkeypatch: pytest.MonkeyPatch):
    two_small_ones(monkeypatch, patience_seconds=0.2)


def two_small_ones(monkeypatch: pytest.MonkeyPatch, *, patience_seconds: float) -> None:
    """Who has counted waits so long for the other to count as well, if it could."""
    counted, both = corrections._outlook, threading.Barrier(2)

    def slowly(*said: Any) -> corrections.Outlook:
        outlook = counted(*said)
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(patience_seconds)
        return outlook

    monkeypatch.setattr(corrections, "_outlook", slowly)
    clerk, member = make_clerk(), make_member(micros=USD)
    outcomes = at_once(2, lambda _: ask(clerk, member=member, amount_micros=15 * USD).state)
    assert sorted(outcomes) == ["DONE", "WAITING"]
    assert available(member) == 16 * USD

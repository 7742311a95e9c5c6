"""The desk's corrections: a form, a page to confirm on, a list to decide in."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import corrections, ledger
from accounts.models import (
    AuditEntry,
    Correction,
    CorrectionState,
    Transfer,
    TransferKind,
    User,
    Wallet,
)
from tests.builders import make_member
from tests.speaking import german
from tests.staff import REVIEWERS, client_of, make_clerk, make_staff, queries

pytestmark = pytest.mark.django_db

USD = 1_000_000


def form(**said: Any) -> dict[str, Any]:
    return {
        "direction": "CREDIT",
        "amount_micros": "2.50",
        "reason": "The scan was lost by us",
        "form_id": uuid.uuid4(),
        "confirmed": "yes",
        **said,
    }


def adjust(client: Client, member: User, **said: Any) -> Any:
    return client.post(reverse("desk_adjust", args=[member.pk]), form(**said), follow=True)


def moved() -> list[Transfer]:
    return list(Transfer.objects.filter(key__startswith="correction:").order_by("pk"))


def charge(member: User, micros: int) -> Transfer:
    hold = ledger.hold(
        user=member, amount_micros=micros, key="hold:1", memo="GFPGAN: Gran", reference="1"
    )
    ledger.capture(hold=hold, amount_micros=micros, key="capture:1")
    return hold


def wait(by: User, member: User | None = None) -> Correction:
    return corrections.ask(
        form_id=uuid.uuid4(),
        kind="CREDIT",
        member=member or make_member(micros=0),
        hold=None,
        amount_micros=25 * USD,
        reason="Twice charged in May",
        by=by,
    )


# --- Asking -----------------------------------------------------------------------------------
def test_credit_names_who_gave_it_and_why_whatever_the_form_says(billing: Client, ben: User):
    member = make_member(micros=0)
    page = adjust(billing, member, asked_by=member.pk, actor=member.pk).content.decode()
    (transfer,) = moved()
    assert (transfer.kind, transfer.amount_micros) == (TransferKind.CREDIT, 2_500_000)
    assert (transfer.actor, transfer.reason) == (ben, "The scan was lost by us")
    assert Wallet.objects.get(user=member).available_micros == 2_500_000
    assert "$2.50: done." in page


def test_the_member_reads_the_reason_in_the_statement(billing: Client):
    member = make_member(micros=0)
    adjust(billing, member)
    assert "The scan was lost by us" in client_of(member).get(reverse("wallet")).content.decode()


def test_nothing_moves_before_it_is_confirmed_and_what_was_typed_is_kept(billing: Client):
    member = make_member(micros=0)
    said = form()
    del said["confirmed"]
    page = billing.post(reverse("desk_adjust", args=[member.pk]), said).content.decode()
    assert "Is this right?" in page
    assert "It is done at once: $2.50 is added" in page
    answer = billing.post(reverse("desk_adjust", args=[member.pk]), said | {"back": "yes"})
    assert "The scan was lost by us" in answer.content.decode()
    assert str(said["form_id"]) in answer.content.decode()
    assert moved() == []


def test_the_page_to_confirm_on_says_when_a_second_person_must_approve(billing: Client):
    member = make_member()
    said = form(amount_micros="25")
    del said["confirmed"]
    page = billing.post(reverse("desk_adjust", args=[member.pk]), said).content.decode()
    assert "$25.00 is above $20.00: a second person must approve." in page
    adjust(billing, member, amount_micros="15")
    said["amount_micros"] = "8"
    page = billing.post(reverse("desk_adjust", args=[member.pk]), said).content.decode()
    assert "$8.00, with the $15.00 that you moved" in page


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("reason", ""),
        ("reason", "   "),
        ("reason", "x" * 501),
        ("amount_micros", ""),
        ("amount_micros", "0.0000001"),
        ("amount_micros", "-1"),
        ("amount_micros", "1e400"),
        ("amount_micros", "NaN"),
        ("amount_micros", "ten"),
        ("amount_micros", "1e2"),
        ("amount_micros", "٣"),
        ("direction", "SIDEWAYS"),
        ("form_id", ""),
        ("form_id", "again"),
    ],
)
@pytest.mark.parametrize("confirmed", [True, False])
def test_without_a_direction_an_amount_and_a_reason_no_money_moves(
    billing: Client, field: str, said: str, confirmed: bool
):
    fields = form(**{field: said})
    if not confirmed:
        del fields["confirmed"]
    response = billing.post(reverse("desk_adjust", args=[make_member().pk]), fields)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert moved() == []


@pytest.mark.parametrize("confirmed", [True, False])
def test_what_the_rules_refuse_is_said_on_the_form(billing: Client, confirmed: bool):
    fields = form(direction="DEBIT", amount_micros="1.000001")
    if not confirmed:
        del fields["confirmed"]
    member = make_member(micros=USD)
    page = billing.post(reverse("desk_adjust", args=[member.pk]), fields).content.decode()
    assert "The member has only $1.00." in page
    assert moved() == []


def test_a_form_that_is_sent_twice_gives_credit_once(billing: Client):
    member, key = make_member(micros=0), uuid.uuid4()
    for _ in range(2):
        assert "done." in adjust(billing, member, form_id=key).content.decode()
    assert len(moved()) == 1
    assert "sent before" in adjust(billing, member, form_id=key, reason="Else").content.decode()


def test_a_refund_shows_what_is_left_and_begins_with_all_of_it(billing: Client):
    member = make_member(micros=10 * USD)
    hold = charge(member, 10 * USD)
    ledger.refund(hold=hold, amount_micros=4 * USD, key="refund:1", reason="Smaller than quoted")
    where = reverse("desk_refund", args=[hold.pk])
    response = billing.get(where)
    page = response.content.decode()
    for words in ("Charged</dt><dd>$10.00", "refunded</dt><dd>$4.00", "refund</dt><dd>$6.00"):
        assert words in page
    assert response.context["form"]["amount_micros"].value() == "6.00"
    assert "the member will read this" in page
    billing.post(where, form(amount_micros="6.000001"))
    assert moved() == []
    billing.post(where, form(amount_micros="6"))
    assert [(one.kind, one.hold) for one in moved()] == [("REFUND", hold)]
    assert "Nothing of this charge is left" in billing.get(where).content.decode()


def test_only_a_hold_can_be_refunded_and_only_a_member_adjusted(billing: Client):
    member = make_member(micros=USD)
    start = Transfer.objects.get(wallet__user=member)
    for name, key in (
        ("desk_refund", start.pk),
        ("desk_refund", 2**70),
        ("desk_adjust", 2**70),
    ):
        assert billing.get(reverse(name, args=[key])).status_code == 404


def test_nobody_is_offered_their_own_wallet(billing: Client, ben: User):
    assert (
        "This is your own wallet"
        in billing.get(reverse("desk_adjust", args=[ben.pk])).content.decode()
    )
    adjust(billing, ben)
    assert moved() == []


# --- Deciding ---------------------------------------------------------------------------------
def decide(client: Client, correction: Correction, decision: str, note: str = "") -> str:
    response = client.post(
        reverse("desk_decide", args=[correction.pk]),
        {"decision": decision, "note": note},
        follow=True,
    )
    correction.refresh_from_db()
    return str(response.content.decode())


def test_what_waits_stands_first_with_who_for_whom_and_why(billing: Client):
    asker = make_clerk(email="cleo@heirloom.example")
    adjust(client_of(asker), make_member(email="small@heirloom.example"))
    wait(asker, make_member(email="maria@heirloom.example", micros=0))
    page = billing.get(reverse("desk_corrections")).content.decode()
    assert page.index("Twice charged in May") < page.index("The scan was lost by us")
    for words in ("maria@heirloom.example", "cleo@heirloom.example", "Approve $25.00", "Refuse"):
        assert words in page


def test_a_second_person_approves(billing: Client):
    correction = wait(make_clerk())
    assert "Done." in decide(billing, correction, "approve")
    assert correction.state == CorrectionState.DONE
    assert len(moved()) == 1
    assert "Done already" in decide(billing, correction, "approve")
    assert len(moved()) == 1


def test_a_second_person_refuses_and_says_why(billing: Client):
    correction = wait(make_clerk())
    assert "say why" in decide(billing, correction, "refuse")
    assert correction.state == CorrectionState.WAITING
    assert "Paid back in June" in decide(billing, correction, "refuse", "Paid back in June")
    assert correction.state == CorrectionState.REFUSED


def test_who_asked_may_only_take_it_back(billing: Client, ben: User):
    correction = wait(ben)
    page = billing.get(reverse("desk_corrections")).content.decode()
    assert "Take it back" in page
    assert "Approve $25.00" not in page
    assert "somebody else must decide" in decide(billing, correction, "approve")
    assert "Taken back." in decide(billing, correction, "take_back")
    assert correction.state == CorrectionState.RECALLED


def test_what_the_charge_no_longer_covers_says_so_and_is_not_offered(billing: Client):
    member = make_member(micros=30 * USD)
    hold = charge(member, 30 * USD)
    corrections.ask(
        form_id=uuid.uuid4(),
        kind="REFUND",
        member=member,
        hold=hold,
        amount_micros=30 * USD,
        reason="Lost",
        by=make_clerk(),
    )
    assert "Approve $30.00" in billing.get(reverse("desk_corrections")).content.decode()
    ledger.refund(hold=hold, amount_micros=1, key="refund:1", reason="Smaller than quoted")
    page = billing.get(reverse("desk_corrections")).content.decode()
    assert "Only $29.999999 of this charge is left to refund." in page
    assert "Approve $30.00" not in page
    assert ">Refuse</button>" in page


def test_what_the_balance_no_longer_covers_says_so_until_it_does(billing: Client):
    member = make_member(micros=30 * USD)
    corrections.ask(
        form_id=uuid.uuid4(),
        kind="DEBIT",
        member=member,
        hold=None,
        amount_micros=30 * USD,
        reason="Paid twice",
        by=make_clerk(),
    )
    ledger.hold(user=member, amount_micros=1, key="h", memo="", reference="")
    page = billing.get(reverse("desk_corrections")).content.decode()
    assert "The member has only $29.999999." in page
    assert "Approve $30.00" not in page
    ledger.top_up(user=member, amount_micros=1, key="t")
    assert "Approve $30.00" in billing.get(reverse("desk_corrections")).content.decode()


def test_a_reason_that_nobody_can_read_is_none(billing: Client):
    adjust(billing, make_member(micros=0), reason="\u200b")
    assert moved() == []
    correction = wait(make_clerk())
    assert "say why" in decide(billing, correction, "refuse", "\u200b .")
    assert correction.state == CorrectionState.WAITING


def test_an_unknown_button_does_nothing(billing: Client):
    correction = wait(make_clerk())
    assert "press one of the buttons" in decide(billing, correction, "burn")
    assert correction.state == CorrectionState.WAITING


# --- What the trail says ----------------------------------------------------------------------
def refused() -> list[tuple[str, str, User | None, str]]:
    """What the trail has of attempts against the rules."""
    found = AuditEntry.objects.filter(action="correction.refused").order_by("pk")
    return [(one.what, one.why, one.member, one.subject) for one in found]


def test_approving_ones_own_leaves_a_trail_with_the_words_of_the_refusal(
    billing: Client, ben: User
):
    correction = wait(ben)
    decide(billing, correction, "approve", "It is fine")
    words = "tried to approve: Adjustment in the member's favour, $25.00. You asked for this:"
    ((what, why, member, subject),) = refused()
    assert what == f"{words} somebody else must decide."
    assert (why, member, subject) == (
        "It is fine", correction.member, f"correction {correction.pk}",
    )  # fmt: skip


def test_what_it_was_about_is_on_record_in_the_houses_words(billing: Client, ben: User):
    correction = wait(ben)
    ben.language = "de"
    ben.save()
    with german({"Adjustment in the member's favour": "Gutschrift"}):
        decide(billing, correction, "approve")
        adjust(billing, ben)
    said = "Adjustment in the member's favour, $"
    decided, asked = (what for what, *_ in refused())
    assert decided.startswith(f"tried to approve: {said}25.00.")
    assert asked.startswith(f"asked for: {said}2.50.")


def test_so_does_deciding_about_ones_own_wallet(billing: Client, ben: User):
    correction = wait(make_clerk(), ben)
    decide(billing, correction, "approve")
    ((what, _, member, _),) = refused()
    assert "This is about your own wallet" in what
    assert member == ben
    adjust(billing, ben)
    assert "Nobody corrects their own wallet." in refused()[-1][0]


@pytest.mark.parametrize("confirmed", [True, False])
def test_so_does_refunding_more_than_was_charged(billing: Client, confirmed: bool):
    member = make_member(micros=10 * USD)
    hold = charge(member, 10 * USD)
    said = form(amount_micros="10.5")
    if not confirmed:
        del said["confirmed"]
    billing.post(reverse("desk_refund", args=[hold.pk]), said)
    what = "asked for: Refund of a charge, $10.50. Only $10.00 of this charge is left to refund."
    assert refused() == [(what, "The scan was lost by us", member, f"transfer {hold.pk}")]


def test_so_does_approving_what_the_charge_no_longer_covers(billing: Client):
    member = make_member(micros=30 * USD)
    hold = charge(member, 30 * USD)
    correction = corrections.ask(
        form_id=uuid.uuid4(),
        kind="REFUND",
        member=member,
        hold=hold,
        amount_micros=30 * USD,
        reason="Lost",
        by=make_clerk(),
    )
    ledger.refund(hold=hold, amount_micros=20 * USD, key="refund:1", reason="Smaller than quoted")
    decide(billing, correction, "approve")
    ((what, _, _, subject),) = refused()
    assert what.endswith("Only $10.00 of this charge is left to refund.")
    assert subject == f"correction {correction.pk}"
    assert correction.state == CorrectionState.WAITING


def test_the_try_itself_names_about_whom_it_is(billing: Client):
    member = make_member(micros=10 * USD)
    hold, correction = charge(member, 10 * USD), wait(make_clerk(), make_member(micros=0))
    for path, whom, subject in (
        (reverse("desk_refund", args=[hold.pk]), member, f"transfer {hold.pk}"),
        (reverse("desk_adjust", args=[member.pk]), member, f"user {member.pk}"),
        (
            reverse("desk_decide", args=[correction.pk]),
            correction.member,
            f"correction {correction.pk}",
        ),
    ):
        billing.post(path, {})
        entry = AuditEntry.objects.filter(action="page", what__startswith="POST").first()
        assert entry is not None
        assert (entry.member, entry.subject) == (whom, subject)


def test_an_approval_tells_why_it_was_asked_for_and_what_was_noted(billing: Client):
    decide(billing, wait(make_clerk()), "approve", "Seen the mail")
    approved = AuditEntry.objects.get(action="correction.approve")
    assert approved.why == "Twice charged in May / Seen the mail"


def test_of_a_long_reason_and_a_long_note_the_trail_has_the_beginnings(billing: Client, ben: User):
    asker = make_clerk()
    adjust(client_of(asker), make_member(micros=0), amount_micros="25", reason="r" * 500)
    decide(billing, Correction.objects.get(), "approve", "n" * 500)
    reason, note = AuditEntry.objects.get(action="correction.approve").why.split(" / ")
    assert (reason[:200], note[:200]) == ("r" * 200, "n" * 200)


# --- Who may what -----------------------------------------------------------------------------
def money_pages(member: User, hold: Transfer, correction: Correction) -> list[tuple[str, str]]:
    """Every page and button about money, with how it is asked for."""
    return [
        ("get", reverse("desk")),
        ("get", reverse("desk_members")),
        ("get", reverse("desk_member", args=[member.pk])),
        ("get", reverse("desk_transfers", args=[member.pk])),
        ("get", reverse("desk_adjust", args=[member.pk])),
        ("post", reverse("desk_adjust", args=[member.pk])),
        ("get", reverse("desk_refund", args=[hold.pk])),
        ("post", reverse("desk_refund", args=[hold.pk])),
        ("get", reverse("desk_corrections")),
        ("post", reverse("desk_decide", args=[correction.pk])),
        ("get", reverse("desk_audit")),
        ("get", reverse("desk_audit_csv")),
    ]


@pytest.mark.parametrize("role", [REVIEWERS, "", None], ids=["reviewer", "no role", "a member"])
def test_reviewers_other_staff_and_members_open_no_page_about_money_and_move_none(
    role: str | None,
):
    member = make_member(micros=10 * USD)
    hold, correction = charge(member, 10 * USD), wait(make_clerk())
    client = client_of(make_member() if role is None else make_staff(role))
    for method, path in money_pages(member, hold, correction):
        fields = form(decision="approve") if method == "post" else {}
        assert getattr(client, method)(path, fields).status_code == 403, path
    correction.refresh_from_db()
    assert correction.state == CorrectionState.WAITING
    assert moved() == []


def test_seeing_corrections_is_not_making_them(ben: User):
    looker = make_staff()
    looker.user_permissions.add(*ben.groups.get().permissions.exclude(codename="correct_money"))
    member = make_member(micros=10 * USD)
    hold, correction = charge(member, 10 * USD), wait(ben)
    client = client_of(looker)
    assert "Approve" not in client.get(reverse("desk_corrections")).content.decode()
    for method, path in money_pages(member, hold, correction):
        if "adjust" in path or "refund" in path or method == "post":
            assert getattr(client, method)(path, form()).status_code == 403


def test_the_list_does_a_fixed_number_of_queries(billing: Client):
    asker = make_clerk()
    page = reverse("desk_corrections")

    def one_more_of_each() -> None:
        wait(asker)
        adjust(client_of(asker), make_member(micros=0))
        member = make_member(micros=30 * USD)
        name = uuid.uuid4()
        hold = ledger.hold(
            user=member, amount_micros=30 * USD, key=f"h:{name}", memo="", reference=""
        )
        ledger.capture(hold=hold, amount_micros=30 * USD, key=f"c:{name}")
        corrections.ask(
            form_id=uuid.uuid4(),
            kind="REFUND",
            member=member,
            hold=hold,
            amount_micros=30 * USD,
            reason="Lost",
            by=asker,
        )

    one_more_of_each()
    counted = queries(billing, page)
    for _ in range(3):
        one_more_of_each()
    assert queries(billing, page) == counted

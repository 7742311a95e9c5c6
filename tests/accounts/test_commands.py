"""The money's commands: demo people for the sandbox alone, and a proof that the books balance."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand

from accounts.management.commands.check_ledger import Command as CheckLedger
from accounts.management.commands.create_demo_people import PASSWORD
from accounts.models import Transfer, User, Wallet
from tests.builders import make_member

pytestmark = pytest.mark.django_db

NAMES = ("member", "reviewer", "reviewer2", "billing", "admin")
PEOPLE = {f"{name}@heirloom.example" for name in NAMES}


def staff(name: str) -> User:
    return User.objects.get(email=f"{name}@heirloom.example")


# --- create_demo_people ---------------------------------------------------------------------
def test_the_demo_people_can_sign_in_and_the_member_has_credit(settings: Any):
    call_command("create_demo_people")
    for email in PEOPLE:
        assert authenticate(username=email, password=PASSWORD) == User.objects.get(email=email)
        assert EmailAddress.objects.get(email=email).verified
    assert Wallet.objects.get(user=staff("member")).available_micros == settings.DEMO_CREDIT_MICROS


def test_each_of_the_staff_has_just_their_own_powers():
    call_command("create_demo_people")
    powers = {
        name: {
            power
            for power in ("jobs.review_consent", "accounts.correct_money", "accounts.change_user")
            if staff(name).has_perm(power)
        }
        for name in NAMES
    }
    assert powers == {
        "member": set(),
        "reviewer": {"jobs.review_consent"},
        "reviewer2": {"jobs.review_consent"},
        "billing": {"accounts.correct_money"},
        "admin": {"jobs.review_consent", "accounts.correct_money", "accounts.change_user"},
    }
    assert not staff("member").is_staff


def test_a_second_start_finds_the_people_of_the_first_and_gives_nobody_more():
    call_command("create_demo_people")
    member = staff("member")
    member.set_password("changed-by-the-member")
    member.save()
    call_command("create_demo_people")
    assert User.objects.count() == len(PEOPLE)
    assert EmailAddress.objects.count() == len(PEOPLE)
    assert Transfer.objects.count() == 1
    member.refresh_from_db()
    assert member.check_password("changed-by-the-member")


def test_powers_that_were_added_by_hand_are_taken_back_at_the_next_start():
    call_command("create_demo_people")
    staff("billing").groups.get().permissions.add(*staff("reviewer").groups.get().permissions.all())
    call_command("create_demo_people")
    assert not staff("billing").has_perm("jobs.review_consent")


def test_outside_the_sandbox_there_are_no_people_with_a_public_password(settings: Any):
    settings.SANDBOX = False
    with pytest.raises(CommandError, match="sandbox only"):
        call_command("create_demo_people")
    assert not User.objects.exists()


# --- check_ledger ---------------------------------------------------------------------------
def test_books_that_balance_are_said_to(capsys: pytest.CaptureFixture[str]):
    make_member(micros=100)
    make_member(micros=200)
    call_command("check_ledger")
    assert capsys.readouterr().out == "2 wallets are the sum of their transfers.\n"


def test_books_that_do_not_are_an_exit_code_and_the_list_of_lies(
    capsys: pytest.CaptureFixture[str],
):
    wallet = make_member(micros=100).wallet
    Wallet.objects.filter(pk=wallet.pk).update(available_micros=101)
    command: BaseCommand = CheckLedger()
    with pytest.raises(SystemExit) as ended:
        command.run_from_argv(["manage.py", "check_ledger", "--skip-checks"])
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert "The books do not balance" in said
    assert f"wallet {wallet.pk}: available 101, transfers say 100" in said

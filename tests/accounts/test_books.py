"""accounts.books: no lie in wallets, transfers or holds stays unseen, in few queries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import append_only, books, ledger, tasks
from accounts.models import Letter, Transfer, TransferKind, User, Wallet
from accounts.roles import BILLING_STAFF, ensure_roles
from tests.builders import make_member, run

pytestmark = pytest.mark.django_db


def charged(user: User, micros: int = 30) -> Transfer:
    hold = ledger.hold(user=user, amount_micros=micros, key=f"h:{user.pk}", memo="", reference="")
    ledger.capture(hold=hold, amount_micros=micros, key=f"c:{user.pk}")
    return hold


@contextmanager
def forging() -> Iterator[None]:
    """The triggers step aside, as for somebody who owns the database."""
    table = Transfer._meta.db_table
    with connection.cursor() as cursor:
        for statement in append_only.unlocking(connection.vendor, table):
            cursor.execute(statement)
        yield
        for statement in append_only.locking(connection.vendor, table):
            cursor.execute(statement)


def test_honest_books_have_no_lies():
    charged(make_member(micros=100))
    make_member(micros=0)
    ledger.wallet_of(make_member(micros=0))
    assert books.lies() == []


@pytest.mark.parametrize("column", ["available_micros", "held_micros"])
def test_a_wallet_that_its_transfers_do_not_explain_is_found(column: str):
    honest, liar = make_member(micros=100), make_member(micros=100)
    charged(honest)
    Wallet.objects.filter(user=liar).update(**{column: 101})
    (lie,) = books.lies()
    assert lie.startswith(f"wallet {liar.wallet.pk}: available")
    assert "101" in lie


def test_a_wallet_with_money_and_no_transfers_is_found():
    wallet = ledger.wallet_of(make_member(micros=0))
    Wallet.objects.filter(pk=wallet.pk).update(available_micros=1)
    assert books.lies() == [
        f"wallet {wallet.pk}: available 1, transfers say 0; held 0, transfers say 0"
    ]


def test_a_forged_amount_is_found_in_the_wallet_and_in_all_that_came_after():
    user = make_member(micros=100)
    charged(user)
    with forging():
        Transfer.objects.filter(kind=TransferKind.TOP_UP).update(amount_micros=90)
    lies = books.lies()
    assert [lie.partition(" ")[0] for lie in lies] == ["transfer"] * 3 + ["wallet"]


def test_a_forged_running_balance_is_found():
    user = make_member(micros=100)
    with forging():
        Transfer.objects.update(available_after_micros=99)
    transfer = Transfer.objects.get(wallet__user=user)
    assert books.lies() == [
        f"transfer {transfer.pk}: says 99 available, it was 100; says 0 held, it was 0"
    ]


def test_a_hold_that_was_paid_out_beyond_itself_is_found():
    """Even where the wallet and every running balance agree with it."""
    user = make_member(micros=100)
    hold = charged(user)
    Transfer.objects.create(
        wallet=user.wallet,
        kind=TransferKind.REFUND,
        amount_micros=31,
        key="too-much",
        hold=hold,
        available_after_micros=101,
        held_after_micros=0,
    )
    Wallet.objects.filter(user=user).update(available_micros=101)
    assert books.lies() == [
        f"hold {hold.pk}: 30 held, 30 captured or released; 30 captured, 31 refunded"
    ]


def test_as_many_wallets_as_fit_are_proved_in_one_query(django_assert_num_queries: Any):
    wallets = [ledger.wallet_of(make_member(micros=0)) for _ in range(5)]
    Wallet.objects.filter(pk=wallets[-1].pk).update(available_micros=1)
    in_all = wallets[-1].pk
    with django_assert_num_queries(2):  # how far the wallets go, and the proof
        assert len(books.lies(wallets_in_a_query=in_all)) == 1
    with django_assert_num_queries(1 + -(-in_all // 2)):
        assert len(books.lies(wallets_in_a_query=2)) == 1


def test_the_books_are_proved_once_a_day_however_often_the_clock_asks():
    now = timezone.now()
    assert books.check_if_due(now) is None  # nobody has a wallet yet
    make_member(micros=100)
    assert books.check_if_due(now) is not None
    assert books.check_if_due(now + timedelta(hours=23)) is None
    assert books.check_if_due(now + timedelta(hours=25)) is not None


def test_lies_are_kept_shown_at_the_desk_and_written_to_billing_staff(
    client: Client, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tasks, "close_old_connections", lambda: None)  # it's the test's own
    ensure_roles()
    clerk = make_member(is_staff=True)
    clerk.groups.add(Group.objects.get(name=BILLING_STAFF))
    make_member(is_staff=True)  # no billing staff
    Wallet.objects.filter(user=make_member(micros=100)).update(available_micros=101)
    tasks.check_books()
    run("send")
    (mail,) = mailoutbox
    assert (mail.to, mail.subject) == ([clerk.email], "The books do not balance: 1 line")
    assert "available 101, transfers say 100" in mail.body
    client.force_login(clerk)
    assert "available 101, transfers say 100" in client.get(reverse("desk")).content.decode()


def test_honest_books_say_when_they_were_proved(client: Client):
    call_command("check_ledger")
    client.force_login(make_member(is_staff=True, is_superuser=True))
    assert "all 0 wallets are" in client.get(reverse("desk")).content.decode()
    assert not Letter.objects.exists()


@pytest.mark.parametrize("table", ["accounts_bookscheck"])
def test_what_was_found_can_not_be_changed(table: str):
    books.check()
    for statement in (f"UPDATE {table} SET wallet_count = 9", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_command_exits_with_one_and_the_list_of_lies():
    wallet = ledger.wallet_of(make_member(micros=100))
    Wallet.objects.filter(pk=wallet.pk).update(held_micros=5)
    with pytest.raises(CommandError) as problem:
        call_command("check_ledger")
    assert problem.value.returncode == 1
    assert f"wallet {wallet.pk}: available 100, transfers say 100; held 5" in str(problem.value)

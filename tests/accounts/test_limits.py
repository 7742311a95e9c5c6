"""What members set for themselves: a limit for the month, and a balance worth an e-mail."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine
from django.core.mail import EmailMessage

from accounts import ledger
from accounts.models import Letter, Transfer, User
from tests.builders import make_member, run
from tests.racing import many_at_once

pytestmark = pytest.mark.django_db


def limited(micros: int | None, *, warn: int | None = None, money: int = 1_000) -> User:
    user = make_member(micros=money)
    ledger.set_limits(user=user, monthly_limit_micros=micros, warn_below_micros=warn)
    return user


def hold(user: User, micros: int, key: str = "hold:1") -> Transfer:
    return ledger.hold(user=user, amount_micros=micros, key=key, memo="A job", reference="1")


# --- The month's limit ------------------------------------------------------------------------
def test_a_hold_that_reaches_the_limit_is_the_last_one():
    user = limited(100)
    hold(user, 60)
    hold(user, 40, "hold:2")
    with pytest.raises(ledger.OverMonthlyLimit) as problem:
        hold(user, 1, "hold:3")
    said = problem.value
    assert (said.limit_micros, said.spent_micros, said.needed_micros) == (100, 100, 1)
    assert ledger.room_in_month(user) == 0


def test_a_repeated_click_is_not_counted_twice():
    user = limited(100)
    assert hold(user, 60) == hold(user, 60)
    assert ledger.room_in_month(user) == 40


def test_what_comes_back_makes_room_again():
    user = limited(100)
    released, captured = hold(user, 60), hold(user, 40, "hold:2")
    ledger.release(hold=released, key="release:1")
    ledger.capture(hold=captured, amount_micros=40, key="capture:2")
    ledger.refund(hold=captured, amount_micros=10, key="refund:2", reason="smaller")
    assert ledger.spent_in_month(user) == 30


def test_a_new_month_begins_with_the_whole_limit():
    user = limited(100)
    with time_machine.travel(datetime(2026, 11, 30, 23, 59, tzinfo=UTC), tick=False):
        last = hold(user, 100)
        assert ledger.room_in_month(user) == 0
    with time_machine.travel(datetime(2026, 12, 1, 0, 0, tzinfo=UTC), tick=False):
        assert ledger.room_in_month(user) == 100
        ledger.release(hold=last, key="release:1")  # last month's money makes no room in this one
        assert ledger.room_in_month(user) == 100
        hold(user, 100, "hold:2")


def test_december_is_followed_by_january():
    first, next_first = ledger.month_of(datetime(2026, 12, 31, 23, tzinfo=UTC))
    assert (first.isoformat(), next_first.isoformat()) == (
        "2026-12-01T00:00:00+00:00",
        "2027-01-01T00:00:00+00:00",
    )


def test_without_a_limit_only_the_balance_counts():
    user = limited(None)
    assert ledger.room_in_month(user) is None
    hold(user, 1_000)


def test_a_limit_of_nothing_stops_all_spending():
    with pytest.raises(ledger.OverMonthlyLimit):
        hold(limited(0), 1)


@pytest.mark.django_db(transaction=True)
def test_racing_holds_never_pass_the_limit():
    user = limited(100, money=10_000)

    def one(number: int) -> bool:
        try:
            hold(user, 10, f"hold:{number}")
        except ledger.OverMonthlyLimit:
            return False
        return True

    assert sum(many_at_once(16, 32, one)) == 10
    assert ledger.spent_in_month(user) == 100


# --- The low balance --------------------------------------------------------------------------
def test_crossing_the_line_downwards_writes_one_letter():
    user = limited(None, warn=500)
    hold(user, 400)
    assert not Letter.objects.exists()
    hold(user, 200, "hold:2")
    hold(user, 100, "hold:3")
    letter = Letter.objects.get()
    assert (letter.to, letter.kind) == (user, "low_balance")
    assert letter.context == {"available_micros": 400, "line_micros": 500}


def test_each_crossing_is_told_once():
    user = limited(None, warn=500)
    crossing = hold(user, 600)
    ledger.release(hold=crossing, key="release:1")
    hold(user, 600, "hold:2")
    assert Letter.objects.count() == 2


def test_reaching_the_line_exactly_is_not_below_it():
    hold(limited(None, warn=500), 500)
    assert not Letter.objects.exists()


def test_nobody_is_told_who_does_not_want_to_be():
    hold(limited(None, warn=None), 999)
    assert not Letter.objects.exists()


def test_a_hold_that_is_refused_tells_nothing():
    with pytest.raises(ledger.InsufficientFunds):
        hold(limited(None, warn=500), 2_000)
    assert not Letter.objects.exists()


def test_the_letter_is_sent_once_and_says_what_is_left(mailoutbox: list[EmailMessage]):
    user = limited(None, warn=5_000_000, money=6_000_000)
    hold(user, 1_003_100)
    assert (run("send"), run("send")) == (1, 0)
    (mail,) = mailoutbox
    assert mail.to == [user.email]
    assert mail.subject == "Your Heirloom wallet is down to $4.9969"
    assert "falls below $5.00" in mail.body
    assert "/wallet/" in mail.body


def test_a_mail_server_that_is_down_delays_the_letter_and_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, mailoutbox: list[EmailMessage]
):
    hold(limited(None, warn=500), 600)
    with monkeypatch.context() as patch:
        patch.setattr("accounts.mailing.EmailMultiAlternatives.send", lambda _: 1 / 0)
        run("send")
    assert (mailoutbox, Letter.objects.get().sent_at) == ([], None)
    Letter.objects.update(due_at=Letter.objects.get().created_at)
    run("send")
    assert len(mailoutbox) == 1

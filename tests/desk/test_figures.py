"""The overview's figures are the ledger's, to the micro-dollar, in a few queries."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import ledger
from accounts.models import Account, Transfer, User, Wallet
from desk import house_figures, period_figures
from desk.house_figures import HOUSE_QUERIES
from desk.period_figures import PERIOD_QUERIES, Period
from jobs.catalog import CODEFORMER, FLUX_KONTEXT, GFPGAN
from jobs.models import Attempt, Photo, RestorationJob
from jobs.states import JobState
from tests.builders import make_job, make_member, make_photo
from tests.jobs.usage import attempted, ended

pytestmark = pytest.mark.django_db

MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)
MAY_31 = date(2026, 5, 31)


def at(moment: datetime) -> time_machine.travel:
    return time_machine.travel(moment, tick=False)


def random_history(seed: int, jobs: int = 25) -> None:
    """Jobs of three members from May to June, ended in every way, near midnight more than not."""
    dice = random.Random(seed)
    with at(datetime(2026, 4, 1, tzinfo=UTC)):
        photos = [make_photo(owner=make_member(micros=50_000_000)) for _ in range(3)]
    for number in range(jobs):
        midnight = datetime(2026, 5, 25, tzinfo=UTC) + timedelta(days=dice.randrange(14))
        moment = midnight + timedelta(seconds=dice.choice([-1, 0, 1, 40_000]))
        with at(moment):
            one_job(dice, dice.choice(photos), moment)
            if number % 7 == 0:
                member = dice.choice(photos).owner
                ledger.top_up(user=member, amount_micros=dice.randrange(1, 10**7), key=f"t{number}")
            if number % 11 == 0:
                ledger.grant_bonus(user=dice.choice(photos).owner, amount_micros=5_000_000)
            if number % 5 == 0:
                a_card_takes_back(dice, dice.choice(photos).owner, number)


def a_card_takes_back(dice: random.Random, member: User, number: int) -> None:
    """More than there is, more often than not; some of it comes again, some is paid back."""
    about: dict[str, Any] = {"user": member, "memo": "", "reference": ""}
    ledger.take_back(amount_micros=dice.randrange(1, 99_000_000), key=f"r{number}", **about)
    if dice.random() < 0.5:
        ledger.top_up(user=member, amount_micros=dice.randrange(1, 10**8), key=f"p{number}")
    if dice.random() < 0.5:
        ledger.bring_back(key=f"r{number}", new_key=f"w{number}", **about)
    if dice.random() < 0.5:
        ledger.take_bonus_back(user=member)
    ledger.top_up(user=member, amount_micros=10**8, key=f"enough{number}")


def one_job(dice: random.Random, photo: Photo, moment: datetime) -> None:
    job = make_job(photo=photo, model=dice.choice([GFPGAN, CODEFORMER, FLUX_KONTEXT]))
    assert job.hold is not None
    fate = dice.choice(["open", "failed", "paid", "paid", "smaller", "lost", "twice", "vain"])
    if fate == "open":
        return
    if fate in ("twice", "vain"):
        attempted(job, completed_at=moment if fate == "twice" else None)
    attempted(job, completed_at=None if fate == "failed" else moment)
    state = {"failed": JobState.FAILED, "lost": JobState.ERROR}.get(fate, JobState.DELIVERED)
    ended(job, state, paid=fate != "failed")
    RestorationJob.objects.filter(pk=job.pk).update(ended_at=moment)
    back = {"lost": job.quoted_micros, "smaller": 1}.get(fate, 0)
    if back:
        ledger.refund(hold=job.hold, amount_micros=back, key=f"back:{job.pk}", reason="Less.")


def told(period: Period) -> period_figures.PeriodFigures:
    return period_figures.of_period(period)


@pytest.mark.parametrize("seed", range(3))
def test_a_period_is_the_sum_of_its_rows(seed: int):
    random_history(seed)
    for period in (
        Period(MAY, MAY_31),
        Period(JUNE, date(2026, 6, 30)),
        Period(MAY_31, JUNE),
        Period(JUNE, JUNE),
    ):
        compare(period)


def compare(period: Period) -> None:
    """The figures with sums made row by row, another way."""
    found = told(period)

    sums: Counter[str] = Counter()
    spent: Counter[int] = Counter()
    by_day: Counter[date] = Counter()
    for transfer in Transfer.objects.select_related("wallet"):
        day = transfer.created_at.astimezone(UTC).date()
        if not period.first <= day <= period.last:
            continue
        sums[transfer.kind] += transfer.amount_micros
        sign = {"CAPTURE": 1, "REFUND": -1}.get(transfer.kind, 0)
        spent[transfer.wallet.user_id] += sign * transfer.amount_micros
        by_day[day] += sign * transfer.amount_micros
    cost = in_vain = 0
    by_model: Counter[str] = Counter()
    for attempt in Attempt.objects.select_related("job"):
        bought = attempt.completed_at or attempt.created_at
        if not period.first <= bought.astimezone(UTC).date() <= period.last:
            continue
        if attempt.completed_at:
            cost += attempt.job.vendor_cost_micros
            by_model[attempt.job.model_key] += attempt.job.vendor_cost_micros
        else:
            in_vain += attempt.house_cost_micros
    states = Counter(
        job.state
        for job in RestorationJob.objects.exclude(ended_at=None)
        if job.ended_at and period.first <= job.ended_at.date() <= period.last
    )

    total = found.total
    assert (total.captured, total.refunded) == (sums["CAPTURE"], sums["REFUND"])
    assert (total.topped_up, total.bonus) == (sums["TOP_UP"], sums["BONUS"] - sums["BONUS_BACK"])
    back = sums["REINSTATED"] + sums["RECOVERY"]
    assert total.returned == sums["PAYOUT"] + sums["LOSS"] - back
    owed = sums["LOSS"] - sums["RECOVERY"]
    assert total.borne == owed - sums["DEBT_PAID"] + sums["DEBT_BACK"]
    assert (total.vendor_cost, total.in_vain) == (cost, in_vain)
    assert total.margin == sums["CAPTURE"] - sums["REFUND"] - cost - in_vain
    assert total.delivered == states["DELIVERED"]
    assert total.failed == states["FAILED"] + states["ERROR"]
    assert {day: tally.revenue for day, tally in found.by_day.items()} == {
        day: by_day[day] for day in period.days
    }
    assert {k: tally.vendor_cost for k, tally in found.by_model.items()} == {
        key: by_model[key] for key in (GFPGAN.key, CODEFORMER.key, FLUX_KONTEXT.key)
    }
    assert sum(tally.revenue for tally in found.by_model.values()) == total.revenue
    assert {one.member_id: one.spent for one in found.spenders} == {
        member: micros
        for member, micros in spent.items()
        if Transfer.objects.filter(
            wallet__user=member,
            kind__in=["CAPTURE", "REFUND"],
            created_at__gte=period.begin,
            created_at__lt=period.end,
        ).exists()
    }
    assert [one.spent for one in found.spenders] == sorted(
        (one.spent for one in found.spenders), reverse=True
    )


def test_a_charge_at_the_last_moment_of_a_month_is_that_months():
    photo = make_photo()
    last = datetime(2026, 6, 1, tzinfo=UTC) - timedelta(microseconds=1)
    for moment in (last, datetime(2026, 6, 1, tzinfo=UTC)):
        with at(moment):
            ended(make_job(photo=photo), JobState.DELIVERED, paid=True)
    may, june = told(Period(MAY, MAY_31)), told(Period(JUNE, date(2026, 6, 30)))
    assert (may.total.captured, may.by_day[MAY_31].captured) == (3_100, 3_100)
    assert (june.total.captured, june.by_day[JUNE].captured) == (3_100, 3_100)


def test_money_that_no_job_explains_is_counted_all_the_same():
    member = make_member()
    hold = ledger.hold(user=member, amount_micros=900, key="h", memo="", reference="")
    ledger.capture(hold=hold, amount_micros=500, key="c")
    today = timezone.now().date()
    found = told(Period(today, today))
    assert found.total.captured == 500
    assert found.by_model[""].captured == 500


def test_a_superseded_attempt_that_completed_all_the_same_is_counted_once():
    with at(datetime(2026, 5, 20, tzinfo=UTC)):
        job = make_job()
        attempted(job, completed_at=timezone.now())
        attempted(job, completed_at=timezone.now())
    total = told(Period(MAY, MAY_31)).total
    assert (total.vendor_cost, total.in_vain) == (6_200, 0)


# --- What is set aside ------------------------------------------------------------------------
def test_what_is_held_by_age_is_what_the_wallets_hold():
    random_history(5)
    hold = ledger.hold(user=make_member(), amount_micros=900, key="part", memo="", reference="")
    ledger.capture(hold=hold, amount_micros=500, key="c")
    held = house_figures.of_house(timezone.now()).held
    in_wallets = sum(Wallet.objects.values_list("held_micros", flat=True))
    assert held.total == in_wallets
    assert sum(micros for _, _, micros in held.by_age) == in_wallets


def test_each_hold_stands_in_the_age_that_it_has_and_the_oldest_first():
    now = datetime(2026, 6, 1, tzinfo=UTC)
    photo = make_photo()
    jobs = []
    for age in (
        timedelta(minutes=59),
        timedelta(hours=1),
        timedelta(hours=23, minutes=59),
        timedelta(days=1),
        timedelta(days=6, hours=23),
        timedelta(days=7),
        timedelta(days=40),
    ):
        with at(now - age):
            jobs.append(make_job(photo=photo))
    held = house_figures.of_house(now).held
    assert [count for _, count, _ in held.by_age] == [1, 2, 2, 2]
    assert [job for _, job in held.rows()] == jobs[::-1]


# --- The house and the vendor -----------------------------------------------------------------
def test_the_houses_accounts_and_all_wallets_are_nothing_together():
    random_history(6)
    house = house_figures.of_house(timezone.now())
    assert sum(micros for _, micros in house.accounts) + house.members_have == 0
    wallets = Wallet.objects.values_list("available_micros", "held_micros")
    assert house.members_have == sum(available + held for available, held in wallets)


@pytest.mark.parametrize("seed", range(3))
def test_since_the_beginning_the_figures_are_the_houses_accounts_and_the_members_debts(seed: int):
    random_history(seed)
    total = told(Period(date(2026, 4, 1), date(2026, 6, 30))).total
    accounts = dict(house_figures.of_house(timezone.now()).accounts)
    assert accounts[Account.FUNDING] == total.returned - total.topped_up
    assert accounts[Account.PROMO] == -total.bonus
    assert accounts[Account.REVENUE] == total.revenue
    assert accounts[Account.HOUSE] == -total.borne
    assert total.borne == sum(ledger.owed_by(member) for member in User.objects.all())


def answered(job: RestorationJob, status: int, outcome: str, ago: timedelta) -> None:
    attempt = attempted(job, completed_at=None)
    Attempt.objects.filter(pk=attempt.pk).update(
        http_status=status, outcome=outcome, answered_at=timezone.now() - ago
    )


def test_the_vendors_refusals_of_a_day_are_counted_and_the_newest_answer_decides():
    photo = make_photo()
    waiting, other = make_job(photo=photo), make_job(photo=photo)
    answered(other, 202, "ACCEPTED", timedelta(hours=30))
    answered(waiting, 402, "NOT_ACCEPTED", timedelta(hours=25))
    answered(waiting, 429, "NOT_ACCEPTED", timedelta(hours=3))
    answered(waiting, 402, "NOT_ACCEPTED", timedelta(hours=2))
    answered(waiting, 402, "NOT_ACCEPTED", timedelta(hours=1))
    RestorationJob.objects.filter(pk=other.pk).update(state=JobState.UNKNOWN)
    vendor = house_figures.of_house(timezone.now()).vendor
    assert [(status, count) for status, count, _ in vendor.refusals] == [(402, 2), (429, 1)]
    assert vendor.refused_with == 402
    assert (vendor.waiting_jobs, vendor.unknown_jobs) == (1, 1)
    assert vendor.last_success is not None

    answered(make_job(photo=photo), 202, "ACCEPTED", timedelta(minutes=1))
    assert house_figures.of_house(timezone.now()).vendor.refused_with is None


def test_a_house_where_nothing_happened_says_so():
    house = house_figures.of_house(timezone.now())
    assert (house.held.total, house.vendor.last_success, house.vendor.refused_with) == (
        0,
        None,
        None,
    )
    assert told(Period(MAY, MAY_31)).total == period_figures.Tally()


# --- In a few queries -------------------------------------------------------------------------
@pytest.mark.parametrize("jobs", [8, 20])
def test_the_number_of_queries_is_the_same_for_few_and_many(jobs: int):
    random_history(1, jobs)
    with CaptureQueriesContext(connection) as queries:
        told(Period(MAY, date(2026, 6, 30)))
    assert len(queries) == PERIOD_QUERIES
    with CaptureQueriesContext(connection) as queries:
        house_figures.of_house(timezone.now())
    assert len(queries) == HOUSE_QUERIES


def test_a_period_is_read_by_the_transfers_time_not_by_looking_at_all_there_are():
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")  # which a few rows would prefer
    period = Period(MAY, MAY_31)
    moved = Transfer.objects.filter(created_at__gte=period.begin, created_at__lt=period.end)
    assert "transfers_of_a_period" in moved.explain()

"""One lock order for all, from a member over photo, job and breaker to the wallet (`ORDER`).

Two transactions that take their locks in the same order never wait for each other in a circle.
Every lock that a verb asks for is watched. SQLite has no row locks: there Django is told that it
has, so that it asks, and the words are taken out again before SQLite reads them.
"""

from __future__ import annotations

import contextlib
import random
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts import books, ledger
from jobs import breaker
from jobs.catalog import CODEFORMER
from jobs.gateway import errors
from jobs.gateway.pixazo import read_report
from jobs.models import Attempt, Breaker, RestorationJob
from jobs.steps import collect as collect_step
from jobs.steps import consent as consent_step
from jobs.steps import leave, order, retain, review, settle, trash
from tests.builders import decide, make_consent, make_due, make_job, make_member, make_photo, run
from tests.fakes import FakeVendor
from tests.racing import at_once

ORDER = [
    "accounts_user",
    "jobs_photo",
    "jobs_consent",
    "jobs_restorationjob",
    "jobs_attempt",
    "jobs_breaker",
    "accounts_correction",
    "accounts_topup",
    "accounts_wallet",
]
LOCKING = re.compile(r'FROM "(\w+)".* FOR (?:NO KEY )?UPDATE|^UPDATE "(\w+)"', re.DOTALL)
ASKING = re.compile(r' FOR (NO KEY )?UPDATE( OF "\w+")?')


class Watch:
    """Notes the first lock on each table within each outermost transaction (or savepoint)."""

    def __init__(self) -> None:
        self.depth = 0
        self.locked: list[str] = []
        self.transactions: list[list[str]] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SAVEPOINT"):
            if self.depth == 0:
                self.locked = []
                self.transactions.append(self.locked)
            self.depth += 1
        elif sql.startswith(("RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")):
            self.depth -= sql.startswith("RELEASE")
        elif found := LOCKING.search(sql):
            table = found[1] or found[2]
            if table in ORDER and table not in self.locked:
                self.locked.append(table)
        if connection.vendor == "sqlite":
            sql = ASKING.sub("", sql)
        return execute(sql, params, many, context)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    with watching(monkeypatch) as watch:
        yield watch


@contextlib.contextmanager
def watching(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    watch = Watch()
    monkeypatch.setattr(connection.features, "has_select_for_update", True)
    monkeypatch.setattr(connection.features, "has_select_for_update_of", True)
    monkeypatch.setattr(connection.features, "has_select_for_no_key_update", True)
    with connection.execute_wrapper(watch):
        yield watch


def sent(vendor: FakeVendor) -> RestorationJob:
    job = make_job()
    run("submit")
    vendor.finish("COMPLETED")
    job.refresh_from_db()
    return job


def withdraw(job: RestorationJob) -> None:
    consent_step.withdraw(photo=job.photo, by=job.owner)


def callback(vendor: FakeVendor) -> None:
    sent(vendor)
    token = vendor.last.callback_url.rstrip("/").rpartition("/")[2]
    settle.deliver(token=token, body=vendor.last.callback())


def reject(_: FakeVendor) -> None:
    decide(make_job_for_review().consent, approve=False)


def approve(_: FakeVendor) -> None:
    decide(make_job_for_review().consent)


def ask_and_answer(_: FakeVendor) -> None:
    consent = make_job_for_review().consent
    asked = review.ask(
        consent=consent, by=make_member(), seen=review.seen(consent), question="Who?"
    )
    review.answer(consent=asked, by=consent.given_by, text="My son")


def make_job_for_review() -> RestorationJob:
    photo = make_photo()
    make_consent(photo, depicted=("CHILD",))
    return make_job(photo=photo)


def poll(vendor: FakeVendor) -> None:
    make_due(sent(vendor))
    run("observe")


def collect(vendor: FakeVendor) -> None:
    callback(vendor)
    run("collect")


def refused_and_probed(vendor: FakeVendor) -> None:
    make_job()
    vendor.on_submit = lambda request: httpx.Response(401)
    run("submit")
    Breaker.objects.update(probe_at=timezone.now())
    vendor.on_submit = lambda request: httpx.Response(400)
    run("submit")
    assert Breaker.objects.get().state == "CLOSED"


def completed_by_a_poll_that_starts_the_vendor_again(vendor: FakeVendor) -> None:
    job = sent(vendor)
    vendor.on_status = lambda request: httpx.Response(401)
    make_due(job)
    run("observe")
    vendor.on_status = None
    make_due(job)
    run("observe")
    assert Breaker.objects.get().state == "CLOSED"


def collect_what_starts_a_vendor_again(vendor: FakeVendor) -> None:
    """From a vendor with a price of its own, which is less for fewer pixels."""
    job = make_job(model=CODEFORMER)
    run("submit")
    vendor.finish("COMPLETED")
    token = vendor.last.callback_url.rstrip("/").rpartition("/")[2]
    settle.deliver(token=token, body=vendor.last.callback())
    now = timezone.now()
    (work,) = collect_step.claim(1, now)
    outcome = collect_step.call(work)
    Attempt.objects.filter(job=job).update(vendor="fal", own_cost_micros=10**6)
    refusal = errors.AccountBlocked("No", http_status=401)
    breaker.refused(refusal, vendor="pixazo", by="collect", now=now)
    with transaction.atomic():
        collect_step.record(work, outcome, now)
    assert Attempt.objects.get().own_cost_micros != 10**6
    assert Breaker.objects.get().state == "CLOSED"


def cancel(_: FakeVendor) -> None:
    job = make_job()
    order.cancel(job=job, by=job.owner)


def erase_from_the_trash(_: FakeVendor) -> None:
    job = make_job()
    trash.put(photo=job.photo, by=job.owner)
    trash.erase_now(photo=job.photo, by=job.owner)


def past_its_day(_: FakeVendor) -> None:
    photo = make_photo()
    make_consent(photo, keep_until=timezone.now().date())
    make_job(photo=photo)
    assert retain.enforce(timezone.now() + timedelta(days=1), 10) == 1


def close_the_account(vendor: FakeVendor) -> None:
    job = sent(vendor)
    make_job(photo=make_photo(owner=job.owner))
    leave.leave(member=job.owner, gives_up_micros=leave.would_be_left(job.owner))


VERBS: dict[str, Callable[[FakeVendor], object]] = {
    "order": lambda _: make_job(),
    "cancel": cancel,
    "submit": sent,
    "callback": callback,
    "poll": poll,
    "collect": collect,
    "refused and probed": refused_and_probed,
    "a poll that starts the vendor again": completed_by_a_poll_that_starts_the_vendor_again,
    "collecting that starts a vendor again": collect_what_starts_a_vendor_again,
    "withdraw": lambda vendor: withdraw(sent(vendor)),
    "reject": reject,
    "approve": approve,
    "ask and answer": ask_and_answer,
    "trash": erase_from_the_trash,
    "retain": past_its_day,
    "leave": close_the_account,
}


@pytest.mark.django_db
@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_its_locks_in_the_documented_order(
    verb: str, vendor: FakeVendor, watch: Watch
):
    VERBS[verb](vendor)
    taken = [locked for locked in watch.transactions if len(locked) > 1]
    assert taken, "nothing was watched"
    for locked in taken:
        assert locked == sorted(locked, key=ORDER.index)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("seed", range(3))
def test_everybody_at_once_on_one_photo_never_waits_in_a_circle(vendor: FakeVendor, seed: int):
    """Orders, callbacks, cancels, a poll and a withdrawal: all end, and the books are true."""
    job = sent(vendor)
    waiting = make_job(photo=job.photo)
    attempt = Attempt.objects.get(job=job)
    report = read_report(vendor.last.callback())
    acts: list[Callable[[], object]] = [
        *[lambda: settle.apply(attempt, report, by="test")] * 4,
        *[lambda: quietly(order.cancel, job=waiting, by=job.owner)] * 2,
        *[lambda: quietly(make_job, photo=job.photo)] * 4,
        *[lambda: quietly(consent_step.withdraw, photo=job.photo, by=job.owner)] * 2,
        lambda: ledger.top_up(user=job.owner, amount_micros=1, key="top-up"),
        lambda: run("observe"),
    ]
    random.Random(seed).shuffle(acts)
    at_once(len(acts), lambda number: acts[number]())
    assert books.lies() == []


def quietly(act: Callable[..., object], **said: Any) -> None:
    """Being told that it's too late is fine; a deadlock isn't."""
    with contextlib.suppress(order.CannotOrder, consent_step.ConsentError):
        act(**said)

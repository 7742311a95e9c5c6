"""steps.intervene: what staff may do to a job by hand, in which state, and what it never does."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.utils import timezone

from accounts import books, ledger
from accounts.models import AuditEntry, User
from jobs.models import Delivery, RestorationJob, Verdict
from jobs.states import TERMINAL, WAITING_FOR_VENDOR, JobState
from jobs.steps import intervene, settle, submit
from jobs.steps.intervene import POSSIBLE, CannotIntervene, Deed, Moved
from tests.builders import make_due, make_job, run, seen
from tests.fakes import FakeVendor
from tests.racing import at_once
from tests.staff import make_clerk

pytestmark = pytest.mark.django_db

D = Deed
TABLE = {
    JobState.AWAITING_CONSENT: set(),
    JobState.READY: {D.RELEASE, D.RESUBMIT, D.END},
    JobState.SUBMITTING: {D.RELEASE},
    JobState.UNKNOWN: {D.POLL, D.RELEASE, D.RESUBMIT, D.END},
    JobState.QUEUED: {D.POLL, D.RELEASE, D.END},
    JobState.PROCESSING: {D.POLL, D.RELEASE, D.END},
    JobState.COMPLETED: {D.POLL, D.RELEASE, D.END},
    **{state: set() for state in TERMINAL},
}


@pytest.fixture
def clerk() -> User:
    return make_clerk()


def do(deed: Deed, job: RestorationJob, by: User, **changes: Any) -> None:
    said = {"seen_state": job.state, "reason": "It hangs.", "now": timezone.now(), **changes}
    intervene.do(deed, job=job, by=by, **said)


def sent(vendor: FakeVendor) -> RestorationJob:
    """QUEUED at the vendor."""
    job = make_job()
    run("submit")
    return seen(job)


def unknown(vendor: FakeVendor) -> RestorationJob:
    def reset(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("reset")

    vendor.on_submit = reset
    job = make_job()
    run("submit")
    vendor.on_submit = None
    return seen(job)


def token_of(vendor: FakeVendor) -> str:
    return vendor.last.callback_url.rstrip("/").rpartition("/")[2]


@pytest.mark.parametrize("state", JobState)
@pytest.mark.parametrize("deed", Deed)
def test_each_deed_is_possible_in_its_states_alone(
    vendor: FakeVendor, clerk: User, state: JobState, deed: Deed
):
    job = unknown(vendor)
    held = deed == Deed.RELEASE
    if deed == Deed.POLL:
        job.attempts.update(request_id="gfpgan_0001")
    now = timezone.now()
    RestorationJob.objects.update(
        state=state, lease_until=now + timedelta(seconds=60) if held else None
    )
    job = seen(job)
    if deed in TABLE[state]:
        do(deed, job, clerk)
        assert AuditEntry.objects.filter(action=f"job.{deed.value}").count() == 1
    else:
        with pytest.raises(CannotIntervene):
            do(deed, job, clerk)
        assert not AuditEntry.objects.filter(action__startswith="job.").exists()
        assert seen(job).state == state


def test_every_state_is_in_the_table():
    assert set(POSSIBLE) == set(JobState)


@pytest.mark.parametrize("deed", [D.POLL, D.RESUBMIT, D.END])
def test_what_a_worker_has_in_hand_is_left_alone(vendor: FakeVendor, clerk: User, deed: Deed):
    job = unknown(vendor)
    RestorationJob.objects.update(lease_until=timezone.now() + timedelta(seconds=60))
    with pytest.raises(CannotIntervene, match="in hand"):
        do(deed, job, clerk)


def test_without_a_reason_nothing_is_done(vendor: FakeVendor, clerk: User):
    with pytest.raises(CannotIntervene, match="reason"):
        do(D.END, sent(vendor), clerk, reason="  ")
    assert RestorationJob.objects.get().state == JobState.QUEUED


def test_poll_now_asks_at_once(vendor: FakeVendor, clerk: User):
    job = sent(vendor)
    vendor.finish("PROCESSING")
    assert run("observe") == 0
    do(D.POLL, job, clerk)
    assert run("observe") == 1
    assert seen(job).state == JobState.PROCESSING


def test_what_a_released_worker_learns_moves_nothing_and_is_kept(vendor: FakeVendor, clerk: User):
    job = make_job()
    (work,) = submit.claim(1, timezone.now())
    outcome = submit.call(work)
    do(D.RELEASE, seen(job), clerk)
    submit.record(work, outcome, timezone.now())
    assert seen(job).state == JobState.SUBMITTING
    run("submit")  # nobody knows what became of it
    assert seen(job).state == JobState.UNKNOWN
    make_due(job)
    run("observe")  # but its number was kept: the vendor is asked
    assert seen(job).state == JobState.QUEUED
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("state", ["READY", "UNKNOWN", "QUEUED", "PROCESSING", "COMPLETED"])
def test_what_staff_end_costs_the_member_nothing_and_is_told(
    vendor: FakeVendor, clerk: User, state: str
):
    job = make_job() if state == "READY" else unknown(vendor) if state == "UNKNOWN" else None
    if job is None:
        job = sent(vendor)
        if state != "QUEUED":
            settle.deliver(token=token_of(vendor), body=vendor.finish(state).callback())
    job = seen(job)
    assert job.state == state
    do(D.END, job, clerk)
    ended = seen(job)
    assert (ended.state, ended.failure_code) == (JobState.ERROR, "ended_by_staff")
    assert ended.due_at is not None  # for the letter
    assert ended.hold is not None
    assert (ledger.balance_of(ended.hold).open, ledger.balance_of(ended.hold).charged) == (0, 0)
    assert books.lies() == []
    borne = sum(ended.attempts.values_list("house_cost_micros", flat=True))
    assert borne == (ended.vendor_cost_micros if state in WAITING_FOR_VENDOR else 0)
    with pytest.raises(Moved):
        do(D.END, job, clerk)  # a second click


def test_resubmitting_what_may_have_arrived_is_the_houses_cost_once(
    vendor: FakeVendor, clerk: User
):
    job = unknown(vendor)
    do(D.RESUBMIT, job, clerk)
    with pytest.raises(Moved):
        do(D.RESUBMIT, job, clerk)  # a second click
    again = seen(job)
    assert (again.state, again.resubmissions) == (JobState.READY, 1)
    assert again.attempts.get().house_cost_micros == again.vendor_cost_micros
    RestorationJob.objects.update(state=JobState.UNKNOWN)
    with pytest.raises(CannotIntervene, match="once more already"):
        do(D.RESUBMIT, seen(job), clerk)


def test_what_the_vendor_surely_has_is_not_sent_again(vendor: FakeVendor, clerk: User):
    job = sent(vendor)
    RestorationJob.objects.update(state=JobState.UNKNOWN)
    with pytest.raises(CannotIntervene, match="poll"):
        do(D.RESUBMIT, seen(job), clerk)


def test_where_there_is_nothing_to_ask_for_nobody_is_asked(vendor: FakeVendor, clerk: User):
    with pytest.raises(CannotIntervene, match="nothing to ask for"):
        do(D.POLL, unknown(vendor), clerk)


def test_a_replay_settles_what_the_first_time_could_not(vendor: FakeVendor, clerk: User):
    """The job was moved back by hand in the database, say."""
    job = sent(vendor)
    settle.deliver(token=token_of(vendor), body=vendor.finish().callback())
    RestorationJob.objects.update(state=JobState.QUEUED)
    job.attempts.update(vendor_status="QUEUED")
    first = Delivery.objects.get()
    again = intervene.replay(delivery=first, by=clerk, reason="The deploy was broken.")
    assert (again.verdict, again.replay_of, again.replayed_by) == (Verdict.APPLIED, first, clerk)
    assert again.body == first.body
    assert seen(job).state == JobState.COMPLETED
    assert ledger.wallet_of(job.owner).held_micros == 0
    assert books.lies() == []
    twice = intervene.replay(delivery=first, by=clerk, reason="Once more.")
    assert twice.verdict == Verdict.DUPLICATE
    Delivery.objects.filter(pk=first.pk).update(verdict=Verdict.STALE, note="the job is ERROR")
    first.refresh_from_db()
    stale = intervene.replay(delivery=first, by=clerk, reason="What did it do?")
    did = f"callback {first.pk}: Came after the job had moved on (the job is ERROR)"
    assert (stale.verdict, stale.note) == (Verdict.DUPLICATE, did)
    assert books.lies() == []
    with pytest.raises(CannotIntervene):
        intervene.replay(delivery=again, by=clerk, reason="A replay of a replay.")


@pytest.mark.parametrize("verdict", ["UNSIGNED", "MISSIGNED", "TOO_LARGE"])
def test_what_was_not_the_vendors_word_is_not_made_so_by_a_replay(
    vendor: FakeVendor, clerk: User, verdict: str
):
    job = sent(vendor)
    body = vendor.finish().callback().decode()
    row = Delivery.objects.create(attempt=job.attempts.get(), body=body, verdict=verdict)
    with pytest.raises(CannotIntervene):
        intervene.replay(delivery=row, by=clerk, reason="Believe it.")
    assert seen(job).state == JobState.QUEUED


@pytest.mark.django_db(transaction=True)
def test_of_a_callback_and_an_end_at_once_one_wins_whole(vendor: FakeVendor):
    clerk, job = make_clerk(), sent(vendor)
    body, token = vendor.finish().callback(), token_of(vendor)

    def act(number: int) -> None:
        if number:
            settle.deliver(token=token, body=body)
            return
        with contextlib.suppress(Moved):
            do(D.END, job, clerk)

    at_once(2, act)
    ended = seen(job)
    assert ended.hold is not None
    charged = ledger.balance_of(ended.hold).charged
    assert (ended.state, charged) in [("ERROR", 0), ("COMPLETED", ended.quoted_micros)]
    deeds = AuditEntry.objects.filter(action="job.end").count()
    assert deeds == (ended.state == "ERROR")
    assert books.lies() == []

"""steps.settle: state and money move together, once, whatever the vendor sends and how often."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.utils import timezone

from accounts import books, ledger
from accounts.models import Transfer, TransferKind
from jobs import doorbell, tasks
from jobs.gateway.pixazo import read_report
from jobs.models import Attempt, Breaker, Delivery, RestorationJob, Verdict
from jobs.states import JobState
from jobs.steps import order, settle
from tests.builders import make_due, make_job, run
from tests.fakes import FakeVendor
from tests.racing import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(vendor: FakeVendor) -> RestorationJob:
    """A job that the vendor has accepted."""
    job = make_job()
    run("submit")
    job.refresh_from_db()
    return job


def token_of(vendor: FakeVendor) -> str:
    return vendor.last.callback_url.rstrip("/").rpartition("/")[2]


def deliver(vendor: FakeVendor, status: str, **changes: object) -> Verdict:
    body = {**vendor.finish(status).report(), **changes}
    return settle.deliver(token=token_of(vendor), body=json.dumps(body).encode()).verdict


def kinds() -> list[str]:
    return list(
        Transfer.objects.exclude(kind=TransferKind.TOP_UP)
        .order_by("pk")
        .values_list("kind", flat=True)
    )


def test_completed_moves_the_job_and_captures_the_hold(vendor: FakeVendor, sent: RestorationJob):
    assert deliver(vendor, "COMPLETED") == Verdict.APPLIED
    sent.refresh_from_db()
    assert sent.state == JobState.COMPLETED
    assert kinds() == ["HOLD", "CAPTURE"]
    assert ledger.wallet_of(sent.owner).held_micros == 0


def test_when_an_attempt_completed_is_kept_for_the_vendors_bill(
    vendor: FakeVendor, sent: RestorationJob
):
    deliver(vendor, "PROCESSING")
    assert sent.attempts.get().completed_at is None
    deliver(vendor, "COMPLETED")
    completed_at = sent.attempts.get().completed_at
    assert completed_at is not None
    deliver(vendor, "COMPLETED")
    assert sent.attempts.get().completed_at == completed_at


@pytest.mark.parametrize("status", ["FAILED", "ERROR"])
def test_a_failure_releases_the_hold_and_says_so(
    vendor: FakeVendor, sent: RestorationJob, status: str
):
    assert deliver(vendor, status, error="no luck") == Verdict.APPLIED
    sent.refresh_from_db()
    assert sent.state == status
    assert sent.failure_words
    assert kinds() == ["HOLD", "RELEASE"]


def test_a_doubled_callback_charges_once(vendor: FakeVendor, sent: RestorationJob):
    verdicts = [deliver(vendor, "COMPLETED") for _ in range(3)]
    assert verdicts == [Verdict.APPLIED, Verdict.DUPLICATE, Verdict.DUPLICATE]
    assert kinds() == ["HOLD", "CAPTURE"]
    assert Delivery.objects.count() == 3


def test_late_processing_after_completed_changes_nothing(vendor: FakeVendor, sent: RestorationJob):
    deliver(vendor, "COMPLETED")
    assert deliver(vendor, "PROCESSING") == Verdict.DUPLICATE
    sent.refresh_from_db()
    assert sent.state == JobState.COMPLETED


@pytest.mark.parametrize("second", ["FAILED", "ERROR", "COMPLETED"])
def test_the_first_terminal_word_stands(vendor: FakeVendor, sent: RestorationJob, second: str):
    deliver(vendor, "FAILED")
    deliver(vendor, second)
    sent.refresh_from_db()
    assert sent.state == JobState.FAILED
    assert kinds() == ["HOLD", "RELEASE"]


@pytest.mark.parametrize("second", ["FAILED", "ERROR"])
def test_a_failure_after_completed_is_kept_as_a_contradiction(
    vendor: FakeVendor, sent: RestorationJob, second: str
):
    deliver(vendor, "COMPLETED")
    assert deliver(vendor, second) == Verdict.STALE
    assert "contradicts what it said before" in Delivery.objects.latest("pk").note
    sent.refresh_from_db()
    assert sent.state == JobState.COMPLETED
    assert kinds() == ["HOLD", "CAPTURE"]


def test_of_callbacks_without_end_the_first_are_kept_and_the_word_that_counts(
    vendor: FakeVendor, sent: RestorationJob, settings: Any
):
    settings.CALLBACKS_KEPT = 5
    token = token_of(vendor)
    for number in range(40):
        said = settle.deliver(token=token, body=b"{%d" % number)
        assert said.verdict == Verdict.MALFORMED
    assert deliver(vendor, "COMPLETED") == Verdict.APPLIED
    for _ in range(40):
        assert deliver(vendor, "COMPLETED") == Verdict.DUPLICATE
    kept = list(Delivery.objects.values_list("verdict", "body"))
    assert [body for _, body in kept[:5]] == ["{0", "{1", "{2", "{3", "{4"]
    assert [verdict for verdict, _ in kept] == ["MALFORMED"] * 5 + ["APPLIED"]
    notes = Delivery.objects.values_list("note", flat=True)
    assert ["only counted" in note for note in notes] == [False] * 4 + [True, False]
    assert sent.attempts.get().callbacks == 81
    assert kinds() == ["HOLD", "CAPTURE"]


@pytest.mark.django_db(transaction=True)
def test_many_callbacks_at_once_keep_no_more_than_the_first(vendor: FakeVendor, settings: Any):
    settings.CALLBACKS_KEPT = 5
    job = make_job()
    run("submit")
    token = token_of(vendor)
    at_once(12, lambda _: settle.deliver(token=token, body=b"no"))
    assert Delivery.objects.count() == 5
    assert job.attempts.get().callbacks == 12


@pytest.mark.parametrize("first", ["FAILED", "ERROR"])
def test_completed_after_a_failure_moves_nothing_and_is_the_houses_cost(
    vendor: FakeVendor, sent: RestorationJob, first: str
):
    deliver(vendor, first)
    attempt = sent.attempts.get()
    assert (attempt.house_cost_micros, attempt.completed_at) == (0, None)
    assert deliver(vendor, "COMPLETED") == Verdict.STALE
    assert deliver(vendor, "COMPLETED") == Verdict.DUPLICATE
    sent.refresh_from_db()
    attempt.refresh_from_db()
    assert sent.state == first
    assert kinds() == ["HOLD", "RELEASE"]
    assert attempt.house_cost_micros == sent.vendor_cost_micros > 0
    assert attempt.completed_at is not None


def test_processing_moves_on_and_never_back(vendor: FakeVendor, sent: RestorationJob):
    assert deliver(vendor, "PROCESSING") == Verdict.APPLIED
    assert deliver(vendor, "QUEUED") == Verdict.DUPLICATE
    sent.refresh_from_db()
    assert sent.state == JobState.PROCESSING


def test_an_early_callback_before_the_202_is_stored_completes_the_job(vendor: FakeVendor):
    from django.utils import timezone

    from jobs.steps import submit

    job = make_job()
    (work,) = submit.claim(1, timezone.now())
    outcome = submit.call(work)
    assert deliver(vendor, "COMPLETED") == Verdict.APPLIED
    submit.record(work, outcome, timezone.now())
    job.refresh_from_db()
    assert job.state == JobState.COMPLETED
    assert kinds() == ["HOLD", "CAPTURE"]
    assert Attempt.objects.get().request_id == vendor.last.request_id


def test_another_request_id_than_ours_is_a_mismatch(vendor: FakeVendor, sent: RestorationJob):
    verdict = deliver(vendor, "COMPLETED", request_id="gfpgan_somebody-elses")
    assert verdict == Verdict.MISMATCHED
    sent.refresh_from_db()
    assert sent.state == JobState.QUEUED
    assert kinds() == ["HOLD"]


def test_a_token_that_we_never_gave_is_kept_as_forged_and_moves_nothing(
    vendor: FakeVendor, sent: RestorationJob
):
    body = vendor.finish("COMPLETED").callback()
    assert settle.deliver(token="guess", body=body).verdict == Verdict.FORGED
    kept = Delivery.objects.get()
    assert (kept.attempt, kept.verdict, kept.byte_size) == (None, Verdict.FORGED, len(body))
    sent.refresh_from_db()
    assert sent.state == JobState.QUEUED


def test_of_a_forged_callback_only_the_beginning_is_kept():
    settle.deliver(token="guess", body=b"x" * 5000, byte_size=5_000_000)
    kept = Delivery.objects.get()
    assert (len(kept.body), kept.byte_size) == (2048, 5_000_000)


def test_a_flood_of_forged_callbacks_is_not_kept(settings: Any):
    settings.FORGED_KEPT_AN_HOUR = 3
    verdicts = [settle.deliver(token="guess", body=b"{}").verdict for _ in range(5)]
    assert set(verdicts) == {Verdict.FORGED}
    notes = list(Delivery.objects.values_list("note", flat=True))
    assert notes == ["", "", "further ones in the same hour are not kept"]
    an_hour_ago = timezone.now() - timedelta(hours=1)
    Delivery.objects.update(received_at=an_hour_ago)
    settle.deliver(token="guess", body=b"{}")
    assert Delivery.objects.count() == 4


def test_of_all_forged_callbacks_the_newest_are_kept_and_no_others_go(
    vendor: FakeVendor, sent: RestorationJob, settings: Any
):
    settings.FORGED_KEPT = 3
    deliver(vendor, "PROCESSING")
    for number in range(5):
        settle.deliver(token="guess", body=str(number).encode())
    forged = Delivery.objects.filter(verdict=Verdict.FORGED)
    assert list(forged.values_list("body", flat=True)) == ["2", "3", "4"]
    assert Delivery.objects.count() == 4


@pytest.mark.parametrize(
    "body",
    [b"", b"no json", b"[]", b"{}", b'{"request_id": 1}', b'{"request_id": "x", "status": "DONE"}'],
)
def test_a_malformed_callback_is_kept_raw_and_moves_nothing(
    vendor: FakeVendor, sent: RestorationJob, body: bytes
):
    settlement = settle.deliver(token=token_of(vendor), body=body)
    assert settlement.verdict == Verdict.MALFORMED
    assert Delivery.objects.get().body == body.decode()
    sent.refresh_from_db()
    assert sent.state == JobState.QUEUED


def test_bytes_that_no_text_column_takes_are_kept_readably(
    vendor: FakeVendor, sent: RestorationJob
):
    settle.deliver(token=token_of(vendor), body=b"\x00\xff{")
    assert Delivery.objects.get().verdict == Verdict.MALFORMED


def test_a_callback_for_a_withdrawn_photo_changes_nothing(vendor: FakeVendor, sent: RestorationJob):
    from jobs.steps import consent

    consent.withdraw(photo=sent.photo, by=sent.owner)
    assert deliver(vendor, "COMPLETED") == Verdict.STALE
    sent.refresh_from_db()
    assert sent.state == JobState.CANCELLED
    assert kinds() == ["HOLD", "RELEASE"]


def test_a_sent_job_cannot_be_cancelled(sent: RestorationJob):
    with pytest.raises(order.CannotOrder):
        order.cancel(job=sent, by=sent.owner)


CALLBACKS, POLLERS, SWEEPS = 32, 4, 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("bucket")
def test_callbacks_pollers_and_sweeps_at_once_charge_once(
    vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch
):
    """32 callbacks, 4 pollers with the answer in hand, 2 sweeps that answer their own bells."""
    job = make_job()
    run("submit")
    attempt = Attempt.objects.get(job=job)
    body = vendor.finish("COMPLETED").callback()
    token = token_of(vendor)
    make_due(job)
    monkeypatch.setattr(doorbell, "ring", run)  # a worker that comes at once

    def act(number: int) -> str:
        if number < CALLBACKS:
            return str(settle.deliver(token=token, body=body).verdict)
        if number < CALLBACKS + POLLERS:
            return str(settle.apply(attempt, read_report(body), by="observe").verdict)
        tasks.sweep()
        return "swept"

    verdicts = at_once(CALLBACKS + POLLERS + SWEEPS, act)
    assert verdicts.count("swept") == SWEEPS
    assert verdicts.count(Verdict.APPLIED) <= 1  # none, when a sweep was first
    assert set(verdicts) <= {"swept", Verdict.APPLIED, Verdict.DUPLICATE}
    assert kinds() == ["HOLD", "CAPTURE"]
    job.refresh_from_db()
    assert job.state in (JobState.COMPLETED, JobState.DELIVERED)
    assert books.lies() == []


# --- Refused, and yet taken -------------------------------------------------------------------
@pytest.fixture
def refused(vendor: FakeVendor) -> RestorationJob:
    """READY again: the vendor took it, and answered that it did not."""

    def take_and_refuse(request: httpx.Request) -> httpx.Response:
        vendor.accept(request)
        return httpx.Response(429, json={"error": "busy"})

    vendor.on_submit = take_and_refuse
    job = make_job()
    run("submit")
    job.refresh_from_db()
    assert job.state == JobState.READY
    return job


@pytest.mark.parametrize(
    ("status", "state"),
    [("PROCESSING", "PROCESSING"), ("COMPLETED", "COMPLETED"), ("ERROR", "ERROR")],
)
def test_word_of_what_was_refused_counts_and_it_is_not_sent_again(
    vendor: FakeVendor, refused: RestorationJob, status: str, state: str
):
    assert deliver(vendor, status) == Verdict.APPLIED
    refused.refresh_from_db()
    assert refused.state == state
    make_due(refused)
    run("submit")
    assert len(vendor.submissions) == 1


def test_word_of_what_was_refused_may_come_when_it_was_sent_again(
    vendor: FakeVendor, refused: RestorationJob
):
    token = token_of(vendor)
    make_due(refused)
    Breaker.objects.update(wait_until=None)
    vendor.on_submit = None
    run("submit")
    first = vendor.requests[0]
    first.status = "COMPLETED"
    assert settle.deliver(token=token, body=first.callback()).verdict == Verdict.APPLIED
    refused.refresh_from_db()
    assert refused.state == JobState.COMPLETED
    assert kinds() == ["HOLD", "CAPTURE"]
    borne = refused.attempts.values_list("house_cost_micros", flat=True)
    assert list(borne) == [refused.vendor_cost_micros, 0]

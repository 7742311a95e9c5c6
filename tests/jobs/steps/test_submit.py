"""steps.submit: consent is checked in the claim, the attempt outlives the worker."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import httpx
import pytest
from django.utils import timezone

from accounts import books, ledger
from jobs import storage
from jobs.catalog import CODEFORMER
from jobs.gateway.answers import without_addresses
from jobs.models import Attempt, AttemptOutcome, Photo, RestorationJob
from jobs.states import JobState
from jobs.steps import consent, settle, submit
from tests.builders import make_consent, make_due, make_job, make_photo, run, seen
from tests.fakes import FakeVendor

pytestmark = pytest.mark.django_db


def test_a_ready_job_is_handed_over_with_its_payload_and_callback(vendor: FakeVendor):
    job = make_job(model=CODEFORMER, codeformer_fidelity=0.7)
    run("submit")
    (request,) = vendor.submissions
    sent = json.loads(request.content)
    assert request.url.path == CODEFORMER.usual.endpoint
    assert sent["codeformer_fidelity"] == 0.7
    assert f"photos/{job.photo_id}/prepared.png" in sent["image"]
    assert "X-Amz-Signature" in sent["image"]
    assert request.headers["X-Webhook-Mode"] == "terminal"
    assert seen(job).state == JobState.QUEUED


def test_the_callback_address_carries_a_token_that_only_its_hash_is_kept_of(vendor: FakeVendor):
    make_job()
    run("submit")
    address = vendor.last.callback_url
    assert address.startswith("http://testserver/webhooks/pixazo/")
    token = address.rstrip("/").rpartition("/")[2]
    assert len(token) >= 43  # 256 bits
    attempt = Attempt.objects.get()
    assert attempt.token_sha256 == Attempt.hash_token(token)
    assert token not in repr(attempt.__dict__)


def test_the_attempt_is_committed_before_the_call(vendor: FakeVendor):
    make_job()
    open_at_call: list[str] = []

    def look(request: httpx.Request) -> httpx.Response:
        # On the calling thread there is no database; the test's own view is enough.
        open_at_call.append("called")
        return httpx.Response(
            202,
            json={"request_id": vendor.accept(request).request_id, "status": "QUEUED"},
        )

    vendor.on_submit = look
    (work,) = submit.claim(1, timezone.now())
    assert Attempt.objects.get().outcome == AttemptOutcome.OPEN
    assert open_at_call == []
    submit.record(work, submit.call(work), timezone.now())
    assert Attempt.objects.get().outcome == AttemptOutcome.ACCEPTED


@pytest.mark.parametrize("how", ["withdrawn", "expired", "other bytes", "no vendor"])
def test_without_live_consent_nothing_is_sent_and_the_hold_returns(vendor: FakeVendor, how: str):
    photo = make_photo()
    given = make_consent(photo, keep_until=date.today() + timedelta(days=1))
    job = make_job(photo=photo)
    match how:
        case "withdrawn":
            consent.withdraw(photo=photo, by=photo.owner)
        case "expired":
            type(given).objects.update(keep_until=date.today() - timedelta(days=1))
        case "other bytes":
            Photo.objects.update(sha256="f" * 64)
        case "no vendor":
            type(given).objects.update(vendors="|fal|")
    run("submit")
    assert vendor.submissions == []
    assert not Attempt.objects.exists()
    assert seen(job).state == JobState.CANCELLED
    assert ledger.wallet_of(job.owner).held_micros == 0
    assert books.lies() == []


@pytest.mark.parametrize("how", ["withdrawn", "expired", "cancelled by hand", "lease lost"])
def test_what_ends_between_the_claim_and_the_call_is_never_sent(
    vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch, how: str
):
    photo = make_photo()
    given = make_consent(photo)
    job = make_job(photo=photo)
    claim = submit.claim

    def claim_and_wait(limit: int, now: datetime) -> list[submit.Work]:
        works = claim(limit, now)
        match how if works else "":
            case "withdrawn":
                consent.withdraw(photo=photo, by=photo.owner)
            case "expired":
                type(given).objects.update(keep_until=date.today() - timedelta(days=1))
            case "cancelled by hand":
                RestorationJob.objects.update(state=JobState.CANCELLED)
            case "lease lost":
                RestorationJob.objects.update(lease_token=None)
        return works

    addresses: list[str] = []
    monkeypatch.setattr(submit, "claim", claim_and_wait)
    monkeypatch.setattr(storage, "address", lambda key, **_: addresses.append(key))
    run("submit")
    assert (vendor.submissions, addresses) == ([], [])
    attempt = Attempt.objects.get()
    assert attempt.outcome == AttemptOutcome.NOT_ACCEPTED
    assert attempt.problem.startswith("never sent: ")
    assert attempt.answered_at is None
    if how in ("withdrawn", "expired"):
        assert seen(job).state == JobState.CANCELLED
        assert ledger.wallet_of(job.owner).held_micros == 0
    assert books.lies() == []


def test_a_job_that_waits_for_a_reviewer_is_not_sent(vendor: FakeVendor):
    photo = make_photo()
    make_consent(photo, depicted=("CHILD",))
    job = make_job(photo=photo)
    assert job.state == JobState.AWAITING_CONSENT
    run("submit")
    assert vendor.submissions == []


@pytest.mark.parametrize(
    ("answer", "state", "outcome"),
    [
        (httpx.Response(429, headers={"Retry-After": "60"}), "READY", "NOT_ACCEPTED"),
        (httpx.Response(402, json={"error": "Insufficient Balance"}), "READY", "NOT_ACCEPTED"),
        (httpx.Response(401, json={"error": "Unauthorized"}), "READY", "NOT_ACCEPTED"),
        (httpx.ConnectError("refused"), "READY", "NOT_ACCEPTED"),
        (httpx.Response(400, json={"error": "seed must be…"}), "ERROR", "NOT_ACCEPTED"),
        (httpx.Response(500, text="oops"), "UNKNOWN", "UNKNOWN"),
        (httpx.Response(200, text="<html>"), "UNKNOWN", "UNKNOWN"),
        (httpx.Response(202, text="<html>"), "UNKNOWN", "UNKNOWN"),
        (httpx.ReadTimeout("slow"), "UNKNOWN", "UNKNOWN"),
        (httpx.RemoteProtocolError("cut"), "UNKNOWN", "UNKNOWN"),
    ],
)
def test_each_answer_leads_where_the_design_says(
    vendor: FakeVendor, answer: httpx.Response | Exception, state: str, outcome: str
):
    def on_submit(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    vendor.on_submit = on_submit
    job = make_job()
    run("submit")
    assert seen(job).state == state
    assert Attempt.objects.get().outcome == outcome
    wallet = ledger.wallet_of(job.owner)
    assert wallet.held_micros == (0 if state == "ERROR" else job.quoted_micros)
    assert books.lies() == []


def test_a_vendor_that_quotes_our_addresses_gets_them_into_no_log_and_no_diary(
    vendor: FakeVendor, caplog: pytest.LogCaptureFixture
):
    """One shows the picture, the other lets whoever has it report on the job."""

    def quotes(request: httpx.Request) -> httpx.Response:
        sent = vendor.accept(request)
        words = f"Can't call {sent.callback_url}, can't fetch {sent.payload['img']}."
        return httpx.Response(400, json={"message": words})

    vendor.on_submit = quotes
    job = make_job()
    run("submit")
    kept = [
        caplog.text,
        seen(job).failure_words,
        Attempt.objects.get().problem,
        *job.events.values_list("why", flat=True),
    ]
    assert "Can't call" in caplog.text
    assert not [words for words in kept if "webhooks" in words or "photos/" in words]


def test_a_worker_killed_before_its_answer_leaves_an_unknown_job_not_a_second_purchase(
    vendor: FakeVendor,
):
    job = make_job()
    (work,) = submit.claim(1, timezone.now())
    submit.call(work)  # the vendor has it; the worker dies here
    RestorationJob.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    run("submit")
    assert seen(job).state == JobState.UNKNOWN
    assert len(vendor.submissions) == 1


def test_a_leased_job_is_claimed_by_nobody_else(vendor: FakeVendor):
    make_job()
    assert len(submit.claim(5, timezone.now())) == 1
    assert submit.claim(5, timezone.now()) == []


def test_word_of_a_job_that_the_vendor_had_refused_is_believed_and_it_is_not_sent_again(
    vendor: FakeVendor,
):
    def two_faced(request: httpx.Request) -> httpx.Response:
        vendor.accept(request)
        return httpx.Response(429, headers={"Retry-After": "60"})

    vendor.on_submit = two_faced
    job = make_job()
    run("submit")
    assert seen(job).state == JobState.READY
    token = vendor.last.callback_url.rstrip("/").rpartition("/")[2]
    settle.deliver(token=token, body=vendor.finish("COMPLETED").callback())
    make_due(job)
    run("submit")
    assert seen(job).state == JobState.COMPLETED
    assert len(vendor.submissions) == 1
    assert books.lies() == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("safety_tolerance must be an integer in [0, 2]", "It says: “safety_tolerance must be"),
        ("Face not found in this picture.", "It says: “Face not found in this picture.”"),
        ("Image is not reachable: https://s3.test/photos/x?X-Amz-Signature=1", "on our side"),
        ("The url could not be downloaded", "on our side"),
        ("Invalid X-Webhook-URL header", "on our side"),
        ("Model 'gfpgan' not found or is disabled", "on our side"),
        ("<b>no</b>", "with these settings."),
        ("ERR_42", "with these settings."),
        ("rejected by 0123456789abcdef0123456789abcdef", "with these settings."),
        ("no " * 100, "with these settings."),
        ("", "with these settings."),
    ],
)
def test_a_refusal_is_told_in_words_that_help_and_give_nothing_away(
    vendor: FakeVendor, said: str, words: str
):
    vendor.on_submit = lambda request: httpx.Response(400, json={"error": said})
    job = make_job()
    run("submit")
    told = seen(job).failure_words
    assert words in told
    assert "http" not in told
    assert "0123456789abcdef" not in told
    attempt = Attempt.objects.get()
    assert attempt.http_status == 400
    # Staff read it all, but for addresses.
    assert attempt.problem == (without_addresses(said)[:300] or "answered 400")
    assert attempt.answered_at is not None

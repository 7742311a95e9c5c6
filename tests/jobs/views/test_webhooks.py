"""The vendor's callback: an address that is a capability, and a body that is a hint."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, UnreadablePostError
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.models import Wallet
from jobs import vendors
from jobs.models import Attempt, Delivery, RestorationJob
from jobs.states import JobState
from jobs.views import webhooks
from tests.builders import make_job, run
from tests.fakes import FakeVendor

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(vendor: FakeVendor) -> RestorationJob:
    """QUEUED at the vendor."""
    job = make_job()
    run("submit")
    job.refresh_from_db()
    return job


def callback_path(vendor: FakeVendor) -> str:
    return vendor.last.callback_url.removeprefix("http://testserver")


def call_back(client: Client, vendor: FakeVendor, body: bytes | None = None) -> Any:
    """As the vendor does: no cookie, no CSRF token."""
    return client.post(
        callback_path(vendor),
        data=vendor.last.callback() if body is None else body,
        content_type="application/json",
    )


def verdicts() -> list[str]:
    return list(Delivery.objects.values_list("verdict", flat=True))


def balances(job: RestorationJob) -> tuple[int, int]:
    wallet = Wallet.objects.get(user=job.owner)
    return wallet.available_micros, wallet.held_micros


# --- Understood -----------------------------------------------------------------------------
def test_a_completed_callback_moves_the_job_charges_the_wallet_and_rings(
    client: Client, vendor: FakeVendor, job: RestorationJob, rings: list[str]
):
    vendor.finish()
    response = call_back(client, vendor)
    assert (response.status_code, response.json()) == (200, {"verdict": "APPLIED"})
    job.refresh_from_db()
    assert job.state == JobState.COMPLETED
    assert balances(job) == (1_000_000 - 3_100, 0)
    assert rings == ["collect", "tell"]


@pytest.mark.parametrize("status", ["FAILED", "ERROR"])
def test_a_failed_callback_ends_the_job_and_returns_the_money(
    client: Client, vendor: FakeVendor, job: RestorationJob, rings: list[str], status: str
):
    vendor.finish(status, error="No face detected")
    assert call_back(client, vendor).json() == {"verdict": "APPLIED"}
    job.refresh_from_db()
    assert job.state == status
    assert balances(job) == (1_000_000, 0)
    assert rings == ["collect", "tell"]


def test_the_same_callback_again_changes_nothing_charges_nothing_and_rings_nobody(
    client: Client, vendor: FakeVendor, job: RestorationJob, rings: list[str]
):
    vendor.finish()
    call_back(client, vendor)
    rings.clear()
    for _ in range(3):
        response = call_back(client, vendor)
        assert (response.status_code, response.json()) == (200, {"verdict": "DUPLICATE"})
    assert verdicts() == ["APPLIED", "DUPLICATE", "DUPLICATE", "DUPLICATE"]
    assert balances(job) == (1_000_000 - 3_100, 0)
    assert rings == []


def test_a_late_processing_after_completed_changes_nothing(
    client: Client, vendor: FakeVendor, job: RestorationJob, rings: list[str]
):
    vendor.finish()
    call_back(client, vendor)
    vendor.finish("PROCESSING")
    assert call_back(client, vendor).json() == {"verdict": "DUPLICATE"}
    job.refresh_from_db()
    assert job.state == JobState.COMPLETED


def test_a_callback_for_a_cancelled_job_is_stale_and_charges_nothing(
    client: Client, vendor: FakeVendor, job: RestorationJob, rings: list[str]
):
    client.force_login(job.owner)
    client.post(reverse("withdraw", args=[job.photo_id]))
    vendor.finish()
    assert call_back(Client(), vendor).json() == {"verdict": "STALE"}
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert balances(job) == (1_000_000, 0)


def test_a_callback_that_names_another_request_moves_neither(
    client: Client, vendor: FakeVendor, job: RestorationJob, rings: list[str]
):
    body = vendor.finish().callback().replace(vendor.last.request_id.encode(), b"gfpgan_9999")
    assert call_back(client, vendor, body).json() == {"verdict": "MISMATCHED"}
    job.refresh_from_db()
    assert job.state == JobState.QUEUED
    assert rings == []


# --- Not understood -------------------------------------------------------------------------
@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b"[]", b"{}", b'{"request_id": "x", "status": "WELL"}', b"\xff\0"],
)
def test_a_malformed_callback_is_kept_and_answered_so_that_it_is_not_sent_for_ever(
    client: Client, vendor: FakeVendor, job: RestorationJob, rings: list[str], body: bytes
):
    response = call_back(client, vendor, body)
    assert (response.status_code, response.json()) == (200, {"verdict": "MALFORMED"})
    assert verdicts() == ["MALFORMED"]
    job.refresh_from_db()
    assert job.state == JobState.QUEUED
    assert rings == []


def test_every_callback_is_kept_as_it_came(
    client: Client, vendor: FakeVendor, job: RestorationJob, rings: list[str]
):
    body = vendor.finish().callback()
    call_back(client, vendor, body)
    assert Delivery.objects.get(attempt__job=job).body == body.decode()


# --- Who may call, and how ------------------------------------------------------------------
@pytest.mark.parametrize("token", ["x", "0" * 43, "..%2f..", "é"])
def test_a_token_that_is_not_ours_is_not_found_and_moves_nothing(
    client: Client, vendor: FakeVendor, job: RestorationJob, token: str
):
    response = client.post(
        reverse("pixazo_callback", args=[token]),
        data=vendor.finish().callback(),
        content_type="application/json",
    )
    assert response.status_code == 404
    assert verdicts() == ["FORGED"]
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


def test_the_token_in_the_database_opens_nothing(
    client: Client, vendor: FakeVendor, job: RestorationJob
):
    stored = Attempt.objects.get(job=job).token_sha256
    token = callback_path(vendor).split("/")[3]
    assert stored == hashlib.sha256(token.encode()).hexdigest()
    response = client.post(
        reverse("pixazo_callback", args=[stored]), data=b"{}", content_type="application/json"
    )
    assert response.status_code == 404


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_only_post_is_answered(
    client: Client, vendor: FakeVendor, job: RestorationJob, method: str
):
    response = getattr(client, method)(callback_path(vendor))
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert verdicts() == []


class Wire(io.BytesIO):
    """What a client sends; `taken` is how much of it was read."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self.taken += len(piece)
        return piece


def test_of_a_body_larger_than_any_callback_only_the_beginning_is_read_and_kept(
    vendor: FakeVendor, job: RestorationJob, settings: Any
):
    settings.CALLBACK_MAX_BYTES = 1000
    sent = Wire(vendor.finish().callback().ljust(5_000_000))
    request = RequestFactory().post(callback_path(vendor), content_type="application/json")
    request.META["CONTENT_LENGTH"] = "5000000"
    request = WSGIRequest({**request.META, "wsgi.input": sent})
    response = webhooks.pixazo(request, callback_path(vendor).split("/")[3])
    assert response.status_code == 413
    assert sent.taken == 1000
    kept = Delivery.objects.get()
    assert (kept.verdict, len(kept.body), kept.byte_size) == ("TOO_LARGE", 1000, 5_000_000)
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


@pytest.mark.parametrize("length", [1_000_000_000, 10**30])
def test_a_body_larger_than_any_request_is_not_read_and_leaves_its_delivery(
    client: Client, vendor: FakeVendor, job: RestorationJob, length: int
):
    response = client.generic(
        "POST", callback_path(vendor), b"{}", "application/json", CONTENT_LENGTH=str(length)
    )
    assert (response.status_code, response.json()) == (413, {"verdict": "TOO_LARGE"})
    kept = Delivery.objects.get()
    assert (kept.attempt, kept.body) == (job.attempts.get(), "")
    assert kept.byte_size == min(length, 2**63 - 1)


def test_a_body_of_just_the_most_bytes_is_a_callback(
    client: Client, vendor: FakeVendor, job: RestorationJob, rings: list[str], settings: Any
):
    settings.CALLBACK_MAX_BYTES = 1000
    body = vendor.finish().callback().ljust(1000)
    assert call_back(client, vendor, body).json() == {"verdict": "APPLIED"}


@pytest.mark.parametrize(
    ("extra", "code", "verdict"), [(0, 200, "APPLIED"), (1000, 413, "TOO_LARGE")]
)
def test_a_body_sent_in_chunks_is_read_without_an_announced_length(
    vendor: FakeVendor,
    job: RestorationJob,
    rings: list[str],
    settings: Any,
    extra: int,
    code: int,
    verdict: str,
):
    settings.CALLBACK_MAX_BYTES = 1000
    sent = Wire(vendor.finish().callback() + b" " * extra)
    meta = RequestFactory().post(callback_path(vendor), content_type="application/json").META
    meta |= {"CONTENT_LENGTH": "", "wsgi.input_terminated": True, "wsgi.input": sent}
    response = webhooks.pixazo(WSGIRequest(meta), callback_path(vendor).split("/")[3])
    assert (response.status_code, verdicts()) == (code, [verdict])
    assert sent.taken <= 1001


@pytest.mark.parametrize("length", ["-1", "ten", "1e3", "\u0663"])
def test_a_length_that_is_no_number_is_malformed(
    client: Client, vendor: FakeVendor, job: RestorationJob, length: str
):
    response = client.generic(
        "POST", callback_path(vendor), b"{}", "application/json", CONTENT_LENGTH=length
    )
    assert (response.status_code, verdicts()) == (200, ["MALFORMED"])


def test_a_vendor_that_goes_away_in_the_middle_is_no_fault_of_ours(
    client: Client, vendor: FakeVendor, job: RestorationJob, monkeypatch: pytest.MonkeyPatch
):
    def read(self: HttpRequest, size: int) -> bytes:
        raise UnreadablePostError("connection reset")

    monkeypatch.setattr(HttpRequest, "read", read)
    assert call_back(client, vendor).status_code == 400
    assert verdicts() == []


def test_the_vendor_needs_no_csrf_token(vendor: FakeVendor, job: RestorationJob, rings: list[str]):
    vendor.finish()
    assert call_back(Client(enforce_csrf_checks=True), vendor).json() == {"verdict": "APPLIED"}


def test_no_call_goes_out_from_the_view(
    client: Client,
    vendor: FakeVendor,
    job: RestorationJob,
    rings: list[str],
    monkeypatch: pytest.MonkeyPatch,
):
    def client_wanted() -> None:
        pytest.fail("the callback view called out")

    monkeypatch.setattr(vendors, "pixazo", client_wanted)
    monkeypatch.setattr(vendors, "outputs", client_wanted)
    vendor.finish()
    assert call_back(client, vendor).json() == {"verdict": "APPLIED"}


def test_our_own_fault_is_a_500_so_that_the_vendor_tries_again_and_nothing_is_half_done(
    client: Client,
    vendor: FakeVendor,
    job: RestorationJob,
    rings: list[str],
    monkeypatch: pytest.MonkeyPatch,
):
    def capture(**said: Any) -> None:
        raise RuntimeError("the ledger is out of order")

    monkeypatch.setattr("accounts.ledger.capture", capture)
    client.raise_request_exception = False
    vendor.finish()
    assert call_back(client, vendor).status_code == 500
    job.refresh_from_db()
    assert job.state == JobState.QUEUED
    assert verdicts() == []
    monkeypatch.undo()


def test_an_answer_names_nothing_but_the_verdict(
    client: Client, vendor: FakeVendor, job: RestorationJob, rings: list[str]
):
    vendor.finish()
    response = call_back(client, vendor)
    assert set(response.json()) == {"verdict"}
    assert "Set-Cookie" not in response.headers

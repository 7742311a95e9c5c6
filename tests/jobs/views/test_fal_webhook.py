"""fal's callback: the token in the address and the signature, and what is done without one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import ledger
from jobs import pipeline, vendors
from jobs.catalog import CODEFORMER
from jobs.gateway import errors
from jobs.models import Attempt, Delivery, RestorationJob, SigningKeys
from tests.builders import make_job, run
from tests.fake_fal import FakeFal, FalRequest, Signer

pytestmark = pytest.mark.django_db

TOKEN = "a-random-token"


@pytest.fixture(autouse=True)
def fal(settings: Any, monkeypatch: pytest.MonkeyPatch) -> FakeFal:
    settings.FAL_KEY = "key"
    fake = FakeFal()
    monkeypatch.setattr(vendors, "fal", lambda: fake.client)
    monkeypatch.setattr(vendors, "signing_keys", lambda vendor: [fake.signer.public])
    return fake


@pytest.fixture
def known(fal: FakeFal) -> SigningKeys:
    """We know fal's keys."""
    return SigningKeys.objects.update_or_create(
        vendor="fal",
        defaults={
            "keys": [fal.signer.public],
            "learned_at": timezone.now() - timedelta(hours=1),
            "due_at": timezone.now() + timedelta(hours=11),
        },
    )[0]


@pytest.fixture
def unknown() -> None:
    SigningKeys.objects.all().delete()


@pytest.fixture
def job(fal: FakeFal) -> RestorationJob:
    """A job that fal has, and has finished; we don't know it yet, and ask in a minute."""
    job = make_job(model=CODEFORMER, background_enhance=False, upscale=1)
    fal.requests.append(FalRequest("r-1", {}, "", status="COMPLETED"))
    RestorationJob.objects.filter(pk=job.pk).update(
        state="QUEUED", submitted_at=timezone.now(), due_at=timezone.now() + timedelta(minutes=1)
    )
    Attempt.objects.create(
        job=job,
        number=1,
        vendor="fal",
        token_sha256=Attempt.hash_token(TOKEN),
        outcome="ACCEPTED",
        request_id="r-1",
        vendor_status="QUEUED",
    )
    job.refresh_from_db()
    return job


def call_back(
    client: Client, fal: FakeFal, *, headers: dict[str, str] | None = None, token: str = TOKEN
) -> Any:
    body = fal.last.callback()
    headers = fal.signer.headers("r-1", body) if headers is None else headers
    return client.post(
        reverse("fal_callback", args=[token]),
        body,
        content_type="application/json",
        headers=headers,
    )


def charged(job: RestorationJob) -> int:
    assert job.hold is not None
    return ledger.balance_of(job.hold).charged


def test_a_signed_callback_completes_the_job_and_charges_it(
    client: Client, fal: FakeFal, job: RestorationJob, known: SigningKeys, rings: list[str]
):
    response = call_back(client, fal)
    job.refresh_from_db()
    assert (response.status_code, response.json()) == (200, {"verdict": "APPLIED"})
    assert job.state == "COMPLETED"
    assert charged(job) == job.quoted_micros
    delivery = Delivery.objects.get()
    assert (delivery.vendor, delivery.verdict) == ("fal", "APPLIED")


def test_no_call_leaves_the_view_whatever_comes(
    client: Client,
    fal: FakeFal,
    job: RestorationJob,
    unknown: None,
    monkeypatch: pytest.MonkeyPatch,
):
    def keys_wanted(vendor: str) -> list[str]:
        raise AssertionError("the view asked for keys")

    monkeypatch.setattr(vendors, "signing_keys", keys_wanted)
    call_back(client, fal)
    assert fal.seen == []


def test_a_wrong_signature_changes_nothing_and_has_the_keys_fetched_again(
    client: Client, fal: FakeFal, job: RestorationJob, known: SigningKeys, rings: list[str]
):
    due_at = job.due_at
    forged = Signer().headers("r-1", fal.last.callback())
    response = call_back(client, fal, headers=forged)
    job.refresh_from_db()
    known.refresh_from_db()
    assert response.status_code == 401
    assert (job.state, job.due_at, charged(job)) == ("QUEUED", due_at, 0)
    assert Delivery.objects.get().verdict == "MISSIGNED"
    assert known.due_at is not None
    assert known.due_at <= timezone.now()
    assert rings == ["learn"]


@pytest.mark.parametrize("why", ["unsigned", "old", "no keys"])
def test_what_cannot_be_checked_is_a_hint_to_ask_fal_now(
    client: Client,
    fal: FakeFal,
    job: RestorationJob,
    known: SigningKeys,
    rings: list[str],
    why: str,
):
    headers = fal.signer.headers("r-1", fal.last.callback())
    if why == "unsigned":
        headers = {}
    elif why == "old":
        headers = fal.signer.headers("r-1", fal.last.callback(), at=1_700_000_000)
    else:
        SigningKeys.objects.all().delete()
    response = call_back(client, fal, headers=headers)
    job.refresh_from_db()
    assert response.status_code == 401
    assert (job.state, charged(job)) == ("QUEUED", 0)
    assert Delivery.objects.get().verdict == "UNSIGNED"
    assert "observe" in rings
    run("observe")
    job.refresh_from_db()
    assert job.state == "COMPLETED"  # by fal's own word


def test_an_unsigned_lie_changes_nothing_for_fal_itself_is_asked(
    client: Client, fal: FakeFal, job: RestorationJob, known: SigningKeys
):
    fal.last.status = "IN_PROGRESS"
    call_back(client, fal, headers={})
    run("observe")
    job.refresh_from_db()
    assert (job.state, charged(job)) == ("PROCESSING", 0)


def test_a_new_key_of_fals_is_learned_and_the_same_callback_then_counts(
    client: Client, fal: FakeFal, job: RestorationJob, known: SigningKeys
):
    fal.signer = Signer()
    assert call_back(client, fal).status_code == 401
    assert "learn" in pipeline.steps_due(timezone.now())
    run("learn")
    assert call_back(client, fal).json() == {"verdict": "APPLIED"}


def test_a_callback_at_the_other_vendors_address_is_a_strangers(
    client: Client, fal: FakeFal, job: RestorationJob, known: SigningKeys
):
    body = fal.last.callback()
    response = client.post(
        reverse("pixazo_callback", args=[TOKEN]), body, content_type="application/json"
    )
    assert response.status_code == 404
    assert call_back(client, fal, token="another").status_code == 404
    assert set(Delivery.objects.values_list("verdict", flat=True)) == {"FORGED"}


def test_a_failure_ends_the_job_uncharged(
    client: Client, fal: FakeFal, job: RestorationJob, known: SigningKeys
):
    fal.fail(422, [{"msg": "No face found"}])
    call_back(client, fal)
    job.refresh_from_db()
    assert (job.state, charged(job)) == ("ERROR", 0)


def test_a_result_is_collected_from_fal(
    client: Client,
    fal: FakeFal,
    job: RestorationJob,
    known: SigningKeys,
    vendor: Any,
    bucket: None,
):
    call_back(client, fal)
    run("collect")
    job.refresh_from_db()
    assert job.state == "DELIVERED"


# --- The keys -------------------------------------------------------------------------------
def test_keys_are_learned_at_once_and_again_twice_a_day(fal: FakeFal):
    SigningKeys.objects.want("fal", timezone.now())
    run("learn")
    row = SigningKeys.objects.get()
    assert row.keys == [fal.signer.public]
    assert row.due_at is not None
    assert timedelta(hours=11) < row.due_at - timezone.now() < timedelta(hours=13)


def test_where_nobody_has_a_key_for_fal_nothing_is_fetched(settings: Any):
    SigningKeys.objects.want("fal", timezone.now())
    settings.FAL_KEY = ""
    assert pipeline.steps_due(timezone.now()) == []


def test_keys_that_cannot_be_had_are_tried_again_and_the_old_ones_stay(
    fal: FakeFal, known: SigningKeys, monkeypatch: pytest.MonkeyPatch
):
    def nobody(vendor: str) -> list[str]:
        raise errors.Ambiguous("no answer")

    monkeypatch.setattr(vendors, "signing_keys", nobody)
    SigningKeys.objects.want("fal", timezone.now())
    run("learn")
    known.refresh_from_db()
    assert (known.keys, known.tries) == ([fal.signer.public], 1)
    assert known.due_at is not None
    assert known.due_at > timezone.now()


def test_forgeries_do_not_have_the_keys_fetched_more_than_once_a_minute(known: SigningKeys):
    now = timezone.now()
    SigningKeys.objects.want("fal", now)
    run("learn")
    SigningKeys.objects.want("fal", timezone.now())
    assert "learn" not in pipeline.steps_due(timezone.now())
    SigningKeys.objects.want("fal", now + timedelta(minutes=2))
    assert "learn" in pipeline.steps_due(now + timedelta(minutes=2))


def test_where_the_keys_cannot_be_had_forgeries_make_the_next_try_no_sooner(
    fal: FakeFal, known: SigningKeys, monkeypatch: pytest.MonkeyPatch
):
    def nobody(vendor: str) -> list[str]:
        raise errors.Ambiguous("no answer")

    monkeypatch.setattr(vendors, "signing_keys", nobody)
    now = timezone.now() + timedelta(minutes=2)
    SigningKeys.objects.want("fal", now)
    waits = []
    for tries in (1, 2, 3):
        with time_machine.travel(now, tick=False):
            run("learn")
            for _ in range(3):
                SigningKeys.objects.want("fal", now)
        known.refresh_from_db()
        assert known.tries == tries
        assert known.due_at is not None
        waits.append(known.due_at - now)
        now = known.due_at
    assert timedelta(0) < waits[0] < waits[1] < waits[2]


def test_the_address_of_the_keys_is_a_setting(settings: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()
    asked: list[str] = []

    def fetch(url: str, *, seconds: float) -> list[str]:
        asked.append(url)
        return []

    settings.FAL_JWKS_URL = "https://rest.fal.test/keys"
    monkeypatch.setattr("jobs.gateway.fal_signature.fetch_keys", fetch)
    vendors.signing_keys("fal")
    assert asked == ["https://rest.fal.test/keys"]
    assert isinstance(vendors.client("fal")._http, httpx.Client)  # type: ignore[attr-defined]

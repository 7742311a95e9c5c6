"""While Pixazo can't be used, CodeFormer goes to fal: with the member's tick, at the same price."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import ledger
from accounts.models import User
from jobs import breaker, pipeline, vendors
from jobs.catalog import CODEFORMER, GFPGAN, RestorationModel
from jobs.gateway import errors
from jobs.models import Attempt, RestorationJob, SigningKeys
from tests.builders import make_consent, make_due, make_job, make_photo, run
from tests.fake_fal import FakeFal
from tests.fakes import FakeVendor

pytestmark = pytest.mark.django_db


@pytest.fixture
def fal(settings: Any, monkeypatch: pytest.MonkeyPatch, vendor: FakeVendor) -> FakeFal:
    settings.FAL_KEY = "key"
    fake = FakeFal()
    monkeypatch.setattr(vendors, "fal", lambda: fake.client)
    monkeypatch.setattr(vendors, "signing_keys", lambda name: [fake.signer.public])
    SigningKeys.objects.want("fal", timezone.now())
    run("learn")
    return fake


def pixazo_stops() -> None:
    breaker.refused(
        errors.AccountBlocked("Insufficient Balance", http_status=402),
        vendor="pixazo",
        by="submit",
        now=timezone.now(),
    )


def ordered(
    *,
    ticked: tuple[str, ...] = ("pixazo", "fal"),
    model: RestorationModel = CODEFORMER,
    **said: Any,
) -> RestorationJob:
    photo = make_photo()
    make_consent(photo, vendors=ticked)
    wanted = {"background_enhance": False, "upscale": 1} if model is CODEFORMER else {}
    return make_job(photo=photo, model=model, **{**wanted, **said})


def test_from_the_order_to_the_picture(
    client: Client, fal: FakeFal, vendor: FakeVendor, bucket: None
):
    job = ordered()
    pixazo_stops()
    run("submit")
    job.refresh_from_db()
    attempt = job.attempts.get()
    assert (job.state, attempt.vendor, attempt.outcome) == ("QUEUED", "fal", "ACCEPTED")
    assert vendor.submissions == []
    assert fal.last.payload.keys() == {"image_url", "fidelity", "upscaling", "face_upscale"}

    body = fal.finish().callback()
    headers = fal.signer.headers(fal.last.request_id, body)
    path = fal.last.callback_url.removeprefix("http://testserver")
    assert path.startswith("/webhooks/fal/")
    response = client.post(path, body, content_type="application/json", headers=headers)
    assert response.json() == {"verdict": "APPLIED"}
    run("collect")
    job.refresh_from_db()
    assert job.state == "DELIVERED"
    assert job.hold is not None
    assert ledger.balance_of(job.hold).charged == job.quoted_micros

    client.force_login(User.objects.get(pk=job.owner_id))
    record = client.get(reverse("consent_record", args=[job.photo_id])).content.decode()
    assert "Was sent to" in record
    assert "fal.ai, <time" in record


def test_while_pixazo_works_everything_goes_there(fal: FakeFal, vendor: FakeVendor):
    job = ordered()
    run("submit")
    assert job.attempts.get().vendor == "pixazo"
    assert fal.seen == []


@pytest.mark.parametrize("why", ["no tick", "background", "another model", "no key"])
def test_whatever_fal_may_not_have_or_cannot_do_waits_for_pixazo(
    fal: FakeFal, vendor: FakeVendor, settings: Any, why: str
):
    match why:
        case "no tick":
            job = ordered(ticked=("pixazo",))
        case "background":
            job = ordered(background_enhance=True)
        case "another model":
            job = ordered(model=GFPGAN)
        case _:
            job = ordered()
            settings.FAL_KEY = ""
    pixazo_stops()
    assert "submit" not in pipeline.steps_due(timezone.now())
    run("submit")
    job.refresh_from_db()
    assert (job.state, job.attempts.count()) == ("READY", 0)
    assert fal.submissions == vendor.submissions == []


def test_a_withdrawal_for_fal_alone_is_looked_at_in_the_last_moment(fal: FakeFal):
    job = ordered()
    pixazo_stops()
    (work,) = pipeline.STEPS["submit"].claim(1, timezone.now())
    type(job.consent).objects.filter(pk=job.consent_id).update(vendors="|pixazo|")
    stopped = pipeline.STEPS["submit"].instead_of_call(work, timezone.now())  # type: ignore[attr-defined]
    assert stopped is not None
    assert "no live consent" in stopped.why


def test_the_house_books_what_fal_takes_and_the_member_pays_what_was_quoted(fal: FakeFal):
    job = ordered(upscale=4)
    RestorationJob.objects.filter(pk=job.pk).update(vendor_cost_micros=1_000_000)
    pixazo_stops()
    run("submit")
    fal.finish()
    make_due(job)
    run("observe")
    job.refresh_from_db()
    pixels = job.quoted_width_px * job.quoted_height_px
    taken = -(-pixels * 2_100 // 1_000_000)
    assert job.attempts.get().cost_micros == taken
    assert Attempt.objects.cost_by_day() == {timezone.now().date(): taken}
    assert job.hold is not None
    assert ledger.balance_of(job.hold).charged == job.quoted_micros


def test_a_smaller_result_than_expected_costs_the_house_less_at_fal_too(fal: FakeFal, bucket: None):
    job = ordered()
    pixazo_stops()
    run("submit")
    Attempt.objects.update(own_cost_micros=999)
    fal.finish()
    make_due(job)
    run("observe")
    run("collect")
    job.refresh_from_db()
    assert job.state == "DELIVERED"
    assert job.attempts.get().cost_micros == -(-64 * 48 * 2_100 // 1_000_000)


def test_fals_own_lock_stops_fal_alone(fal: FakeFal, vendor: FakeVendor):
    fal.on_submit = lambda request: httpx.Response(403, json={"detail": "User is locked."})
    job = ordered()
    pixazo_stops()
    run("submit")
    job.refresh_from_db()
    assert job.state == "READY"
    assert len(fal.submissions) == 1
    assert set(breaker.look(timezone.now()).rows) == {"pixazo", "fal"}


def test_a_server_on_the_way_to_the_result_ends_nothing_until_the_deadline(
    fal: FakeFal, settings: Any
):
    job = ordered()
    pixazo_stops()
    run("submit")
    fal.finish()
    fal.on_result = lambda request: httpx.Response(503, json={"detail": "Service unavailable"})
    make_due(job)
    run("observe")
    job.refresh_from_db()
    assert job.state == "QUEUED"
    assert job.attempts.get().poll_problem == "answered 503"
    settings.GATEWAY_DEADLINE_SECONDS = 0
    make_due(job)
    run("observe")
    job.refresh_from_db()
    assert (job.state, job.failure_code) == ("ERROR", "no_answer")

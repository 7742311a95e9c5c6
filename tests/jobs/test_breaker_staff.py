"""jobs.breaker: staff hear what is to be done, and may have it tried."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, Letter
from accounts.roles import BILLING_STAFF
from jobs import breaker
from jobs.models import (
    BreakerEvent,
    RestorationJob,
)
from tests.builders import make_job, run
from tests.fakes import FakeVendor
from tests.jobs.breaking import answers, row, states
from tests.staff import make_staff

pytestmark = pytest.mark.django_db


def test_when_what_is_to_be_done_changes_staff_are_told_again(vendor: FakeVendor, clock: Any):
    make_staff(BILLING_STAFF)
    make_job()
    for status in (402, 402, 401):
        vendor.on_submit = answers(status)
        run("submit")
        clock.shift(timedelta(hours=1))
    told = Letter.objects.filter(kind="gateway_stopped").order_by("pk")
    assert [letter.context["status"] for letter in told] == [402, 401]
    assert row().http_status == 401


@pytest.mark.parametrize("status", [401, 402])
def test_the_letters_say_what_to_do(
    vendor: FakeVendor, clock: Any, mailoutbox: list[Any], status: int
):
    make_staff(BILLING_STAFF)
    make_job()
    vendor.on_submit = answers(status)
    run("submit")
    run("send")
    vendor.on_submit = None
    clock.shift(timedelta(hours=1))
    run("submit")
    run("send")
    stopped, sending = mailoutbox
    assert stopped.subject == (
        "Pixazo takes no more photos: our balance"
        if status == 402
        else "Pixazo takes no more photos: our key"
    )
    assert ("top up our balance" in stopped.body) == (status == 402)
    assert ("whether our key was changed" in stopped.body) == (status == 401)
    assert "1 restoration waits to be sent. Nobody is charged" in stopped.body
    assert "/desk/gateway/" in stopped.body
    assert sending.subject == "Pixazo takes photos again"


# --- Staff ----------------------------------------------------------------------------------
def test_staff_can_have_one_try_now(
    vendor: FakeVendor, stopped: list[RestorationJob], settings: Any
):
    settings.CALLS_IN_FLIGHT = 16
    clerk = make_staff(BILLING_STAFF)
    breaker.try_now(vendor="pixazo", by=clerk, now=timezone.now())
    run("submit")
    assert len(vendor.submissions) == 2
    entry = AuditEntry.objects.get(action="breaker.try")
    assert (entry.actor, entry.subject) == (clerk, "breaker pixazo")


def test_staff_can_have_all_sent_again(vendor: FakeVendor, stopped: list[RestorationJob]):
    clerk = make_staff(BILLING_STAFF)
    vendor.on_submit = None
    breaker.close(vendor="pixazo", by=clerk)
    assert BreakerEvent.objects.latest("pk").by == clerk
    assert AuditEntry.objects.get(action="breaker.close").why == "No"
    run("submit")
    assert states() == ["QUEUED"] * 3


def test_what_is_not_stopped_cannot_be_started():
    clerk = make_staff(BILLING_STAFF)
    with pytest.raises(breaker.NotStopped):
        breaker.try_now(vendor="pixazo", by=clerk, now=timezone.now())
    with pytest.raises(breaker.NotStopped):
        breaker.close(vendor="pixazo", by=clerk)
    assert not AuditEntry.objects.exists()

"""Every way in which a callback can come, in one table: answer, verdict, job and money.

What each has to lead to stands in the row, so that a rule that is lost shows by its name.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts import books, ledger
from jobs.models import Delivery, RestorationJob
from jobs.states import JobState
from jobs.steps import consent as consent_step
from jobs.steps import observe, submit
from jobs.steps.abandon import end
from tests.builders import make_job, run
from tests.fakes import FakeVendor
from tests.racing import at_once

START, PRICE = 1_000_000, 3_100


class Story:
    """One job, sent, and the vendor that has it."""

    def __init__(self, vendor: FakeVendor, *, sent: bool = True) -> None:
        self.vendor, self.job = vendor, make_job()
        if sent:
            run("submit")

    def post(self, body: bytes, *, token: str = "") -> tuple[int, str]:
        """As the vendor does; the answer's code and verdict."""
        path = self.vendor.last.callback_url.removeprefix(settings.PUBLIC_BASE_URL)
        if token:
            path = path.replace(path.split("/")[3], token)
        response = Client().post(path, data=body, content_type="application/json")
        return response.status_code, response.json()["verdict"]

    def says(self, status: str, **changes: object) -> tuple[int, str]:
        return self.post(json.dumps({**self.vendor.finish(status).report(), **changes}).encode())

    @property
    def state(self) -> str:
        self.job.refresh_from_db()
        return self.job.state

    @property
    def money(self) -> tuple[int, int]:
        """Available and held."""
        wallet = ledger.wallet_of(self.job.owner)
        return wallet.available_micros, wallet.held_micros


HELD, CHARGED, RETURNED = (START - PRICE, PRICE), (START - PRICE, 0), (START, 0)


@dataclass(frozen=True)
class Row:
    """`act` returns the answer of the callback that the row is about."""

    name: str
    act: Callable[[Story], tuple[int, str]]
    answer: tuple[int, str]
    state: str
    money: tuple[int, int]
    verdicts: tuple[str, ...] = ()

    @property
    def kept(self) -> list[str]:
        """The verdicts of all deliveries; one unless the row says more."""
        return list(self.verdicts or (self.answer[1],))


def early(story: Story) -> tuple[int, str]:
    """The vendor is quicker than our own writing of its 202."""
    (work,) = submit.claim(1, timezone.now())
    outcome = submit.call(work)
    answer = story.says("COMPLETED")
    with transaction.atomic():
        submit.record(work, outcome, timezone.now())
    return answer


def twice(story: Story) -> tuple[int, str]:
    story.says("COMPLETED")
    return story.says("COMPLETED")


def out_of_order(story: Story) -> tuple[int, str]:
    story.says("COMPLETED")
    return story.says("PROCESSING")


def changed_its_mind(story: Story) -> tuple[int, str]:
    story.says("FAILED")
    return story.says("COMPLETED")


def late(story: Story) -> tuple[int, str]:
    job = RestorationJob.objects.get(pk=story.job.pk)
    end(job, JobState.ERROR, by="observe", code="no_answer", words=observe.NO_ANSWER)
    return story.says("COMPLETED")


def withdrawn(story: Story) -> tuple[int, str]:
    consent_step.withdraw(photo=story.job.photo, by=story.job.owner)
    return story.says("COMPLETED")


def cancelled(story: Story) -> tuple[int, str]:
    job = RestorationJob.objects.get(pk=story.job.pk)
    end(job, JobState.CANCELLED, by="member", code="cancelled", words="You cancelled this.")
    return story.says("COMPLETED")


OK = 200
TABLE = [
    Row("in time", lambda s: s.says("COMPLETED"), (OK, "APPLIED"), "COMPLETED", CHARGED),
    Row("working on it", lambda s: s.says("PROCESSING"), (OK, "APPLIED"), "PROCESSING", HELD),
    Row("failed", lambda s: s.says("FAILED"), (OK, "APPLIED"), "FAILED", RETURNED),
    Row("went wrong", lambda s: s.says("ERROR"), (OK, "APPLIED"), "ERROR", RETURNED),
    Row("early", early, (OK, "APPLIED"), "COMPLETED", CHARGED),
    Row("twice", twice, (OK, "DUPLICATE"), "COMPLETED", CHARGED, ("APPLIED", "DUPLICATE")),
    Row(
        "out of order",
        out_of_order,
        (OK, "DUPLICATE"),
        "COMPLETED",
        CHARGED,
        ("APPLIED", "DUPLICATE"),
    ),
    Row(
        "failed, then completed",
        changed_its_mind,
        (OK, "STALE"),
        "FAILED",
        RETURNED,
        ("APPLIED", "STALE"),
    ),
    Row("late", late, (OK, "STALE"), "ERROR", RETURNED),
    Row("of a cancelled job", cancelled, (OK, "STALE"), "CANCELLED", RETURNED),
    Row("of a withdrawn job", withdrawn, (OK, "STALE"), "CANCELLED", RETURNED),
    Row(
        "forged token",
        lambda s: s.post(s.vendor.finish().callback(), token="x" * 43),
        (404, "FORGED"),
        "QUEUED",
        HELD,
    ),
    Row(
        "another request",
        lambda s: s.says("COMPLETED", request_id="gfpgan_9999"),
        (OK, "MISMATCHED"),
        "QUEUED",
        HELD,
    ),
    Row("no JSON", lambda s: s.post(b"<html>"), (OK, "MALFORMED"), "QUEUED", HELD),
    Row("empty", lambda s: s.post(b""), (OK, "MALFORMED"), "QUEUED", HELD),
    Row("too deep", lambda s: s.post(b"[" * 60_000), (OK, "MALFORMED"), "QUEUED", HELD),
    Row("unknown status", lambda s: s.says("DONE"), (OK, "MALFORMED"), "QUEUED", HELD),
    Row("5 MB", lambda s: s.post(b" " * 5_000_000), (413, "TOO_LARGE"), "QUEUED", HELD),
]


@pytest.mark.django_db
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_a_callback_leaves_its_verdict_and_the_right_state_and_charge(
    vendor: FakeVendor, rings: list[str], row: Row
):
    story = Story(vendor, sent=row.act is not early)
    assert row.act(story) == row.answer
    assert (story.state, story.money) == (row.state, row.money)
    assert list(Delivery.objects.values_list("verdict", flat=True)) == row.kept
    assert books.lies() == []


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_charge_once(vendor: FakeVendor, rings: list[str]):
    story = Story(vendor)
    body = vendor.finish().callback()
    answers = at_once(8, lambda _: story.post(body))
    assert sorted(answers) == [(OK, "APPLIED")] + [(OK, "DUPLICATE")] * 7
    assert (story.state, story.money) == ("COMPLETED", CHARGED)
    assert Delivery.objects.count() == 8

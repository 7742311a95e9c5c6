"""One job's page at the desk: who sees it, what it tells and hides, and its buttons."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from accounts.roles import BILLING_STAFF, REVIEWERS
from jobs.models import Delivery, RestorationJob
from jobs.states import JobState
from jobs.steps import settle
from tests.builders import make_job, run
from tests.fakes import FakeVendor
from tests.jobs.breaking import stop
from tests.staff import queries, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> tuple[Client, User]:
    return staff(BILLING_STAFF)


@pytest.fixture
def job(vendor: FakeVendor) -> RestorationJob:
    """COMPLETED, after a doubled callback and one that is malformed."""
    job = make_job()
    run("submit")
    token = vendor.last.callback_url.rstrip("/").rpartition("/")[2]
    for body in (vendor.finish().callback(), vendor.last.callback(), b"{"):
        settle.deliver(token=token, body=body)
    job.refresh_from_db()
    assert job.state == JobState.COMPLETED
    return job


def address(job: RestorationJob, name: str = "desk_job") -> str:
    return reverse(name, args=[job.pk])


def test_the_timeline_tells_all_that_happened(desk: tuple[Client, User], job: RestorationJob):
    page = desk[0].get(address(job)).content.decode()
    for words in (
        "READY → SUBMITTING", "QUEUED → COMPLETED", "Attempt 1: Accepted (HTTP 202)",
        "Moved the job", "Said what we already knew", "Not in the vendor", "Charge",
    ):  # fmt: skip
        assert words in page, words
    assert "<img" not in page.partition("<main")[2]


def test_what_gives_access_is_shown_only_to_somebody_who_asked_and_is_written_down(
    desk: tuple[Client, User], job: RestorationJob, vendor: FakeVendor
):
    client, clerk = desk
    secret = vendor.last.request_id
    page = client.get(address(job)).content.decode()
    assert secret not in page
    assert "cdn.test" not in page
    first = Delivery.objects.first()
    assert first is not None
    shown = client.post(address(job, "desk_job_show"), {"delivery": first.pk}).content.decode()
    assert f"https://cdn.test/v1/{secret}/output.png" in shown
    entry = AuditEntry.objects.get(action="delivery.show")
    assert (entry.actor, entry.member, entry.subject) == (clerk, job.owner, f"job {job.pk}")
    assert secret not in "".join(AuditEntry.objects.values_list("what", flat=True))


def test_a_button_does_what_it_says_with_its_reason_and_says_so(
    desk: tuple[Client, User], job: RestorationJob
):
    client, clerk = desk
    said = {"deed": "end", "seen_state": "COMPLETED", "reason": "The picture is gone."}
    page = client.post(address(job, "desk_job_act"), said, follow=True)
    assert "Done: End it." in page.content.decode()
    job.refresh_from_db()
    assert job.state == JobState.ERROR
    entry = AuditEntry.objects.get(action="job.end")
    assert (entry.actor, entry.why) == (clerk, "The picture is gone.")
    again = client.post(address(job, "desk_job_act"), said, follow=True)
    assert "moved on" in again.content.decode()


def test_a_delivery_is_replayed_from_the_page(desk: tuple[Client, User], job: RestorationJob):
    first = Delivery.objects.first()
    assert first is not None
    said = {"delivery": first.pk, "reason": "To see."}
    page = desk[0].post(address(job, "desk_job_replay"), said, follow=True)
    assert "Replayed: Said what we already knew." in page.content.decode()
    assert Delivery.objects.filter(replay_of=first).count() == 1


@pytest.mark.parametrize("name", ["desk_job_act", "desk_job_replay", "desk_job_show"])
def test_nothing_is_done_by_a_link_or_to_another_jobs_delivery(
    desk: tuple[Client, User], job: RestorationJob, name: str
):
    client, _ = desk
    assert client.get(address(job, name)).status_code == 405
    other = make_job()
    said = {"delivery": Delivery.objects.values_list("pk", flat=True)[0], "reason": "x"}
    if name != "desk_job_act":
        assert client.post(address(other, name), said).status_code == 404


def test_only_billing_staff_come_in(job: RestorationJob):
    for role in (REVIEWERS, ""):
        client, _ = staff(role)
        assert client.get(address(job)).status_code == 403
        for name in ("desk_job_act", "desk_job_replay", "desk_job_show"):
            assert client.post(address(job, name)).status_code == 403


def test_the_look_is_in_the_trail_with_the_member(desk: tuple[Client, User], job: RestorationJob):
    desk[0].get(address(job))
    entry = AuditEntry.objects.filter(action="page").latest("pk")
    assert (entry.member, entry.subject) == (job.owner, f"job {job.pk}")


def test_the_page_takes_the_same_queries_however_much_happened(
    desk: tuple[Client, User], job: RestorationJob
):
    before = queries(desk[0], address(job))
    attempt = job.attempts.get()
    for _ in range(20):
        Delivery.objects.create(attempt=attempt, body="{}", verdict="DUPLICATE")
    assert queries(desk[0], address(job)) == before


def test_the_members_page_leads_there(desk: tuple[Client, User], job: RestorationJob):
    page = desk[0].get(reverse("desk_member", args=[job.owner_id])).content.decode()
    assert f'href="{address(job)}"' in page


def kept(job: RestorationJob, count: int, body: str = "{}") -> list[Delivery]:
    attempt = job.attempts.get()
    return [
        Delivery.objects.create(attempt=attempt, body=f"{body}{number}", verdict="MALFORMED")
        for number in range(count)
    ]


def test_of_many_callbacks_the_newest_are_open_the_rest_folded_and_paged(
    desk: tuple[Client, User], job: RestorationJob
):
    rows = kept(job, 44)
    job.attempts.update(callbacks=147)
    page = desk[0].get(address(job))
    callbacks = page.context["file"].callbacks
    newest = [one.row for one in callbacks.newest]
    assert newest == rows[:-4:-1]
    assert len(callbacks.folded) == 17
    text = page.content.decode()
    assert text.count("<pre") == 20
    assert "100 more came" in text
    assert "43 more the same" in text
    last = desk[0].get(address(job), {"callbacks": "3"}).context["file"].callbacks
    assert (len(last.newest), len(last.folded)) == (0, 7)
    assert desk[0].get(address(job), {"callbacks": "x", "whole": "9" * 30}).status_code == 200


def test_a_long_body_is_cut_until_somebody_wants_all_of_it(
    desk: tuple[Client, User], job: RestorationJob
):
    (row, *_) = kept(job, 30, body="x" * 5_000)
    text = desk[0].get(address(job), {"callbacks": "2"}).content.decode()
    assert "x" * 1_001 not in text
    assert "4001 characters more" in text
    whole = desk[0].get(address(job), {"whole": row.pk})
    assert "x" * 5_000 in whole.content.decode()
    assert [one.row for one in whole.context["file"].callbacks.newest] == [row]
    assert not AuditEntry.objects.filter(action="delivery.show").exists()


def test_a_number_in_a_callback_that_named_another_request_is_hidden_too(
    desk: tuple[Client, User], job: RestorationJob, vendor: FakeVendor
):
    token = vendor.last.callback_url.rstrip("/").rpartition("/")[2]
    another = vendor.last.callback().replace(vendor.last.request_id.encode(), b"gfpgan_others88")
    assert settle.deliver(token=token, body=another).verdict == "MISMATCHED"
    settle.deliver(token=token, body=b'{"request_id": "gfpgan_others88", "x')
    page = desk[0].get(address(job)).content.decode()
    assert "gfpgan_others88" not in page
    assert "…hers88" in page
    admin, _ = staff(BILLING_STAFF)
    for row in Delivery.objects.all():
        shown = admin.get(reverse("admin:jobs_delivery_change", args=[row.pk]))
        assert shown.status_code == 200
        assert "others88" not in shown.content.decode()
        assert vendor.last.request_id not in shown.content.decode()


def test_a_job_that_waits_for_a_stopped_vendor_is_said_to_and_sent_by_no_button(
    desk: tuple[Client, User],
):
    job = make_job()
    press = {"deed": "resubmit", "seen_state": "READY", "reason": "She waits for it"}
    page = desk[0].get(address(job)).content.decode()
    assert "nobody has it in hand" in page
    assert "no vendor that it may go to" not in page
    stop()
    page = desk[0].get(address(job)).content.decode()
    assert "It waits because no vendor that it may go to" in page
    assert "nobody has it in hand" not in page
    said = desk[0].post(address(job, "desk_job_act"), press, follow=True).content.decode()
    assert "No vendor that it may go to takes work now" in said
    assert not AuditEntry.objects.filter(action="job.resubmit").exists()

"""However a job ends without a picture: page, e-mail and books say the same of its money."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.urls import reverse

from accounts import books, ledger
from accounts.models import Transfer
from jobs.models import RestorationJob
from jobs.steps import consent as consent_step
from jobs.steps import order, settle
from tests.builders import decide, make_consent, make_due, make_job, make_photo, run
from tests.fakes import FakeVendor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]

Ending = Callable[[FakeVendor], RestorationJob]


def called_back(vendor: FakeVendor, status: str) -> RestorationJob:
    job = make_job()
    run("submit")
    token = vendor.last.callback_url.rstrip("/").rpartition("/")[2]
    settle.deliver(token=token, body=vendor.finish(status).callback())
    return job


def cancelled(vendor: FakeVendor) -> RestorationJob:
    job = make_job()
    order.cancel(job=job, by=job.owner)
    return job


def rejected(vendor: FakeVendor) -> RestorationJob:
    photo = make_photo()
    consent = make_consent(photo, depicted=("CHILD",))
    job = make_job(photo=photo)
    decide(consent, approve=False)
    return job


def failed(vendor: FakeVendor) -> RestorationJob:
    return called_back(vendor, "FAILED")


def in_error(vendor: FakeVendor) -> RestorationJob:
    return called_back(vendor, "ERROR")


def refused(vendor: FakeVendor) -> RestorationJob:
    vendor.on_submit = lambda request: httpx.Response(400, json={"error": "no"})
    job = make_job()
    run("submit")
    return job


def undeliverable(vendor: FakeVendor) -> RestorationJob:
    job = called_back(vendor, "COMPLETED")
    vendor.on_output = lambda request: httpx.Response(200, text="Not a picture")
    make_due(job)
    run("collect")
    return job


def withdrawn(vendor: FakeVendor) -> RestorationJob:
    job = make_job()
    run("submit")
    consent_step.withdraw(photo=job.photo, by=job.owner)
    return job


def withdrawn_when_charged(vendor: FakeVendor) -> RestorationJob:
    job = called_back(vendor, "COMPLETED")
    consent_step.withdraw(photo=job.photo, by=job.owner)
    return job


ON_RECORD: dict[Ending, str] = {
    withdrawn: "Nothing was charged: the $0.0031 that was set aside is in your wallet again.",
    withdrawn_when_charged: "The charge of $0.0031 was refunded: it costs you nothing.",
}


@pytest.mark.parametrize(
    ("end", "state", "kinds"),
    [
        (cancelled, "CANCELLED", ["HOLD", "RELEASE"]),
        (rejected, "REJECTED", ["HOLD", "RELEASE"]),
        (failed, "FAILED", ["HOLD", "RELEASE"]),
        (in_error, "ERROR", ["HOLD", "RELEASE"]),
        (refused, "ERROR", ["HOLD", "RELEASE"]),
        (undeliverable, "ERROR", ["HOLD", "CAPTURE", "REFUND"]),
        (withdrawn, "CANCELLED", ["HOLD", "RELEASE"]),
        (withdrawn_when_charged, "CANCELLED", ["HOLD", "CAPTURE", "REFUND"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_job_without_a_picture_costs_nothing_and_says_so_with_its_transfers(
    client: Client, vendor: FakeVendor, end: Ending, state: str, kinds: list[str]
):
    job = end(vendor)
    job.refresh_from_db()
    assert job.state == state

    # The books.
    wallet = ledger.wallet_of(job.owner)
    assert (wallet.available_micros, wallet.held_micros) == (1_000_000, 0)
    transfers = Transfer.objects.filter(reference=str(job.pk)).order_by("pk")
    assert [one.kind for one in transfers] == kinds
    assert {one.amount_micros for one in transfers} == {3_100}
    assert books.lies() == []

    # The page, and the statement that it leads to. Of an erased photo the record alone is left.
    client.force_login(job.owner)
    page = client.get(reverse("job_card", args=[job.pk]), follow=True).content.decode()
    statement = f"{reverse('wallet')}?job={job.pk}"
    assert ON_RECORD.get(end, "You were not charged: $0.0031 was returned.") in page
    assert (f'href="{statement}#statement"' in page) == (end not in ON_RECORD)
    shown = client.get(statement).context["transfers"]
    assert sorted(one.kind for one in shown) == sorted(kinds)

    # The e-mail, unless the member did it and saw it done; the letters about a withdrawal and of a
    # reviewer say it by themselves.
    run("tell")
    run("send")
    if end is cancelled:
        assert mail.outbox == []
        return
    (message,) = mail.outbox
    if state == "CANCELLED":
        assert message.subject == "Consent for “Grandmother” is withdrawn"
        return
    if state == "REJECTED":
        assert "It costs nothing, and what was set aside is yours again." in str(message.body)
        return
    assert isinstance(message, EmailMultiAlternatives)
    for text in (str(message.body), str(message.alternatives[0][0])):
        assert "You were not charged: $0.0031 was returned." in text
        assert f"http://testserver{statement}" in text

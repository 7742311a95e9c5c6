"""The desk's page of results that were not the person, and what the house paid for new ones."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.roles import BILLING_STAFF, REVIEWERS
from desk import inspector, not_them
from desk.period_figures import Period, of_period
from jobs import reconciliation
from jobs.models import Finding
from tests.builders import make_member
from tests.fakes import FakeVendor
from tests.jobs.steps.test_not_them import again, bring, restored
from tests.jobs.usage import billed, export
from tests.staff import client_of, staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]

DAYS_30 = timedelta(days=30)


def test_reasons_are_counted_by_the_model_that_was_doubted(vendor: FakeVendor):
    rerun = bring(again(restored(vendor)), vendor)
    found = not_them.figures(timezone.now() - DAYS_30)
    by_name = {one.name: one for one in found.models}
    gfpgan, codeformer = by_name["GFPGAN"], by_name["CodeFormer"]
    assert (gfpgan.delivered, gfpgan.doubted, gfpgan.tries) == (1, 1, 0)
    assert gfpgan.reasons == {"ANOTHER_PERSON": 1}
    assert (codeformer.delivered, codeformer.doubted, codeformer.tries) == (1, 0, 1)
    assert (found.count, found.waived_micros) == (1, rerun.quoted_micros)
    assert not_them.figures(timezone.now() + DAYS_30).count == 0


def test_the_page_is_billing_staffs(vendor: FakeVendor):
    again(restored(vendor))
    billing, _ = staff(BILLING_STAFF)
    page = billing.get(reverse("desk_not_them")).content.decode()
    assert "She had brown eyes." in page
    assert "GFPGAN → CodeFormer" in page
    assert staff(REVIEWERS)[0].get(reverse("desk_not_them")).status_code == 403
    assert client_of(make_member()).get(reverse("desk_not_them")).status_code == 403


def test_as_many_as_there_are_the_queries_stay(
    vendor: FakeVendor, django_assert_num_queries: object
):
    again(restored(vendor))
    again(restored(vendor))
    with django_assert_num_queries(5):  # type: ignore[operator]
        not_them.figures(timezone.now() - DAYS_30)


def test_the_overview_and_the_job_say_what_the_house_paid(vendor: FakeVendor):
    rerun = bring(again(restored(vendor)), vendor)
    today = timezone.now().date()
    total = of_period(Period(today, today)).total
    assert total.waived == rerun.quoted_micros
    assert total.captured == restored(vendor).quoted_micros
    file = inspector.of_job(rerun.pk, now=timezone.now())
    assert [transfer.kind for transfer in file.transfers] == ["WAIVED"]


def test_the_vendors_bill_for_it_is_no_finding(vendor: FakeVendor):
    rerun = bring(again(restored(vendor)), vendor)
    attempt = rerun.attempts.get()
    reconciliation.import_usage(
        data=export([billed(attempt)]),
        by=make_member(micros=0, is_staff=True),
        file_name="usage.csv",
        now=timezone.now() + timedelta(days=2),
    )
    assert not Finding.objects.filter(attempt=attempt).exists()

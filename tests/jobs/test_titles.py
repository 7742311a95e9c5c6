"""A transfer names the model for ever, and the photo as long as there is one."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts import statements
from accounts.models import Transfer
from jobs.models import Photo, RestorationJob
from jobs.steps import consent, order
from tests.builders import make_job, make_member, make_photo, run
from tests.staff import client_of, make_clerk, queries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket", "rings")]


def ordered(title: str = "Anna 1931") -> RestorationJob:
    """Ordered and taken back: two movements."""
    job = make_job(photo=make_photo(title=title))
    order.cancel(job=job, by=job.owner)
    return job


def erase(job: RestorationJob) -> None:
    consent.withdraw(photo=job.photo, by=job.owner)
    run("erase")


def pages(job: RestorationJob) -> dict[str, str]:
    """Every place where a member or a clerk reads what a movement was for."""
    mine, clerk = client_of(job.owner), client_of(make_clerk())
    month = Transfer.objects.earliest("pk").created_at
    addresses = {
        "wallet": (mine, reverse("wallet")),
        "month": (mine, reverse("wallet_month", args=[month.year, month.month])),
        "csv": (mine, reverse("statement_csv")),
        "desk": (clerk, reverse("desk_member", args=[job.owner_id])),
    }
    return {
        name: b"".join(client.get(address)).decode()
        for name, (client, address) in addresses.items()
    }


def test_no_movement_holds_the_title():
    job = ordered()
    assert set(Transfer.objects.exclude(kind="TOP_UP").values_list("memo", flat=True)) == {
        job.model.name
    }


def test_the_title_is_read_wherever_the_movement_is():
    job = ordered()
    for name, page in pages(job).items():
        assert "GFPGAN: Anna 1931" in page, name


def test_an_erased_photos_title_is_nowhere_any_more():
    job = ordered()
    erase(job)
    for name, page in pages(job).items():
        assert "GFPGAN: Erased photo" in page, name
        assert "Anna 1931" not in page, name


def test_also_where_an_older_memo_still_has_it():
    """Movements from before can't be changed; what they say is no longer shown."""
    job = ordered()
    erase(job)
    row = Transfer(kind="HOLD", reference=str(job.pk), memo="GFPGAN: Anna 1931")
    (row,) = statements.described([row])
    assert row.words == "GFPGAN: Erased photo"


def test_a_movement_of_no_job_says_its_memo():
    rows = [
        Transfer(kind="TOP_UP", memo="Paid by card"),
        Transfer(kind="HOLD", reference="1", memo="A job"),
    ]
    assert [row.words for row in statements.described(rows)] == ["Paid by card", "A job"]


def test_many_movements_take_no_more_queries_than_few():
    owner = make_member(micros=50_000_000)
    client = client_of(owner)
    counts = []
    for many in (1, 6):
        for _ in range(many):
            make_job(photo=make_photo(owner=owner))
        counts.append(queries(client, reverse("wallet")))
    assert counts[0] == counts[1]


def test_a_long_statement_is_described_in_turns(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(statements, "DESCRIBED_AT_ONCE", 2)
    owner = make_member()
    for number in range(5):
        make_job(photo=make_photo(owner=owner, title=f"Photo {number}"))
    rows = list(statements.csv_rows(Transfer.objects.for_member(owner).order_by("pk")))
    said = [row[2] for row in rows[1:]]
    assert said == [f"GFPGAN: Photo {number}" for number in range(5)]


def test_a_title_turns_no_words_that_stand_around_it():
    assert str(Photo(title="abc\N{RIGHT-TO-LEFT OVERRIDE}def")) == "abcdef"

"""A value of a wrong type is a finding of its own, and hides none of the others.

SQLite alone takes such values; what PostgreSQL takes and Python can't read is its own test.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone

from desk import review_figures
from jobs import consent_proof
from jobs.models import (
    Consent,
    ConsentCheck,
    ConsentEvent,
    ConsentNotice,
    ConsentWording,
    Photo,
    ReviewDecision,
)
from tests.builders import decide, make_consent, make_job, make_photo, pending
from tests.jobs.forging import MAY_CHANGE, forging, found, later
from tests.staff import REVIEWERS, client_of, make_staff

pytestmark = pytest.mark.django_db
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="the others check types")

VALUES = {
    "bytes": "x'ff'",
    "bytes as text": "CAST(x'ff' AS TEXT)",
    "words": "'garbage'",
    "a number": "17",
}


def tamper(row: Model, column: str | None, value: str) -> None:
    """With a shell of the database. Raises IntegrityError for what even that refuses."""
    table, key = row._meta.db_table, row._meta.pk
    assert key is not None
    pk = row.pk if isinstance(row.pk, int) else row.pk.hex
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        try:
            cursor.execute(
                f'UPDATE "{table}" SET "{column}" = {value} WHERE "{key.column}" = %s', [pk]
            )
            assert cursor.rowcount == 1
        finally:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


def rejected() -> Consent:
    given = pending()
    decide(given, approve=False, words="Please ask her.")
    return given


@on_sqlite
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize(
    "model", [Consent, ConsentEvent, ConsentNotice, ConsentWording, ReviewDecision, ConsentCheck]
)
def test_whatever_a_column_holds_is_found_and_hides_nothing(model: type[Model], value: str):
    given, another = rejected(), make_consent(make_photo())
    assert given.wording is not None
    checked = consent_proof.check(later())
    assert checked.problems == []
    Consent.objects.filter(pk=another.pk).update(basis="I never said so.")
    also = f"consent {another.pk}: what was said is not what was sealed"
    assert found() == [also]
    rows: dict[type[Model], Model] = {
        Consent: given,
        ConsentEvent: given.events.get(number=2),
        ConsentNotice: given.notice,
        ConsentWording: given.wording,
        ReviewDecision: given.decisions.get(),
        ConsentCheck: checked,
    }
    unnoticed, tried = set(), 0
    with forging(model):
        for field in model._meta.concrete_fields:
            try:
                with transaction.atomic():
                    tamper(rows[model], field.column, value)
                    tried += 1
                    problems = found()
                    # Where notice or wording is another, so is what every statement says of it.
                    assert any(
                        problem.startswith(f"consent {another.pk}: ") for problem in problems
                    )
                    if problems == [also]:
                        unnoticed.add(field.name)
                    transaction.set_rollback(True)
            except IntegrityError:
                continue  # a number that is a key, a NOT NULL: SQLite refuses it
    assert tried > 0
    assert unnoticed <= MAY_CHANGE.get(model, set()) | NO_CHANGE[model]


# What no check looks at.
NO_CHANGE: dict[type[Model], set[str]] = {
    Consent: set(),
    ConsentEvent: set(),
    ConsentNotice: set(),
    ConsentWording: set(),
    ReviewDecision: set(),
    ConsentCheck: {"id"},  # its number counts, not its key
}


@on_sqlite
@pytest.mark.parametrize(
    ("model", "column", "value", "words"),
    [
        (
            Consent,
            "created_at",
            "'garbage'",
            "consent {consent}: its row can't be read: created_at",
        ),
        (
            Consent,
            "created_at",
            "'2026-02-30 25:61:00'",
            "consent {consent}: its row can't be read: created_at",
        ),
        (Consent, "depicted", "'no json'", "consent {consent}: its row can't be read: depicted"),
        (
            Consent,
            "keep_until",
            "'garbage'",
            "consent {consent}: its row can't be read: keep_until",
        ),
        (Photo, "sha256", "x'ff'", "consent {consent}: its row can't be read: photo.sha256"),
        (ConsentEvent, "at", "5", "consent {consent}: the event in row {pk} can't be read: at"),
        (
            ConsentEvent,
            "why",
            "x'ff'",
            "consent {consent}: the event in row {pk} can't be read: why",
        ),
        (ReviewDecision, "at", "'x'", "consent {consent}: decision {pk} can't be read: at"),
        (ConsentNotice, "title", "x'ff'", "the notice in row {pk} can't be read: title"),
        (ConsentCheck, "young", "'7'", "the check in row {pk} can't be read: young"),
    ],
)
def test_an_unreadable_row_is_named_with_its_column(
    model: type[Model], column: str, value: str, words: str
):
    given = rejected()
    assert given.wording is not None
    checked = consent_proof.check(later())
    rows: dict[type[Model], Model] = {
        Consent: given,
        Photo: given.photo,
        ConsentEvent: given.events.get(number=2),
        ConsentNotice: given.notice,
        ConsentWording: given.wording,
        ReviewDecision: given.decisions.get(),
        ConsentCheck: checked,
    }
    row = rows[model]
    with forging(model), transaction.atomic():
        tamper(row, column, value)
        assert words.format(consent=given.pk, pk=row.pk) in found()
        transaction.set_rollback(True)


@on_sqlite
def test_a_key_that_is_no_number_is_named_as_it_stands():
    given = make_consent(make_photo())
    make_job(photo=given.photo)
    with transaction.atomic():
        tamper(given, "id", "x'ff'")
        problems = found()
        assert "consent \\xff: its number is none" in problems
        gone = f"consent {given.pk}: it is gone, and has left events and restorations"
        assert gone in problems
        transaction.set_rollback(True)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the others know no infinity")
def test_a_time_without_end_is_named_and_hides_nothing():
    given, another = make_consent(make_photo()), make_consent(make_photo())
    Consent.objects.filter(pk=another.pk).update(basis="I never said so.")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE jobs_consent SET created_at = 'infinity' WHERE id = %s", [given.pk])
    assert set(found()) == {
        f"consent {given.pk}: its row can't be read: created_at",
        f"consent {another.pk}: what was said is not what was sealed",
    }


@on_sqlite
@pytest.mark.parametrize("value", ["'garbage'", "5", "x'ff'"])
def test_the_figures_leave_out_what_cannot_be_read_and_say_so(
    bucket: None, rings: list[str], value: str
):
    reviewer = make_staff(REVIEWERS)
    browser, address = client_of(reviewer), reverse("desk_review_figures")
    kept, broken, waiting = pending(), pending(), pending()
    decide(kept, by=reviewer)
    decide(broken, by=reviewer, approve=False)
    also_waits = pending()
    now = timezone.now()
    since = now - timedelta(days=1)

    assert "can’t be read" not in browser.get(address).content.decode()
    with forging(ConsentEvent, ReviewDecision), transaction.atomic():
        tamper(broken.events.get(number=2), "at", value)
        tamper(broken.decisions.get(), "at", value)
        tamper(waiting, "created_at", value)
        text = " ".join(browser.get(address).content.decode().split())
        figures = review_figures.figures(reviewer, now=now, since=since)
        transaction.set_rollback(True)
    assert [one.count for one in figures.waits] == [1, 1, 1, 1]
    assert [(one.approved, one.rejected) for one in figures.by_reviewer] == [(1, 0)]
    assert sum(one.count for one in figures.by_reason) == 0
    assert (figures.counts.waiting, figures.counts.oldest) == (2, also_waits.created_at)
    assert "can’t be read" in text

"""steps.consent: given and withdrawn; each acts at once and leaves an event."""

from __future__ import annotations

import contextlib
import io
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts import books, ledger
from jobs import consent_proof, storage
from jobs.models import (
    Attempt,
    AttemptOutcome,
    Consent,
    ConsentEvent,
    ConsentStatus,
    JobEvent,
    Photo,
    PhotoState,
    RestorationJob,
)
from jobs.states import TERMINAL, UNSENT, JobState
from jobs.steps import consent, order, submit
from jobs.wording import Words
from tests.builders import (
    decide,
    make_consent,
    make_job,
    make_member,
    make_photo,
    publish_notice,
    run,
    the_notice,
)
from tests.fakes import FakeVendor
from tests.racing import at_once

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("depicted", "status"),
    [
        (("MYSELF",), "GRANTED"),
        (("ADULT_RELATIVE", "DECEASED"), "GRANTED"),
        (("NOBODY",), "GRANTED"),
        (("CHILD",), "PENDING_REVIEW"),
        (("OTHER",), "PENDING_REVIEW"),
        (("MYSELF", "CHILD"), "PENDING_REVIEW"),
    ],
)
def test_children_and_others_wait_for_a_reviewer_the_rest_is_live_at_once(
    depicted: tuple[str, ...], status: str
):
    given = make_consent(make_photo(), depicted=depicted)
    assert given.status == status
    assert given.is_live == (status == "GRANTED")
    assert [event.to_status for event in given.events.all()] == [status]


def test_a_consent_is_for_the_vendor_it_names():
    given = make_consent(make_photo())
    assert given.is_live_for("pixazo")
    assert not given.is_live_for("fal")


def test_a_consent_ends_on_its_date_and_not_before():
    today = timezone.now().date()
    given = make_consent(make_photo(), keep_until=today)
    assert given.is_live
    assert not given.is_live_for("pixazo", now=timezone.now() + timedelta(days=1))


def test_withdrawal_stops_jobs_returns_holds_and_erases_the_pictures(
    bucket: None, vendor: FakeVendor
):
    photo = make_photo()
    make_consent(photo)
    waiting, sent = make_job(photo=photo), make_job(photo=photo)
    for key in (photo.original_key, photo.prepared_key, photo.thumbnail_key):
        storage.put(key, io.BytesIO(b"x"), content_type="image/png")
    other = make_photo()
    storage.put(other.original_key, io.BytesIO(b"x"), content_type="image/png")
    run("submit")
    consent.withdraw(photo=photo, by=photo.owner)
    run("erase")
    for job in (waiting, sent):
        job.refresh_from_db()
        assert job.state == JobState.CANCELLED
    wallet = ledger.wallet_of(photo.owner)
    assert wallet.held_micros == 0
    assert storage.keys_under(photo.prefix) == []
    assert storage.keys_under(other.prefix) == [other.original_key]
    assert books.lies() == []


def test_a_picture_stored_by_a_call_in_flight_is_erased_too(bucket: None):
    photo = make_photo()
    make_consent(photo)
    consent.withdraw(photo=photo, by=photo.owner)
    run("erase")
    photo.refresh_from_db()
    assert photo.state == PhotoState.ERASING
    storage.put(f"{photo.prefix}results/late.png", io.BytesIO(b"x"), content_type="image/png")
    Photo.objects.update(due_at=timezone.now())
    run("erase")
    photo.refresh_from_db()
    assert photo.state == PhotoState.ERASED
    assert storage.keys_under(photo.prefix) == []


def test_a_tombstone_has_no_title_no_date_and_no_faces(bucket: None):
    faces = [{"x": 1, "y": 1, "width": 9, "height": 9}]
    photo = make_photo(title="Anna 1931", taken="1931-05-17T10:00:00", faces=faces)
    consent.withdraw(photo=photo, by=photo.owner)
    run("erase")
    photo.refresh_from_db()
    assert (photo.title, photo.taken, photo.faces) == ("Erased photo", "", [])


def test_an_erased_photo_takes_no_new_consent_and_no_order():
    photo = make_photo()
    make_consent(photo)
    consent.withdraw(photo=photo, by=photo.owner)
    with pytest.raises(consent.ConsentError):
        make_consent(photo)
    with pytest.raises(order.CannotOrder):
        make_job(photo=photo)


def test_events_of_consent_cannot_be_rewritten():
    make_consent(make_photo())
    with pytest.raises(DatabaseError), transaction.atomic():
        ConsentEvent.objects.update(why="something else")
    with pytest.raises(DatabaseError), transaction.atomic():
        ConsentEvent.objects.all().delete()


def test_a_reviewer_cannot_be_gone_round_with_a_second_statement():
    photo = make_photo()
    make_consent(photo, depicted=("CHILD",))
    with pytest.raises(consent.ConsentError):
        make_consent(photo, depicted=("NOBODY",))
    assert photo.consents.count() == 1


@pytest.mark.parametrize("approve", [True, False])
def test_what_needed_a_reviewer_once_needs_one_again(approve: bool):
    photo = make_photo()
    decide(make_consent(photo, depicted=("CHILD",)), approve=approve)
    again = make_consent(photo, depicted=("NOBODY",))
    assert again.status == ConsentStatus.PENDING_REVIEW


def test_the_same_bytes_uploaded_anew_still_need_the_reviewer(bucket: None):
    photo = make_photo()
    make_consent(photo, depicted=("CHILD",))
    consent.withdraw(photo=photo, by=photo.owner)
    anew = make_photo(owner=photo.owner, sha256=photo.sha256)
    assert make_consent(anew, depicted=("NOBODY",)).status == ConsentStatus.PENDING_REVIEW


def test_a_newer_statement_replaces_the_older_and_unsent_jobs_follow_it():
    photo = make_photo()
    first = make_consent(photo)
    job = make_job(photo=photo)
    second = make_consent(photo, depicted=("ADULT_RELATIVE",))
    first.refresh_from_db()
    job.refresh_from_db()
    assert first.status == ConsentStatus.WITHDRAWN
    assert (job.consent, job.state) == (second, JobState.READY)


def test_a_newer_statement_that_names_a_child_stops_unsent_jobs_uncharged():
    photo = make_photo()
    make_consent(photo)
    job = make_job(photo=photo)
    make_consent(photo, depicted=("CHILD",))
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert ledger.wallet_of(photo.owner).held_micros == 0
    assert books.lies() == []


# --- What is with a vendor already -----------------------------------------------------------
SENT = ["SUBMITTING", "UNKNOWN", "QUEUED", "PROCESSING", "COMPLETED"]


def sent_job(photo: Photo, *, state: str, vendor: str = "pixazo") -> RestorationJob:
    """In this state, with the attempt that brought it there."""
    job = make_job(photo=photo)
    outcome = {"SUBMITTING": AttemptOutcome.OPEN, "UNKNOWN": AttemptOutcome.UNKNOWN}.get(
        state, AttemptOutcome.ACCEPTED
    )
    Attempt.objects.create(
        job=job, number=1, vendor=vendor, token_sha256=uuid.uuid4().hex * 2, outcome=outcome
    )
    RestorationJob.objects.filter(pk=job.pk).update(state=state)
    return job


def test_the_states_in_which_a_copy_may_be_with_a_vendor_are_all_that_are_neither_unsent_nor_over():
    assert set(SENT) == set(JobState.values) - set(UNSENT) - set(TERMINAL)


@pytest.mark.parametrize("state", SENT)
def test_a_statement_that_needs_a_reviewer_waits_until_nothing_is_with_a_vendor(state: str):
    photo = make_photo()
    first = make_consent(photo)
    job = sent_job(photo, state=state)
    with pytest.raises(consent.CannotSay, match="under way"):
        make_consent(photo, depicted=("OTHER",))
    first.refresh_from_db()
    job.refresh_from_db()
    assert (first.status, job.state) == (ConsentStatus.GRANTED, state)
    assert photo.consents.count() == 1
    RestorationJob.objects.update(state=JobState.DELIVERED)
    assert make_consent(photo, depicted=("OTHER",)).status == ConsentStatus.PENDING_REVIEW


@pytest.mark.parametrize("state", SENT)
def test_a_statement_that_allows_what_is_under_way_is_taken_at_once(state: str):
    photo = make_photo()
    make_consent(photo)
    sent_job(photo, state=state)
    assert make_consent(photo, depicted=("DECEASED",)).is_live


@pytest.mark.parametrize("state", SENT)
def test_a_statement_without_the_vendor_that_has_a_copy_waits_until_it_is_done(state: str):
    photo = make_photo()
    make_consent(photo, vendors=("pixazo", "fal"))
    sent_job(photo, state=state, vendor="fal")
    with pytest.raises(consent.CannotSay, match="under way"):
        make_consent(photo)
    assert make_consent(photo, vendors=("pixazo", "fal")).is_live


def test_one_of_many_with_a_vendor_is_named_and_nothing_is_said_of_any():
    owner = make_member()
    photos = [make_photo(owner=owner) for _ in range(2)]
    make_consent(photos[1])
    sent_job(photos[1], state="QUEUED")
    with pytest.raises(consent.CannotSay) as caught:
        give_many(photos, depicted=["OTHER"])
    assert list(caught.value.why) == [photos[1].pk]
    assert Consent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_claim_and_a_statement_that_forbids_it_at_once_are_one_after_the_other(
    vendor: FakeVendor,
):
    """Sent under the first statement, which then stands; or stopped by the second, unsent."""
    for _ in range(20):
        photo = make_photo()
        first = make_consent(photo)
        job = make_job(photo=photo)

        def act(number: int, photo: Photo = photo) -> None:
            if number == 0:
                run("submit")
                return
            with contextlib.suppress(consent.CannotSay):
                make_consent(photo, depicted=("OTHER",))

        at_once(2, act)
        job.refresh_from_db()
        first.refresh_from_db()
        was_sent = job.attempts.exclude(outcome=AttemptOutcome.NOT_ACCEPTED).exists()
        if was_sent:
            assert (job.state, first.status) == (JobState.QUEUED, ConsentStatus.GRANTED)
        else:
            assert (job.state, first.status) == (JobState.CANCELLED, ConsentStatus.WITHDRAWN)
    assert books.lies() == []


def claimed(photo: Photo) -> submit.Work:
    """Its job, at the moment between claim and last look."""
    make_job(photo=photo)
    (work,) = submit.claim(1, timezone.now())
    return work


def test_what_is_being_handed_over_goes_on_under_a_newer_statement_that_allows_it():
    photo = make_photo()
    make_consent(photo)
    work = claimed(photo)
    second = make_consent(photo, depicted=("DECEASED",))
    assert submit.instead_of_call(work, timezone.now()) is None
    work.job.refresh_from_db()
    assert (work.job.state, work.job.consent) == (JobState.SUBMITTING, second)
    told = JobEvent.objects.filter(job=work.job).latest("pk")
    assert (told.to_state, str(second.pk) in told.why) == (JobState.SUBMITTING, True)
    assert consent_proof.findings(timezone.now())[0] == []


@pytest.mark.parametrize(
    "forged",
    [{"vendors": "|fal|"}, {"status": ConsentStatus.PENDING_REVIEW}, {"purpose_restore": False}],
)
def test_under_a_newer_statement_that_does_not_allow_it_nothing_is_handed_over(
    forged: dict[str, Any],
):
    photo = make_photo()
    first = make_consent(photo)
    work = claimed(photo)
    second = make_consent(photo)
    Consent.objects.filter(pk=second.pk).update(**forged)
    never = submit.instead_of_call(work, timezone.now())
    assert never == submit.NeverSent("never sent: no live consent")
    work.job.refresh_from_db()
    assert work.job.consent == first


@pytest.mark.django_db(transaction=True)
def test_a_hand_over_and_a_statement_that_allows_it_at_once_both_come_about(vendor: FakeVendor):
    for _ in range(20):
        photo = make_photo()
        first = make_consent(photo)
        job = make_job(photo=photo)

        def act(number: int, photo: Photo = photo) -> Consent | None:
            if number == 0:
                run("submit")
                return None
            return make_consent(photo, depicted=("DECEASED",))

        (second,) = filter(None, at_once(2, act))
        run("submit")  # a claim passes over a job that is locked at this moment
        job.refresh_from_db()
        first.refresh_from_db()
        assert (job.state, first.status) == (JobState.QUEUED, ConsentStatus.WITHDRAWN)
        assert job.consent in (first, second)
        assert job.attempts.count() == 1
    assert consent_proof.findings(timezone.now())[0] == []


# --- Several photos, and another notice -------------------------------------------------------
def give_many(photos: list[Photo], **said: Any) -> list[Consent]:
    return consent.give_many(
        **{
            "photos": photos,
            "by": photos[0].owner,
            "session_key": "session",
            "notice": the_notice(),
            "notice_language": "en",
            "words": Words(("pixazo",)),
            "depicted": ["MYSELF"],
            "basis": "",
            "vendors": ["pixazo"],
            "keep_until": None,
            **said,
        }
    )


def test_of_many_only_the_bytes_that_needed_a_reviewer_before_need_one_again():
    owner = make_member()
    before, other = make_photo(owner=owner), make_photo(owner=owner)
    given = make_consent(before, depicted=("CHILD",))
    consent.change(given, ConsentStatus.APPROVED, make_member(), "")
    statuses = {one.photo_id: one.status for one in give_many([before, other])}
    assert statuses == {before.pk: "PENDING_REVIEW", other.pk: "GRANTED"}


def test_when_one_of_many_cannot_be_spoken_for_none_is():
    owner = make_member()
    photos = [make_photo(owner=owner), make_photo(owner=owner, state=PhotoState.ERASED)]
    with pytest.raises(consent.ConsentError):
        give_many(photos)
    assert not Consent.objects.exists()


def test_what_was_read_before_a_newer_notice_came_out_is_not_recorded():
    photo, notice = make_photo(), the_notice()
    publish_notice()
    with pytest.raises(consent.NoticeChanged):
        give_many([photo], notice=notice)
    assert not Consent.objects.exists()


def test_under_an_older_notice_what_is_ordered_goes_on_and_new_work_asks_again(vendor: FakeVendor):
    photo = make_photo()
    given = make_consent(photo)
    job = make_job(photo=photo)
    publish_notice()
    assert given.is_live
    with pytest.raises(order.CannotOrder, match="notice has changed"):
        make_job(photo=photo)
    run("submit")
    job.refresh_from_db()
    assert job.state == JobState.QUEUED
    make_consent(photo)
    make_job(photo=photo)


def test_what_waits_for_a_reviewer_can_be_said_again_under_a_newer_notice_and_goes_on_waiting():
    photo = make_photo()
    first = make_consent(photo, depicted=("CHILD",))
    job = make_job(photo=photo)
    publish_notice()
    second = make_consent(photo, depicted=("CHILD",))
    first.refresh_from_db()
    job.refresh_from_db()
    assert (first.status, second.status) == ("WITHDRAWN", "PENDING_REVIEW")
    assert (job.state, job.consent) == (JobState.AWAITING_CONSENT, second)


def test_a_question_of_a_reviewers_is_answered_not_gone_round():
    photo = make_photo()
    given = make_consent(photo, depicted=("CHILD",))
    consent.change(given, ConsentStatus.QUESTIONED, make_member(), "")
    with pytest.raises(consent.ConsentError):
        make_consent(photo, depicted=("NOBODY",))
    assert make_job(photo=photo).state == JobState.AWAITING_CONSENT

"""steps.share: a link shows one picture for a few days, and nothing the moment it must not."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from jobs.models import Consent, RestorationJob, Share
from jobs.steps import consent as consent_step
from jobs.steps import export, leave, share, trash
from tests.builders import make_consent, make_member, make_photo
from tests.fakes import FakeVendor
from tests.jobs.steps.test_not_them import restored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]


@pytest.fixture
def job(vendor: FakeVendor) -> RestorationJob:
    """A result, of a photo that may be kept for two more days."""
    photo = make_photo()
    make_consent(photo, keep_until=timezone.now().date() + timedelta(days=2))
    return restored(vendor, photo)


def make(job: RestorationJob, **said: Any) -> tuple[Share, str]:
    wanted = {"days": 7, "with_original": False, "with_title": False, **said}
    wanted.setdefault("click_key", uuid.uuid4())
    return share.make(job=job, now=timezone.now(), **wanted)


def look(token: str, *, viewer: User | None = None, counts: bool = True) -> Share | None:
    return share.look(token=token, viewer=viewer, counts=counts, now=timezone.now())


def test_a_link_shows_its_result_and_its_token_is_kept_nowhere(job: RestorationJob):
    made, token = make(job)
    found = look(token)
    assert found == made
    assert len(token) >= 43  # 256 bits
    assert token not in json.dumps(list(Share.objects.values()), default=str)
    assert look(token + "x") is None


def test_it_counts_who_looks_but_its_owner_and_programs_that_ask_for_the_head(job: RestorationJob):
    made, token = make(job)
    look(token)
    look(token, viewer=make_member())
    look(token, viewer=job.owner)
    look(token, counts=False)
    made.refresh_from_db()
    assert made.views == 2
    assert made.last_seen_at is not None


def test_the_same_click_makes_one_link_and_another_form_or_wish_another(job: RestorationJob):
    key = uuid.uuid4()
    made = [make(job, click_key=key) for _ in range(2)]
    assert made[0] == made[1]
    others = [make(job, click_key=key, days=1), make(job)]
    assert len({token for _, token in [*made, *others]}) == Share.objects.count() == 3


def test_a_click_sent_again_when_its_link_is_ended_makes_none(job: RestorationJob):
    key = uuid.uuid4()
    make(job, click_key=key)
    revoke(job)
    with pytest.raises(share.AlreadyEnded):
        make(job, click_key=key)
    assert Share.objects.count() == 1


def revoke(job: RestorationJob) -> None:
    share.revoke(share=Share.objects.get(), now=timezone.now())


def put_into_trash(job: RestorationJob) -> None:
    trash.put(photo=job.photo, by=job.owner)


def there_and_back(job: RestorationJob) -> None:
    put_into_trash(job)
    trash.put_back(photo=job.photo, by=job.owner)


def withdraw(job: RestorationJob) -> None:
    consent_step.withdraw(photo=job.photo, by=job.owner)


def erase(job: RestorationJob) -> None:
    put_into_trash(job)
    trash.erase_now(photo=job.photo, by=job.owner)


def leave_the_site(job: RestorationJob) -> None:
    leave.leave(member=job.owner, gives_up_micros=10_000_000)


def ask_a_reviewer(job: RestorationJob) -> None:
    make_consent(job.photo, depicted=("OTHER",))


def say_it_anew_until_yesterday(job: RestorationJob) -> None:
    Consent.objects.update(keep_until=timezone.now().date() - timedelta(days=1))


@pytest.mark.parametrize(
    "end",
    [
        revoke,
        put_into_trash,
        there_and_back,
        withdraw,
        erase,
        leave_the_site,
        ask_a_reviewer,
        say_it_anew_until_yesterday,
    ],
)
def test_it_shows_nothing_from_the_moment_that_it_must_not(
    job: RestorationJob, end: Callable[[RestorationJob], None]
):
    _, token = make(job)
    assert look(token) is not None
    end(job)
    assert look(token) is None


def test_it_ends_on_its_day(job: RestorationJob):
    Consent.objects.update(keep_until=None)
    made, token = make(job, days=1)
    with time_machine.travel(made.expires_at - timedelta(seconds=1), tick=False):
        assert look(token) is not None
    with time_machine.travel(made.expires_at, tick=False):
        assert look(token) is None


def test_the_photos_own_last_day_ends_it_before_any_sweep_does(job: RestorationJob):
    _, token = make(job, days=7)
    with time_machine.travel(timezone.now() + timedelta(days=3)):
        assert look(token) is None
        assert Share.objects.get().revoked_at is None


@pytest.mark.parametrize("why", ["no picture", "no consent", "too many", "days"])
def test_what_can_not_be_shared_is_not(job: RestorationJob, why: str, settings: Any):
    if why == "no picture":
        RestorationJob.objects.update(state="ERROR")
    if why == "no consent":
        ask_a_reviewer(job)
    if why == "too many":
        settings.LINKS_TO_A_PHOTO = 1
        make(job)
    before = Share.objects.count()
    with pytest.raises(share.CannotShare):
        make(job, days=365 if why == "days" else 1)
    assert Share.objects.count() == before


def test_all_my_data_lists_them(job: RestorationJob):
    make(job, with_original=True)
    file = zipfile.ZipFile(io.BytesIO(b"".join(export.stream(job.owner))))
    (mine,) = json.loads(file.read("jobs.json"))
    (link,) = mine["links"]
    assert (link["with_original"], link["opened"], link["ended_by_you"]) == (True, 0, None)

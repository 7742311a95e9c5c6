"""steps.orphans: what lies in S3 and belongs to no photo goes, and nothing else."""

from __future__ import annotations

import io
import uuid
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from accounts.models import Letter
from jobs import storage
from jobs.models import PhotoState
from jobs.steps import orphans
from tests.builders import make_photo, run
from tests.staff import client_of, make_clerk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]


def put(*keys: str) -> None:
    for key in keys:
        storage.put(key, io.BytesIO(b"picture"), content_type="image/png")


def test_what_no_photo_has_goes_after_a_day_whole_and_all_else_stays():
    photo, ending = make_photo(), make_photo(state=PhotoState.ERASING)
    lost = f"photos/{uuid.uuid4()}/"
    kept = {photo.original_key, ending.original_key, "photos/readme/x", "backups/y"}
    put(f"{lost}original", f"{lost}results/1.png", *kept)
    now = timezone.now()
    assert orphans.erase(now).erased_count == 0  # an upload may be under way
    assert storage.keys_under(lost)
    assert orphans.erase(now + timedelta(days=1, minutes=1)).erased_count == 1
    assert set(storage.keys_under("")) == kept


def test_what_was_stored_for_a_photo_after_its_erasure_goes_too():
    """By a worker that was slow, and was killed before it could say so."""
    tombstone = make_photo(state=PhotoState.ERASED)
    put(f"{tombstone.prefix}results/late.png")
    assert orphans.erase(timezone.now() + timedelta(days=2)).erased_count == 1
    assert storage.keys_under("") == []


def test_an_orphan_to_which_something_was_added_lately_waits():
    lost = f"photos/{uuid.uuid4()}/"
    put(f"{lost}original")
    assert orphans.erase(timezone.now() + timedelta(hours=23)).erased_count == 0
    assert storage.keys_under(lost)


def test_many_orphans_are_a_wrong_database_and_all_stay(caplog: pytest.LogCaptureFixture):
    put(*(f"photos/{uuid.uuid4()}/original" for _ in range(21)))
    check = orphans.erase(timezone.now() + timedelta(days=2))
    assert (check.erased_count, check.left_count, len(check.left)) == (0, 21, 21)
    assert len(storage.keys_under("photos/")) == 21
    assert "21 folders in S3 belong to no photo of this database" in caplog.text


def test_staff_are_told_once_of_many_and_again_when_there_are_many_again():
    clerk = make_clerk()
    later = timezone.now() + timedelta(days=2)
    put(*(f"photos/{uuid.uuid4()}/original" for _ in range(21)))
    for _ in range(3):
        orphans.erase(later)
    (letter,) = Letter.objects.filter(kind="orphans_left")
    assert letter.to == clerk
    assert (letter.context["count"], len(letter.context["folders"])) == (21, 5)
    client = client_of(clerk)
    for name in ("desk", "desk_overview"):
        assert "21 folders belong to no photo" in client.get(reverse(name)).content.decode()
    run("send")
    (sent,) = mail.outbox
    assert "erase_orphans --all" in sent.body
    assert letter.context["folders"][0] in sent.body

    assert orphans.erase(later, however_many=True).erased_count == 21
    assert storage.keys_under("photos/") == []
    assert "belong to no photo" not in client.get(reverse("desk")).content.decode()
    put(*(f"photos/{uuid.uuid4()}/original" for _ in range(21)))
    orphans.erase(later)
    assert Letter.objects.filter(kind="orphans_left").count() == 2


def test_the_command_looks_and_erases_only_when_told_to():
    photo = make_photo()
    lost = [f"photos/{uuid.uuid4()}/" for _ in range(21)]
    put(photo.original_key, *(f"{folder}original" for folder in lost))
    said = io.StringIO()
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        call_command("erase_orphans", stdout=said)
        assert set(lost) < set(said.getvalue().splitlines())
        assert "21 folders belong to none of the 1 photos" in said.getvalue()
        assert len(storage.keys_under("photos/")) == 22
        call_command("erase_orphans", "--all", stdout=said)
    assert "21 folders erased." in said.getvalue()
    assert storage.keys_under("photos/") == [photo.original_key]

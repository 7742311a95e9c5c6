"""steps.orphans: what lies in S3 and belongs to no photo goes, and nothing else."""

from __future__ import annotations

import io
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from jobs import storage
from jobs.models import PhotoState
from jobs.steps import orphans
from tests.builders import make_photo

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
    assert orphans.erase(now) == 0  # an upload may be under way
    assert storage.keys_under(lost)
    assert orphans.erase(now + timedelta(days=1, minutes=1)) == 1
    assert set(storage.keys_under("")) == kept


def test_what_was_stored_for_a_photo_after_its_erasure_goes_too():
    """By a worker that was slow, and was killed before it could say so."""
    tombstone = make_photo(state=PhotoState.ERASED)
    put(f"{tombstone.prefix}results/late.png")
    assert orphans.erase(timezone.now() + timedelta(days=2)) == 1
    assert storage.keys_under("") == []


def test_an_orphan_to_which_something_was_added_lately_waits():
    lost = f"photos/{uuid.uuid4()}/"
    put(f"{lost}original")
    assert orphans.erase(timezone.now() + timedelta(hours=23)) == 0
    assert storage.keys_under(lost)


def test_many_orphans_are_a_wrong_database_and_all_stay(caplog: pytest.LogCaptureFixture):
    put(*(f"photos/{uuid.uuid4()}/original" for _ in range(21)))
    assert orphans.erase(timezone.now() + timedelta(days=2)) == 0
    assert len(storage.keys_under("photos/")) == 21
    assert "21 folders in S3 belong to no photo of this database" in caplog.text

"""What a page or the clock looks for again and again is found by an index, not by reading all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from jobs.models import Consent, Photo

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="partial indexes by a list of states"
    ),
]


def looked_for() -> dict[str, Any]:
    now = timezone.now()
    return {
        "consents_to_review": Consent.objects.waiting().oldest_first()[:25],
        "consents_with_a_last_day": Consent.objects.standing()
        .filter(keep_until__lt=now.date())
        .order_by("keep_until"),
        "consents_about_these_bytes": Consent.objects.filter(photo_sha256__in=["0" * 64]),
        "photos_in_trash": Photo.objects.in_trash()
        .filter(trashed_at__lte=now - timedelta(days=30))
        .order_by("trashed_at"),
    }


@pytest.mark.parametrize("index", looked_for())
def test_it_is_found_by_its_index(index: str):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # a few rows are read quicker as they lie
    assert index in looked_for()[index].explain()

"""What the tests of `steps.intake` share: an upload, and what came of it."""

from __future__ import annotations

import io

import pytest

from accounts.models import User
from jobs import storage
from jobs.models import Photo
from jobs.steps import intake
from tests.builders import make_member


def receive(data: bytes, *, name: str = "Grandmother.jpg") -> Photo:
    return intake.receive(
        owner=make_member(), file=io.BytesIO(data), name=name, byte_size=len(data)
    )


def refusal(data: bytes, *, name: str = "Grandmother.jpg") -> str:
    """The words that the member reads."""
    with pytest.raises(intake.Refused) as problem:
        receive(data, name=name)
    return str(problem.value)


def objects() -> list[str]:
    """Every key in the bucket."""
    return storage.keys_under("")


def shown_to_members() -> bool:
    return any(
        rows.exists()
        for owner in User.objects.all()
        for rows in (
            Photo.objects.for_member(owner),
            Photo.objects.filter(owner=owner).with_pictures(),
            Photo.objects.filter(owner=owner).visible(),
        )
    )

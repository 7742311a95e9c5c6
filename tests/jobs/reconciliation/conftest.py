"""Who reconciles the vendor's bill."""

from __future__ import annotations

import pytest

from accounts.models import User
from tests.builders import make_member


@pytest.fixture
def clerk() -> User:
    return make_member(micros=0, is_staff=True)

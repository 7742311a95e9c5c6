"""A test's own transaction is never committed, so what waits for that happens at once here."""

from __future__ import annotations

import pytest
from django.db import transaction


@pytest.fixture
def rings(rings: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The doorbells rung, by step. That they wait for the commit is test_doorbell's question."""
    monkeypatch.setattr(transaction, "on_commit", lambda func, using=None, robust=False: func())
    return rings

"""What the tests of `jobs.breaker` share: a vendor's refusals, and what the house wrote down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
from django.utils import timezone

from jobs.models import (
    Breaker,
    BreakerEvent,
    BreakerEventKind,
    RestorationJob,
)

K = BreakerEventKind


def answers(status: int, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: httpx.Response(status, json={"error": "No"}, headers=headers)


def diary() -> list[str]:
    return list(BreakerEvent.objects.order_by("pk").values_list("kind", flat=True))


def states() -> list[str]:
    return list(RestorationJob.objects.order_by("created_at").values_list("state", flat=True))


def row() -> Breaker:
    return Breaker.objects.get(vendor="pixazo")


def stop(**fields: Any) -> None:
    now = timezone.now()
    defaults = {"state": "OPEN", "opened_at": now, "probe_at": now + timedelta(hours=1)}
    Breaker.objects.create(vendor="pixazo", http_status=402, **{**defaults, **fields})

"""jobs.rates: so often a minute and no more; without Redis everything may."""

from __future__ import annotations

from typing import Any

import pytest
from redis.exceptions import ConnectionError as NoRedis

from jobs import rates


class Counter:
    """As much of Redis as counting takes."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.kept: list[int] = []

    def set(self, key: str, value: int, *, nx: bool, ex: int) -> None:
        assert nx
        self.kept.append(ex)
        self.counts.setdefault(key, value)

    def incr(self, key: str) -> int:
        self.counts[key] += 1
        return self.counts[key]


class Broken(Counter):
    def set(self, *_: Any, **__: Any) -> None:
        raise NoRedis


def use(monkeypatch: pytest.MonkeyPatch, connection: Counter) -> None:
    queue = type("Queue", (), {"connection": connection})
    monkeypatch.setattr("jobs.rates.django_rq.get_queue", lambda name: queue)


def test_each_name_is_counted_by_itself_for_a_minute(monkeypatch: pytest.MonkeyPatch):
    redis = Counter()
    use(monkeypatch, redis)
    assert [rates.within("one", most=2) for _ in range(3)] == [True, True, False]
    assert rates.within("other", most=2)
    assert set(redis.kept) == {60}


def test_without_redis_everything_may(monkeypatch: pytest.MonkeyPatch):
    use(monkeypatch, Broken())
    assert all(rates.within("one", most=0) for _ in range(3))

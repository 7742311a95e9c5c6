"""jobs.turns: one at a time; nobody is kept waiting by a process that died, or by a dead Redis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import django_rq
import fakeredis
import pytest
from redis.client import Pipeline

from jobs.turns import Turn


@pytest.mark.usefixtures("redis_server")
def test_the_second_waits_until_the_first_has_ended():
    first, second = Turn("export:1", seconds=60), Turn("export:1", seconds=60)
    assert first.begin()
    assert not second.begin()
    assert Turn("export:2", seconds=60).begin()
    first.end()
    assert second.begin()


@pytest.mark.usefixtures("redis_server")
def test_a_turn_that_nobody_renews_ends_by_itself_and_cannot_end_the_next_ones():
    dead, living = Turn("export:1", seconds=60), Turn("export:1", seconds=60)
    assert dead.begin()
    redis = django_rq.get_queue("quick").connection
    assert 0 < redis.ttl("heirloom:turn:export:1") <= 60
    redis.expire("heirloom:turn:export:1", 5)
    dead.renew()
    assert redis.ttl("heirloom:turn:export:1") > 5
    redis.delete("heirloom:turn:export:1")  # as if its time were over
    assert living.begin()
    dead.end()
    assert not Turn("export:1", seconds=60).begin()


@pytest.mark.usefixtures("redis_server")
def test_a_turn_that_has_passed_on_is_not_renewed_by_whom_it_left():
    dead, living = Turn("export:1", seconds=60), Turn("export:1", seconds=5)
    redis = django_rq.get_queue("quick").connection
    assert dead.begin()
    redis.delete("heirloom:turn:export:1")  # as if its time were over
    assert living.begin()
    dead.renew()
    assert redis.ttl("heirloom:turn:export:1") <= 5


@pytest.mark.parametrize("deed", [Turn.renew, Turn.end])
@pytest.mark.usefixtures("redis_server")
def test_nor_when_it_passes_on_between_the_look_and_the_deed(
    deed: Callable[[Turn], None], monkeypatch: pytest.MonkeyPatch
):
    late, next_one = Turn("export:1", seconds=60), Turn("export:1", seconds=5)
    redis = django_rq.get_queue("quick").connection
    assert late.begin()

    def get(self: Any, key: str) -> Any:
        found = self.execute_command("GET", key)
        if redis.execute_command("GET", key) == late._token:
            redis.delete(key)
            assert next_one.begin()
        return found

    for client in (type(redis), Pipeline):
        monkeypatch.setattr(client, "get", get)
    deed(late)
    assert redis.execute_command("GET", "heirloom:turn:export:1") == next_one._token
    assert redis.ttl("heirloom:turn:export:1") <= 5


def test_without_redis_everybody_has_a_turn(redis_server: fakeredis.FakeServer):
    redis_server.connected = False
    for _ in range(2):
        turn = Turn("export:1", seconds=60)
        assert turn.begin()
        turn.renew()
        turn.end()

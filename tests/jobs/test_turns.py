"""jobs.turns: one at a time; nobody is kept waiting by a process that died, or by a dead Redis."""

from __future__ import annotations

import django_rq
import fakeredis
import pytest

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


def test_without_redis_everybody_has_a_turn(redis_server: fakeredis.FakeServer):
    redis_server.connected = False
    for _ in range(2):
        turn = Turn("export:1", seconds=60)
        assert turn.begin()
        turn.renew()
        turn.end()

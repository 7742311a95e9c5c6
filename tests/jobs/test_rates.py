"""jobs.rates: so often a minute and no more; without Redis everything may."""

from __future__ import annotations

import fakeredis

from jobs import rates


def test_each_name_is_counted_by_itself_for_a_minute(redis_server: fakeredis.FakeServer):
    redis = fakeredis.FakeRedis(server=redis_server)
    assert [rates.within("one", most=2) for _ in range(3)] == [True, True, False]
    assert rates.within("other", most=2)
    assert [redis.ttl(f"heirloom:rate:{name}") for name in ("one", "other")] == [60, 60]


def test_a_count_goes_on_in_its_minute_and_does_not_begin_another(
    redis_server: fakeredis.FakeServer,
):
    redis = fakeredis.FakeRedis(server=redis_server)
    rates.within("one", most=2)
    redis.expire("heirloom:rate:one", 20)
    rates.within("one", most=2)
    assert redis.ttl("heirloom:rate:one") == 20


def test_a_count_that_was_left_without_an_end_gets_one(redis_server: fakeredis.FakeServer):
    """Whoever counted first was killed before saying for how long."""
    redis = fakeredis.FakeRedis(server=redis_server)
    redis.set("heirloom:rate:one", 2)
    assert not rates.within("one", most=2)
    assert redis.ttl("heirloom:rate:one") == 60


def test_without_redis_everything_may(redis_server: fakeredis.FakeServer):
    redis_server.connected = False
    assert all(rates.within("one", most=0) for _ in range(3))

"""One thing at a time: a turn that one request holds while others are told to wait.

Kept in Redis, beside the doorbells, for as long as it is renewed; a process that is killed lets go
by not renewing. It only spares the house work, so without Redis everybody gets a turn.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable

import django_rq
from redis.client import Pipeline
from redis.exceptions import RedisError

from jobs.queues import QUICK

log = logging.getLogger(__name__)


class Turn:
    """Held until `end`, or until nobody has renewed it for `seconds`."""

    def __init__(self, name: str, *, seconds: int) -> None:
        self._key, self._seconds = f"heirloom:turn:{name}", seconds
        self._token = secrets.token_hex(8).encode()

    def begin(self) -> bool:
        """False when somebody else has it."""
        try:
            connection = django_rq.get_queue(QUICK).connection
            return bool(connection.set(self._key, self._token, nx=True, ex=self._seconds))
        except (RedisError, OSError) as problem:
            log.warning("no turns are kept: %s", problem)
            return True

    def renew(self) -> None:
        """Does nothing to a turn that has passed on meanwhile."""
        try:
            self._if_ours(lambda redis: redis.expire(self._key, self._seconds))
        except (RedisError, OSError) as problem:
            log.warning("a turn was not renewed: %s", problem)

    def end(self) -> None:
        """Let others in. Does nothing to a turn that has passed on meanwhile."""
        try:
            self._if_ours(lambda redis: redis.delete(self._key))
        except (RedisError, OSError) as problem:
            log.warning("a turn was not given back: %s", problem)

    def _if_ours(self, act: Callable[[Pipeline], object]) -> None:
        """Redis refuses what follows the look, and we look again, if the turn passed on between."""

        def look_and_act(redis: Pipeline) -> None:
            is_ours = redis.get(self._key) == self._token
            redis.multi()
            if is_ours:
                act(redis)

        django_rq.get_queue(QUICK).connection.transaction(look_and_act, self._key)

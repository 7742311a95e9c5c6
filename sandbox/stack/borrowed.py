"""A corner of one's own on database servers that are running anyway, left as it was found."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
from psycopg import sql

from sandbox.stack.errors import StackError

CLAIM = "heirloom:borrowed"
CLAIM_SECONDS = 3600
PATIENCE_SECONDS = 60  # a busy server may take its time


@contextmanager
def postgres_database(server: str) -> Iterator[str]:
    """The URL of a new, empty database beside the one in `server`; dropped at the end.

    Raises StackError when the server does not answer.
    """
    name = f"heirloom_{secrets.token_hex(6)}"
    parts = urlsplit(server)
    admin = urlunsplit(parts._replace(scheme="postgresql", path="/postgres"))
    try:
        with psycopg.connect(
            admin, autocommit=True, connect_timeout=PATIENCE_SECONDS
        ) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except psycopg.OperationalError as problem:
        raise StackError(f"The PostgreSQL at {parts.hostname} does not answer.") from problem
    try:
        yield urlunsplit(parts._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(
            admin, autocommit=True, connect_timeout=PATIENCE_SECONDS
        ) as connection:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(name)))


@contextmanager
def redis_database(server: str) -> Iterator[str]:
    """The URL of an empty numbered database, never 0, on the server; emptied at the end.

    Raises StackError when all are in use, or the server does not answer.
    """
    parts = urlsplit(server)
    for number in range(1, 16):
        url = urlunsplit(parts._replace(path=f"/{number}"))
        client = redis.Redis.from_url(url, socket_timeout=PATIENCE_SECONDS)
        try:
            if client.dbsize() or not client.set(CLAIM, 1, nx=True, ex=CLAIM_SECONDS):
                continue
        except redis.ResponseError:  # the server has fewer databases
            break
        except (redis.ConnectionError, redis.TimeoutError) as problem:
            raise StackError(f"The Redis at {parts.hostname} does not answer.") from problem
        try:
            yield url
        finally:
            client.flushdb()
            client.close()
        return
    raise StackError(f"Every numbered database of the Redis at {parts.hostname} is in use.")

"""The embedded stores are the real things: S3 with signatures, Redis that keeps, PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import httpx
import psycopg
import pytest
import redis
from botocore.config import Config

from sandbox.postgres import running_postgres
from sandbox.stack import ports

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60.0  # on a busy machine
pytestmark = pytest.mark.processes


@contextmanager
def started(module: str, port: int, **environ: str) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while ports.is_free(port):
            assert process.poll() is None, f"{module} ended at its start"
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def s3_client(port: int, secret: str = "secret-of-the-test") -> Any:
    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="test",
        aws_secret_access_key=secret,
        region_name="us-east-1",
        config=Config(signature_version="s3v4", retries={"total_max_attempts": 5}),
    )


@contextmanager
def s3(var: Path) -> Iterator[int]:
    port = ports.pick(taken=set())
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "secret-of-the-test"}
    with started("sandbox.s3", port, S3_PORT=str(port), VAR_DIR=str(var), **keys):
        yield port


@pytest.fixture(scope="module")
def s3_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with s3(tmp_path_factory.mktemp("s3")) as port:
        client = s3_client(port)
        client.create_bucket(Bucket="pictures")
        client.put_object(Bucket="pictures", Key="a/photo.jpg", Body=b"picture")
        yield port


def presigned(port: int, key: str = "a/photo.jpg", *, seconds: int) -> str:
    what = {"Bucket": "pictures", "Key": key}
    url: str = s3_client(port).generate_presigned_url("get_object", Params=what, ExpiresIn=seconds)
    return url


def given(address: str) -> httpx.Response:
    return httpx.get(address, timeout=PATIENCE_SECONDS)


def test_a_presigned_address_gives_the_picture(s3_port: int):
    answer = given(presigned(s3_port, seconds=60))
    assert (answer.status_code, answer.content) == (200, b"picture")


def test_an_address_dies_when_its_time_is_over(s3_port: int):
    url = presigned(s3_port, seconds=1)
    time.sleep(2.1)
    assert given(url).status_code == 403


def test_nothing_is_given_without_a_signature(s3_port: int):
    base = f"http://127.0.0.1:{s3_port}/pictures"
    assert given(f"{base}/a/photo.jpg").status_code == 403
    assert given(f"{base}?list-type=2").status_code == 403
    assert httpx.put(f"{base}/b.jpg", content=b"x", timeout=PATIENCE_SECONDS).status_code == 403


def test_a_changed_address_is_refused(s3_port: int):
    url = presigned(s3_port, seconds=60).replace("photo.jpg", "other.jpg")
    assert given(url).status_code == 403


def test_a_wrong_secret_is_refused(s3_port: int):
    with pytest.raises(Exception, match="SignatureDoesNotMatch"):
        s3_client(s3_port, secret="guessed").list_objects_v2(Bucket="pictures")


def test_s3_finds_its_pictures_after_a_restart_on_another_port(tmp_path: Path):
    with s3(tmp_path) as port:
        client = s3_client(port)
        client.create_bucket(Bucket="pictures")
        client.put_object(Bucket="pictures", Key="kept.jpg", Body=b"kept")
    with s3(tmp_path) as port:
        # Asked in its first moments, the store may not have heard of its own volumes yet; it then
        # answers 500 for a few seconds.
        address = presigned(port, "kept.jpg", seconds=600)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (answer := given(address)).status_code == 500:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    assert (answer.status_code, answer.content) == (200, b"kept")


def test_redis_finds_its_keys_after_a_restart(tmp_path: Path):
    for expected in (None, b"kept"):
        port = ports.pick(taken=set())
        with started("sandbox.redis", port, REDIS_PORT=str(port), VAR_DIR=str(tmp_path)):
            client = redis.Redis(port=port, socket_timeout=PATIENCE_SECONDS)
            assert client.get("key") == expected
            client.set("key", "kept")


def test_an_embedded_postgresql_starts_answers_and_leaves_nothing():
    with running_postgres() as url:
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT current_user, version()").fetchone()
        assert row is not None
        assert row[0] == "postgres"
        assert "PostgreSQL" in row[1]
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)

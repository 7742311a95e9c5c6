"""The only door to S3. The bucket is private; everything is seen through presigned addresses.

Four clients: one for our own traffic; two that try once, for pages that somebody waits for (one
brings an upload, a hasty one deletes); and one that signs addresses under the name by which
browsers and the vendor reach the same store (S3_PUBLIC_ENDPOINT_URL).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, BinaryIO, Literal
from urllib.parse import quote

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.response import StreamingBody
from django.conf import settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PROBLEMS = (BotoCoreError, ClientError, Boto3Error)
PIECE_BYTES = 64 * 1024
# In one request, whatever its size: what breaks off leaves nothing, not even hidden parts.
IN_ONE = TransferConfig(use_threads=False, multipart_threshold=5 * 1024**3)
ONE_THREAD = TransferConfig(use_threads=False)


class StorageUnavailable(Exception):
    """The store did not do what we asked. Trying again can help."""


class NotStored(StorageUnavailable):
    """The store answered, and has no such object."""


def put(key: str, file: BinaryIO, *, content_type: str, in_a_hurry: bool = False) -> None:
    """Store a file under a key. Raises StorageUnavailable.

    `in_a_hurry` is for a page that somebody waits for: one try.
    """
    client = _upload_client() if in_a_hurry else _client()
    try:
        client.upload_fileobj(
            file,
            settings.S3_BUCKET,
            key,
            ExtraArgs={"ContentType": content_type},
            Config=IN_ONE,
        )
    except PROBLEMS as problem:
        raise StorageUnavailable(f"storing {key} failed: {problem}") from problem


def get(key: str, into: BinaryIO) -> None:
    """Fetch an object into a file. Raises NotStored, StorageUnavailable."""
    try:
        _client().download_fileobj(settings.S3_BUCKET, key, into, Config=ONE_THREAD)
    except PROBLEMS as problem:
        if isinstance(problem, ClientError) and _status(problem) == 404:
            raise NotStored(f"there is no {key}") from None
        raise StorageUnavailable(f"fetching {key} failed: {problem}") from problem


def stream(key: str) -> Iterator[bytes]:
    """An object's bytes in pieces, of which one is held at a time.

    Raises NotStored or StorageUnavailable at once for what can't be had; StorageUnavailable while
    it goes on, when it breaks off.
    """
    try:
        body = _client().get_object(Bucket=settings.S3_BUCKET, Key=key)["Body"]
    except _client().exceptions.NoSuchKey:
        raise NotStored(f"there is no {key}") from None
    except PROBLEMS as problem:
        raise StorageUnavailable(f"fetching {key} failed: {problem}") from problem
    return _pieces(key, body)


def _pieces(key: str, body: StreamingBody) -> Iterator[bytes]:
    try:
        yield from body.iter_chunks(PIECE_BYTES)
    except (*PROBLEMS, OSError) as problem:
        raise StorageUnavailable(f"fetching {key} broke off: {problem}") from problem
    finally:
        body.close()


def keys_under(prefix: str) -> list[str]:
    """Every key that begins with a prefix. Raises StorageUnavailable."""
    try:
        pages = (
            _client()
            .get_paginator("list_objects_v2")
            .paginate(Bucket=settings.S3_BUCKET, Prefix=prefix)
        )
        return [item["Key"] for page in pages for item in page.get("Contents", [])]
    except PROBLEMS as problem:
        raise StorageUnavailable(f"listing {prefix} failed: {problem}") from problem


def folders(prefix: str) -> Iterator[list[str]]:
    """What lies right under a prefix, page by page, each with its slash.

    Raises StorageUnavailable.
    """
    pages = _client().get_paginator("list_objects_v2")
    try:
        for page in pages.paginate(Bucket=settings.S3_BUCKET, Prefix=prefix, Delimiter="/"):
            yield [one["Prefix"] for one in page.get("CommonPrefixes", [])]
    except PROBLEMS as problem:
        raise StorageUnavailable(f"listing {prefix} failed: {problem}") from problem


def newest_under(prefix: str) -> datetime | None:
    """When something was last stored under a prefix (of its first thousand objects).

    None when nothing is there. Raises StorageUnavailable.
    """
    try:
        page = _client().list_objects_v2(Bucket=settings.S3_BUCKET, Prefix=prefix)
    except PROBLEMS as problem:
        raise StorageUnavailable(f"listing {prefix} failed: {problem}") from problem
    return max((item["LastModified"] for item in page.get("Contents", [])), default=None)


def delete(*keys: str, in_a_hurry: bool = False) -> None:
    """Delete objects; those that aren't there are no error. Raises StorageUnavailable.

    `in_a_hurry` is for a page that somebody waits for: one try, of a few seconds.
    """
    client = _hasty_client() if in_a_hurry else _client()
    try:
        for key in keys:
            client.delete_object(Bucket=settings.S3_BUCKET, Key=key)
    except PROBLEMS as problem:
        raise StorageUnavailable(f"deleting failed: {problem}") from problem


def erase(prefix: str) -> int:
    """Delete everything under a prefix; returns how many objects. Raises StorageUnavailable."""
    keys = keys_under(prefix)
    delete(*keys)
    return len(keys)


def address(key: str, *, seconds: int, download_name: str | None = None) -> str:
    """A presigned GET address that dies after `seconds`. No network is used.

    With `download_name` the browser saves the file under that name instead of showing it.
    """
    params = {"Bucket": settings.S3_BUCKET, "Key": key}
    if download_name:
        params["ResponseContentDisposition"] = (
            f"attachment; filename*=UTF-8''{quote(download_name, safe='')}"
        )
    return _public_client().generate_presigned_url("get_object", Params=params, ExpiresIn=seconds)


def ensure_bucket() -> None:
    """Make the bucket if it isn't there. Raises StorageUnavailable."""
    try:
        _client().head_bucket(Bucket=settings.S3_BUCKET)
        return
    except ClientError as problem:
        if _status(problem) != 404:
            raise StorageUnavailable(str(problem)) from problem
    except BotoCoreError as problem:
        raise StorageUnavailable(str(problem)) from problem
    try:
        _client().create_bucket(Bucket=settings.S3_BUCKET)
    except PROBLEMS as problem:
        raise StorageUnavailable(str(problem)) from problem


def check() -> None:
    """Raises StorageUnavailable unless the bucket answers."""
    try:
        _client().head_bucket(Bucket=settings.S3_BUCKET)
    except PROBLEMS as problem:
        raise StorageUnavailable(str(problem)) from problem


def _status(problem: ClientError) -> int | None:
    return problem.response.get("ResponseMetadata", {}).get("HTTPStatusCode")


@cache
def _client() -> S3Client:
    return _connect(settings.S3_ENDPOINT_URL)


@cache
def _hasty_client() -> S3Client:
    return _connect(settings.S3_ENDPOINT_URL, read_seconds=3, tries=1)


@cache
def _upload_client() -> S3Client:
    return _connect(settings.S3_ENDPOINT_URL, read_seconds=8, tries=1)


@cache
def _public_client() -> S3Client:
    return _connect(settings.S3_PUBLIC_ENDPOINT_URL)


def _connect(
    endpoint_url: str | None,
    *,
    read_seconds: int = settings.STORE_READ_SECONDS,
    tries: int = settings.STORE_TRIES,
) -> S3Client:
    # A store of our own is addressed by path; checksums only where S3 demands them, because
    # stores other than Amazon's don't all know the newer ones.
    style: Literal["path", "auto"] = "path" if endpoint_url else "auto"
    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint_url,
        aws_access_key_id=settings.AWS_ACCESS_KEY_ID,
        aws_secret_access_key=settings.AWS_SECRET_ACCESS_KEY,
        region_name=settings.AWS_REGION,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": style},
            connect_timeout=settings.STORE_CONNECT_SECONDS,
            read_timeout=read_seconds,
            retries={"total_max_attempts": tries, "mode": "standard"},
            max_pool_connections=settings.CALLS_IN_FLIGHT + 4,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )

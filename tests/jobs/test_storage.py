"""jobs.storage: one private bucket; everything is seen through addresses that die."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ConnectTimeoutError, EndpointConnectionError
from botocore.stub import Stubber
from django.conf import settings
from moto import mock_aws

from jobs import storage


def stored(key: str, data: bytes = b"picture") -> None:
    storage.put(key, io.BytesIO(data), content_type="image/png")


def fetched(key: str) -> bytes:
    into = io.BytesIO()
    storage.get(key, into)
    return into.getvalue()


@pytest.fixture
def no_bucket() -> Iterator[None]:
    """An S3 that answers, without a bucket for us."""
    with mock_aws():
        yield


@pytest.fixture
def addresses() -> Iterator[None]:
    """Addresses are signed anew after a test has moved the store."""
    storage._public_client.cache_clear()
    yield
    storage._public_client.cache_clear()


# --- Keeping --------------------------------------------------------------------------------
@pytest.mark.usefixtures("bucket")
def test_what_was_stored_comes_back_byte_for_byte_with_its_type():
    stored("photos/1/original", b"\0\xffpicture")
    assert fetched("photos/1/original") == b"\0\xffpicture"
    head = storage._client().head_object(Bucket=settings.S3_BUCKET, Key="photos/1/original")
    assert head["ContentType"] == "image/png"


@pytest.mark.usefixtures("bucket")
def test_a_large_file_goes_in_one_request_and_is_whole(monkeypatch: pytest.MonkeyPatch):
    """What breaks off between parts would leave them where no listing shows them."""

    def never(**_: Any) -> None:
        pytest.fail("stored in parts")

    monkeypatch.setattr(storage._client(), "create_multipart_upload", never)
    data = bytes(range(256)) * 4096 * 9  # 9 MB: boto3 cuts at 8
    stored("photos/1/original", data)
    assert fetched("photos/1/original") == data


@pytest.mark.usefixtures("bucket")
def test_storing_again_replaces():
    stored("photos/1/prepared.png", b"one")
    stored("photos/1/prepared.png", b"two")
    assert fetched("photos/1/prepared.png") == b"two"


@pytest.mark.usefixtures("bucket")
def test_what_is_not_there_cannot_be_fetched():
    with pytest.raises(storage.StorageUnavailable):
        fetched("photos/1/original")


# --- Erasing --------------------------------------------------------------------------------
@pytest.mark.usefixtures("bucket")
def test_erasing_a_photo_takes_all_of_it_and_nothing_of_its_neighbours():
    for key in ("photos/1/original", "photos/1/results/a.png", "photos/11/original", "photos/2/x"):
        stored(key)
    assert storage.erase("photos/1/") == 2
    assert storage.keys_under("photos/") == ["photos/11/original", "photos/2/x"]


@pytest.mark.usefixtures("bucket")
def test_erasing_twice_finds_nothing_the_second_time():
    stored("photos/1/original")
    assert storage.erase("photos/1/") == 1
    assert storage.erase("photos/1/") == 0


@pytest.mark.usefixtures("bucket")
def test_everything_under_a_prefix_is_listed_however_many_pages_that_takes(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    for number in range(5):
        stored(f"photos/1/{number}")
    assert len(storage.keys_under("photos/1/")) == 5


@pytest.mark.usefixtures("bucket")
def test_deleting_what_is_not_there_is_no_error():
    stored("photos/1/original")
    storage.delete("photos/1/never", "photos/1/original")
    assert storage.keys_under("photos/") == []


# --- Addresses ------------------------------------------------------------------------------
def query_of(address: str) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}


@pytest.mark.usefixtures("addresses")
def test_an_address_is_signed_and_dies_when_it_was_said_to():
    address = storage.address("photos/1/prepared.png", seconds=120)
    query = query_of(address)
    assert urlsplit(address).scheme == "https"
    assert urlsplit(address).path.endswith("/photos/1/prepared.png")
    assert query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert query["X-Amz-Expires"] == "120"
    assert query["X-Amz-Signature"]
    assert "response-content-disposition" not in query


@pytest.mark.usefixtures("addresses")
def test_the_secret_key_is_in_no_address(settings: Any):
    settings.AWS_SECRET_ACCESS_KEY = "very-secret-key"
    assert "very-secret-key" not in storage.address("photos/1/prepared.png", seconds=120)


@pytest.mark.usefixtures("addresses")
@pytest.mark.parametrize(
    "name",
    [
        "Grandmother (GFPGAN).png",
        "Oma & Opa “1953”; the best.jpg",
        'a"b.jpg',
        "祖母.jpg",
        "a\r\nSet-Cookie: x=1.jpg",
    ],
)
def test_a_download_is_saved_under_its_name_whatever_is_in_it(name: str):
    address = storage.address("photos/1/result.png", seconds=60, download_name=name)
    said = query_of(address)["response-content-disposition"]
    kind, _, encoded = said.partition("; filename*=UTF-8''")
    assert kind == "attachment"
    assert encoded.isascii()
    assert not set('"; \r\n') & set(encoded)
    assert unquote(encoded) == name


@pytest.mark.usefixtures("addresses")
def test_addresses_name_the_store_as_browsers_and_the_vendor_reach_it(settings: Any):
    settings.S3_ENDPOINT_URL = "http://s3.internal:8333"
    settings.S3_PUBLIC_ENDPOINT_URL = "https://pictures.heirloom.example"
    address = urlsplit(storage.address("photos/1/preview.webp", seconds=60))
    assert address.netloc == "pictures.heirloom.example"
    assert address.path == f"/{settings.S3_BUCKET}/photos/1/preview.webp"


# --- When it is down ------------------------------------------------------------------------
VERBS: dict[str, Callable[[], Any]] = {
    "put": lambda: stored("photos/1/original"),
    "get": lambda: fetched("photos/1/original"),
    "keys_under": lambda: storage.keys_under("photos/1/"),
    "delete": lambda: storage.delete("photos/1/original"),
    "erase": lambda: storage.erase("photos/1/"),
    "check": storage.check,
}


@pytest.mark.usefixtures("no_bucket")
@pytest.mark.parametrize("verb", VERBS)
def test_a_store_that_refuses_is_unavailable_and_nothing_else(verb: str):
    with pytest.raises(storage.StorageUnavailable):
        VERBS[verb]()


@pytest.mark.parametrize("verb", [*VERBS, "ensure_bucket"])
@pytest.mark.parametrize("problem", [EndpointConnectionError, ConnectTimeoutError])
def test_a_store_that_cannot_be_reached_is_unavailable_and_nothing_else(
    verb: str, problem: type[BotoCoreError], monkeypatch: pytest.MonkeyPatch
):
    def send(self: Any, request: Any) -> None:
        raise problem(endpoint_url="https://s3.test")

    monkeypatch.setattr("botocore.httpsession.URLLib3Session.send", send)
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    storage._client.cache_clear()
    with pytest.raises(storage.StorageUnavailable):
        {**VERBS, "ensure_bucket": storage.ensure_bucket}[verb]()
    storage._client.cache_clear()


@pytest.mark.usefixtures("no_bucket")
def test_the_bucket_is_made_once():
    storage.ensure_bucket()
    stored("photos/1/original")
    storage.ensure_bucket()
    assert fetched("photos/1/original") == b"picture"
    storage.check()


def test_a_bucket_that_we_may_not_see_is_not_made_anew(monkeypatch: pytest.MonkeyPatch):
    client = boto3.client(
        "s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y"
    )
    monkeypatch.setattr(storage, "_client", lambda: client)
    monkeypatch.setattr(client, "create_bucket", lambda **options: pytest.fail("made anew"))
    with Stubber(client) as stub:
        stub.add_client_error("head_bucket", http_status_code=403)
        with pytest.raises(storage.StorageUnavailable):
            storage.ensure_bucket()
        stub.assert_no_pending_responses()

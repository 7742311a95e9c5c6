"""Withdrawal with a real S3: addresses that worked answer 404, and a listing finds nothing."""

from __future__ import annotations

from urllib.parse import urlsplit

import boto3
import httpx
import pytest
from botocore.client import Config

from sandbox.demo import journey
from sandbox.demo.visitor import Visitor
from sandbox.stack import Addresses
from tests.journeys import pictures
from tests.journeys.people import People

pytestmark = pytest.mark.processes


class Bucket:
    """The house's own bucket, seen as its site sees it."""

    def __init__(self, house: Addresses) -> None:
        self.name = house.env["S3_BUCKET"]
        self.s3 = boto3.session.Session().client(
            "s3",
            endpoint_url=house.env["S3_ENDPOINT_URL"],
            aws_access_key_id=house.env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=house.env["AWS_SECRET_ACCESS_KEY"],
            region_name=house.env.get("AWS_REGION", "us-east-1"),
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )

    def keys(self, photo: str) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=self.name, Prefix=f"photos/{number_of(photo)}/")
        return [item["Key"] for item in listed.get("Contents", [])]

    def address(self, key: str) -> str:
        params = {"Bucket": self.name, "Key": key}
        return self.s3.generate_presigned_url("get_object", Params=params, ExpiresIn=600)


def number_of(photo: str) -> str:
    return urlsplit(photo).path.strip("/").rpartition("/")[2]


def consented_photo(member: Visitor) -> str:
    photo = journey.upload(member, ("gran.jpg", pictures.new_photo(), "image/jpeg"))
    journey.give_consent(member, photo, depicted=["DECEASED"])
    journey.prepared(member, photo)
    return photo


def withdraw(member: Visitor, photo: str) -> str:
    page = member.open(photo)
    form = page.form(f"{urlsplit(photo).path}withdraw/")
    return member.send(page, form).content.text


def status(address: str) -> int:
    return httpx.get(address, trust_env=False, timeout=60).status_code


def test_the_vendors_address_is_dead_when_the_page_has_answered(house: Addresses, member: Visitor):
    bucket = Bucket(house)
    photo = consented_photo(member)
    (key,) = (key for key in bucket.keys(photo) if "/prepared." in key)
    address = bucket.address(key)
    assert status(address) == 200
    said = withdraw(member, photo)
    assert status(address) == 404
    assert "is withdrawn." in said


def test_of_a_delivered_photo_a_listing_finds_nothing_more(house: Addresses, member: Visitor):
    bucket = Bucket(house)
    photo = consented_photo(member)
    done = journey.ended(member, journey.order(member, photo, "gfpgan"))
    assert done.state == "DELIVERED"
    addresses = [bucket.address(key) for key in bucket.keys(photo)]
    # Original, prepared copy, preview, thumbnail, the veiled copy, its faces; the result, its
    # preview and its faces.
    assert [status(address) for address in addresses] == [200] * 9
    withdraw(member, photo)
    journey.eventually(lambda: not bucket.keys(photo), "Something was left in the bucket")
    assert {status(address) for address in addresses} == {404}


def test_a_result_that_comes_after_the_withdrawal_is_not_taken_in(
    house: Addresses, people: People, gateway: httpx.Client
):
    """The gateway holds it back: its callback comes when nobody waits for it any more."""

    def seen(kind: str, path: str) -> list[dict[str, object]]:
        log = gateway.get("requests", params={"kind": kind}).json()["log"]
        return [entry for entry in log if path in str(entry.get("url", ""))]

    bucket = Bucket(house)
    member = people.member()
    before = journey.wallet(member)
    photo = consented_photo(member)
    gateway.post("faults", json={"held": True}).raise_for_status()
    journey.order(member, photo, "gfpgan")
    number = number_of(photo)
    journey.eventually(lambda: seen("input_fetch", number), "The gateway did not fetch the photo")
    (fetched,) = seen("input_fetch", number)
    assert status(str(fetched["url"])) == 200
    withdraw(member, photo)
    assert status(str(fetched["url"])) == 404
    assert journey.wallet(member) == before
    gateway.post("faults", json={"held": False}).raise_for_status()
    request = {"request_id": str(fetched["request_id"])}
    journey.eventually(
        lambda: [
            entry
            for entry in gateway.get("requests", params=request).json()["log"]
            if entry["kind"] == "callback" and entry.get("status") == 200
        ],
        "The late callback did not come",
    )
    journey.eventually(lambda: not bucket.keys(photo), "Something was left in the bucket")
    assert journey.wallet(member) == before

"""What a click on "Restore" comes to when things are not as they should be."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import c2pa
import httpx
import pytest

from sandbox.demo import journey
from sandbox.demo.visitor import Visitor
from sandbox.stack import Addresses
from tests.journeys import pictures
from tests.journeys.people import People

pytestmark = pytest.mark.processes


@pytest.fixture
def photo(member: Visitor) -> str:
    return consented_photo(member)


def consented_photo(member: Visitor) -> str:
    photo = journey.upload(member, ("gran.jpg", pictures.new_photo(), "image/jpeg"))
    journey.give_consent(member, photo, depicted=["DECEASED"])
    return photo


def test_clicks_that_come_together_are_one_job(member: Visitor, photo: str):
    page = journey.prepared(member, photo)
    form = journey.offer(page, "gfpgan")
    before = journey.wallet(member).available_micros
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: member.send(page, form), range(4)))
    again = member.send(page, form)  # a moment later, from a page that was kept open
    cards = [journey.job_cards(answer) for answer in (*answers, again)]
    assert {len(of_one_answer) for of_one_answer in cards} == {1}
    assert len({of_one_answer[0].id for of_one_answer in cards}) == 1
    done = journey.ended(member, cards[0][0])
    wallet = journey.wallet(member)
    assert (done.state, wallet.held_micros) == ("DELIVERED", 0)
    assert before - wallet.available_micros == done.charged_micros == done.quoted_micros


def test_too_little_money_is_said_with_what_is_missing_and_the_form_is_kept(people: People):
    member = people.member(credit_micros=1_000)
    page = journey.prepared(member, consented_photo(member))
    form = journey.offer(page, "gfpgan")
    page = member.send(page, form, {"gfpgan-scale": "3"}, expect=422)
    assert "Your wallet is $0.0021 short: this costs $0.0031 and you have $0.001." in page.complaint
    assert journey.offer(page, "gfpgan").value("gfpgan-scale") == "3"
    assert journey.job_cards(page) == []
    assert journey.wallet(member) == journey.WalletPage(available_micros=1_000, held_micros=0)


def test_what_is_taken_home_is_sealed_with_the_certificate_that_the_sandbox_made(
    house: Addresses, member: Visitor, photo: str
):
    done = journey.ended(member, journey.order(member, photo, "gfpgan"))
    address = f"{house.site}/jobs/{done.id}/download/file?format=JPEG"
    file = httpx.get(address, cookies=member.cookies, timeout=30, trust_env=False)
    with c2pa.Reader("image/jpeg", io.BytesIO(file.raise_for_status().content)) as reader:
        manifest = reader.get_active_manifest()
        assert reader.get_validation_state() == "Valid"  # intact, though nobody knows the signer
    assert manifest
    assert manifest["signature_info"]["issuer"] == "Heirloom (sandbox)"


@pytest.mark.parametrize(("fault", "state"), [("failed", "FAILED"), ("error", "ERROR")])
def test_a_restoration_that_fails_is_not_charged_and_says_so(
    member: Visitor, photo: str, gateway: httpx.Client, fault: str, state: str
):
    gateway.post("faults", json={"next": [{"fault": fault}]}).raise_for_status()
    before = journey.wallet(member)
    done = journey.ended(member, journey.order(member, photo, "gfpgan"))
    assert (done.state, done.charged_micros, done.held_micros) == (state, 0, 0)
    assert "You were not charged" in done.text
    assert journey.wallet(member) == before


@pytest.mark.parametrize("fault", ["callback_lost", "callback_doubled", "callback_early"])
def test_however_the_callback_comes_the_picture_is_delivered_and_charged_once(
    member: Visitor, photo: str, gateway: httpx.Client, fault: str
):
    gateway.post("faults", json={"next": [{"fault": fault}]}).raise_for_status()
    before = journey.wallet(member)
    done = journey.ended(member, journey.order(member, photo, "gfpgan"))
    assert (done.state, done.charged_micros) == ("DELIVERED", done.quoted_micros)
    spent = before.available_micros - journey.wallet(member).available_micros
    assert spent == done.quoted_micros

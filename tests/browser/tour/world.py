"""A house lived in: people, and photos in every state that a page can show."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from urllib.parse import urlsplit

import httpx
from django.conf import settings

from sandbox.demo import journey
from sandbox.demo.pages import Form
from sandbox.demo.visitor import Page, Visitor
from sandbox.stack import Addresses
from tests.journeys import pictures
from tests.journeys.people import People

MANY_PHOTOS = 60  # more than the gallery shows at once
# What runs in the house's own environment: `inside`.
DJANGO = "import django, sys; django.setup()\n"
MULTIPLY = """
import io, uuid
from jobs import storage
from jobs.models import Photo
first = Photo.objects.get(pk=sys.argv[1])
thumbnail = io.BytesIO()
storage.get(first.thumbnail_key, thumbnail)
for number in range(int(sys.argv[2])):
    first.pk, first.title, first.keeper = uuid.uuid4(), f"From the shoebox, {number}", None
    first._state.adding = True
    first.save(force_insert=True)
    storage.put(first.thumbnail_key, io.BytesIO(thumbnail.getvalue()), content_type="image/webp")
"""
# No worker takes up what is never due, and what it was about to write it writes no more.
STAND_STILL = """
from jobs.images.files import DAMAGED
for pk, state, note in zip(sys.argv[3:], ("UPLOADED", "UNREADABLE"), ("", str(DAMAGED))):
    Photo.objects.filter(pk=pk).update(state=state, note=note, due_at=None, lease_token=None)
"""
SAMPLES = ("grace-hopper-damaged", "happy-couple-damaged", "woman-photographer-damaged")


@dataclass(frozen=True)
class World:
    """Who looks, and the addresses of what there is to see."""

    people: dict[str, Visitor]
    addresses: dict[str, str]


@contextmanager
def lived_in(house: Addresses) -> Iterator[World]:
    """A world in this house. Takes some twenty seconds, most of them restorations."""
    with ExitStack() as stack:
        people = stack.enter_context(People(house))
        member = people.member(credit_micros=12_345_678)
        collector = people.member(credit_micros=0)
        everybody = {
            "stranger": stack.enter_context(Visitor(house.site)),
            "newcomer": people.member(credit_micros=0),
            "member": member,
            "collector": collector,
            "clerk": people.clerk(),
            "reviewer": _staff(house, stack, "reviewer", "/desk/review/"),
            "admin": _staff(house, stack, "admin", "/admin/"),
        }
        gateway = stack.enter_context(
            httpx.Client(base_url=house.gateway, timeout=30, trust_env=False)
        )
        still = {
            state: _upload(member, f"One {state}") for state in ("being prepared", "unreadable")
        }
        many = _upload(collector, "The first in the shoebox")
        journey.give_consent(collector, many, depicted=["NOBODY"])
        addresses = _albumful(member, gateway)
        addresses |= _at_the_desk(everybody, addresses)
        addresses |= _paid_in(member, house)
        journey.prepared(collector, many)
        number = urlsplit(many).path.split("/")[2]
        photos = [urlsplit(photo).path.split("/")[2] for photo in still.values()]
        inside(house, MULTIPLY + STAND_STILL, number, str(MANY_PHOTOS), *photos)
        addresses |= {f"photo {state}": urlsplit(photo).path for state, photo in still.items()}
        addresses |= {"photo no money": urlsplit(many).path}
        yield World(everybody, addresses)


@contextmanager
def reading(world: World, language: str) -> Iterator[None]:
    """Everybody chooses a language at a page's foot, and at the end the house's own again."""
    try:
        for person in world.people.values():
            _choose(person, language)
        yield
    finally:
        for person in world.people.values():
            _choose(person, settings.LANGUAGE_CODE)


def _choose(person: Visitor, language: str) -> None:
    page = person.open("/")
    switch = [form for form in Form.all_in(page.content) if form.action == "/language/"]
    pressed = next(form for form in switch if form.filled({})["language"] == [language])
    person.send(page, pressed)


def inside(house: Addresses, script: str, *arguments: str) -> None:
    """Run it as one of the house's own programs."""
    subprocess.run(
        [sys.executable, "-c", DJANGO + script, *arguments],
        env={**os.environ, **house.env, "DJANGO_SETTINGS_MODULE": "restoration_site.settings"},
        check=True,
        timeout=300,
    )


def _staff(house: Addresses, stack: ExitStack, role: str, onward: str) -> Visitor:
    return stack.enter_context(
        journey.sign_in(
            house.site,
            email=house.demo_people[role],
            password=house.demo_password,
            onward=onward,
        )
    )


def _albumful(member: Visitor, gateway: httpx.Client) -> dict[str, str]:
    """The member's photos, by what has become of them."""
    photos = {"unspoken": _upload(member, "Aunt Rose, 1931")}
    nobody = _upload(member, "The kitchen")
    couple = photos["delivered"] = _upload(member, "Oma and Opa, wedding", SAMPLES[1])
    journey.give_consent(member, couple, depicted=["DECEASED"], basis="My grandparents.")
    jobs = {"delivered": _ended(member, couple, "gfpgan")}
    jobs["other"] = _ended(member, couple, "codeformer")

    failed = photos["failed"] = _upload(member, "The shop")
    journey.give_consent(member, failed, depicted=["NOBODY"])
    gateway.post("faults", json={"next": [{"fault": "failed"}]}).raise_for_status()
    jobs["failed"] = _ended(member, failed, "gfpgan")

    waiting = photos["waiting"] = _upload(member, "Class of 1958")
    journey.give_consent(member, waiting, depicted=["CHILD"], basis="My own class, I have asked.")
    rejected = photos["rejected"] = _upload(member, "The boy next door")
    journey.give_consent(member, rejected, depicted=["OTHER"], basis="A neighbour.")
    asked = photos["asked"] = _upload(member, "On the pier")
    journey.give_consent(member, asked, depicted=["OTHER"], basis="A friend of my mother.")

    doubted = _upload(member, "Grandfather, before the war")
    journey.give_consent(member, doubted, depicted=["DECEASED"])
    page = member.open(f"/jobs/{_ended(member, doubted, 'gfpgan')}/not-them/")
    said = {"reason": "ANOTHER_PERSON", "words": "His eyes were lighter.", "model": "codeformer"}
    again = journey.job_cards(member.send(page, page.form("/not-them/"), said))[0]
    journey.ended(member, again)  # before the gateway is slow

    for state in ("withdrawn", "trashed"):
        photo = photos[state] = _upload(member, f"To be {state}")
        journey.give_consent(member, photo, depicted=["MYSELF"])
        page = journey.prepared(member, photo)
        verb = {"withdrawn": "withdraw/", "trashed": "trash/"}[state]
        member.send(page, page.form(f"{urlsplit(photo).path}{verb}"))

    page = member.open("/albums/")
    said = {"name": "Mother’s side", "description": "Lübeck and the sea, 1920 to 1939."}
    album = member.send(page, page.form("/albums/"), said)
    tinted = pictures.tinted_photo("On the beach")
    form = album.form("/upload/")
    member.send(album, form, files=[("On the beach.jpg", tinted, "image/jpeg")])
    number = album.url.rpartition("=")[2]
    albums = {"album": f"/photos/?album={number}", "change album": f"/albums/{number}/"}
    page = member.open("/albums/")
    page = member.send(page, page.form("/albums/"), {"name": "For the reunion"})
    albums["empty album"] = "/photos/?" + page.url.partition("?")[2]

    # The gateway is slow from here on, so that one stays under way while everybody looks.
    slow = photos["under_way"] = _upload(member, "Father at the lathe", SAMPLES[0])
    journey.give_consent(member, slow, depicted=["DECEASED"])
    gateway.post("faults", json={"latency_seconds": 3_600}).raise_for_status()
    card = journey.order(member, slow, "gfpgan")
    for fresh in chain([card], journey.follow(member, card)):  # it may be there at once
        if fresh.state in ("QUEUED", "PROCESSING"):
            break
    gateway.delete("faults").raise_for_status()
    jobs["under_way"] = card.id
    paths = {f"photo {state}": urlsplit(photo).path for state, photo in photos.items()}
    paths |= {f"job {state}": f"/jobs/{number}/" for state, number in jobs.items()}
    ticked = (photos["unspoken"], nobody, couple)
    several = "&".join(f"photo={photo.split('/')[-2]}" for photo in ticked)
    both = f"?left={jobs['delivered']}&right={jobs['other']}"
    wholes = {
        "batch": f"/restore/?{several}",
        "consent many": f"/consents/give/?{several}",
        "two results": f"{paths['photo delivered']}{both}",
    }
    links = _shared(member, paths["job delivered"])
    return paths | albums | wholes | links


def _shared(member: Visitor, job: str) -> dict[str, str]:
    """Links to a result: a plain one, one that shows all, and one that was ended."""
    found = {}
    for name, more in {
        "open": {},
        "with all": {"with_original": True, "with_title": True},
        "ended": {},
    }.items():
        page = member.open(f"{job}share/")
        page = member.send(page, page.form("/share/"), {"agreed": True, "days": "30", **more})
        found[f"link {name}"] = urlsplit(page.content.one(id="address").text).path
    page = member.open("/links/")
    member.send(page, page.form("/end/"))  # the newest
    return found


def _paid_in(member: Visitor, house: Addresses) -> dict[str, str]:
    """Payments, by what has become of them; and the month's statement."""
    found = {"month": f"/wallet/{datetime.now(UTC):%Y-%m}/"}
    with httpx.Client(base_url=house.cards, timeout=30, trust_env=False) as till:
        for name, done in {
            "paid": {"action": "pay", "number": "4242424242424242"},
            "open": {},
            "expired": {"action": "expire"},
            "failed": {"action": "pay", "number": "bank-fails"},
            "at the bank": {"action": "pay", "number": "bank-pays"},
        }.items():
            page = member.open("/wallet/")
            cards = member.send(page, page.form("/top-up/"))
            back = urlsplit(cards.content.link("Cancel, and go back without paying")).path
            found[f"top-up {name}"] = back
            if not done:
                continue
            seconds = "3600" if name == "at the bank" else "0"
            for said in ({"action": "behave", "bank_seconds": seconds}, done):
                session = {"session": cards.url.rpartition("/")[2]} if said is done else {}
                till.post("act", json={**said, **session}).raise_for_status()
            if name != "at the bank":
                _wait_until(member, back, name.upper())
    return found


def _wait_until(member: Visitor, top_up: str, state: str) -> None:
    def look() -> bool:
        return bool(member.open(top_up).content.all(data_top_up_state=state))

    journey.eventually(look, f"{top_up} did not become {state}")


def _upload(member: Visitor, title: str, sample: str = "") -> str:
    if sample:
        content = (pictures.SAMPLES / f"{sample}.jpg").read_bytes()
    else:
        content = pictures.tinted_photo(title)
    return journey.upload(member, (f"{title}.jpg", content, "image/jpeg"))


def _ended(member: Visitor, photo: str, model: str) -> str:
    return journey.ended(member, journey.order(member, photo, model)).id


def _at_the_desk(people: dict[str, Visitor], addresses: dict[str, str]) -> dict[str, str]:
    """Reviewers decide; a notice is drafted; the addresses of the desk's own pages."""
    reviewer, clerk, admin = people["reviewer"], people["clerk"], people["admin"]
    found: dict[str, str] = {}
    for title, decision, said in (
        ("The boy next door", "reject", {"reason_code": "NOT_ASKED", "words": "Please ask him."}),
        ("On the pier", "ask", {"question": "How do you know her?"}),
    ):
        item = _to_review(reviewer, title)
        if not item.content.all("form", data_decision=decision):  # after one, the next is in hand
            item = reviewer.send(item, item.form("/claim/"))
        forms = [Form(one) for one in item.content.all("form", data_decision=decision)]
        reviewer.send(item, forms[0], said)
    found["review"] = urlsplit(_to_review(reviewer, "Class of 1958").url).path
    page = admin.open("/desk/notices/")
    found["notice draft"] = urlsplit(admin.send(page, page.form("/notices/draft/")).url).path
    number = addresses["job delivered"].split("/")[2]
    adjust = clerk.open(f"/desk/members/?q={number}").content.link("Adjust the balance")
    found["desk member"] = urlsplit(adjust).path.removesuffix("adjust/")
    found["desk refund"] = clerk.open(f"/desk/members/?q={number}").content.link("Refund")
    found["today"] = f"{datetime.now(UTC):%Y-%m-%d}"
    for state in ("delivered", "failed", "under_way"):
        found[f"desk job {state}"] = f"/desk{addresses[f'job {state}']}"
    return found


def _to_review(reviewer: Visitor, title: str) -> Page:
    """The page of the statement about the photo with this title, as soon as it waits."""

    def look() -> Page | None:
        queue = reviewer.open("/desk/review/").content
        links = [one for one in queue.all("a", href="") if title in one.text]
        return reviewer.open(links[0].attributes["href"]) if links else None

    return journey.eventually(look, f"“{title}” did not come to the desk")

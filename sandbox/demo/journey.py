"""The way through the site, page by page: sign up, get credit, upload, consent, restore.

Each step raises PageError, in a sentence, when the site does not let it be taken.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlsplit

from sandbox.demo.pages import Element, Form, PageError, Value
from sandbox.demo.visitor import File, Page, Visitor

LOOK_EVERY_SECONDS = 0.1
PATIENCE_SECONDS = 120.0
MICROS = 1_000_000
# What may still change; every other state is an end.
UNDER_WAY = frozenset(
    {
        "AWAITING_CONSENT",
        "READY",
        "SUBMITTING",
        "UNKNOWN",
        "QUEUED",
        "PROCESSING",
        "COMPLETED",
    }
)

Found = TypeVar("Found")


@dataclass(frozen=True)
class JobCard:
    """One restoration as its card shows it. Money in micro-dollars."""

    element: Element

    @property
    def id(self) -> str:
        return self.element.says("id").removeprefix("job-")

    @property
    def state(self) -> str:
        return self.element.says("data-job-state")

    @property
    def quoted_micros(self) -> int:
        return int(self.element.says("data-quoted-micros"))

    @property
    def charged_micros(self) -> int:
        return int(self.element.says("data-charged-micros"))

    @property
    def held_micros(self) -> int:
        return int(self.element.says("data-held-micros"))

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY

    @property
    def text(self) -> str:
        return self.element.text

    @property
    def full_size(self) -> str:
        """Where the restored picture is."""
        return self.element.link("Open in full size")


@dataclass(frozen=True)
class WalletPage:
    """What the wallet says is there and set aside, in micro-dollars."""

    available_micros: int
    held_micros: int


def micros(words: str) -> int:
    """ "$1,234.5678" in micro-dollars. Raises PageError."""
    number = words.replace(",", "").removeprefix("$")
    try:
        return int(Decimal(number) * MICROS)
    except ArithmeticError:
        raise PageError(f"{words!r} is not an amount of money.") from None


def dollars(amount_micros: int) -> str:
    """Micro-dollars in words, nothing rounded away."""
    whole, rest = divmod(amount_micros, MICROS)
    return f"${whole:,}.{f'{rest:06d}'.rstrip('0').ljust(2, '0')}"


def sign_up(site: str, *, mailbox: str, email: str, password: str) -> Visitor:
    """A new member, signed in: the form, the mail, the link in it, the confirmation."""
    member = Visitor(site)
    page = member.open("/accounts/signup/")
    entered = {"email": email, "password1": password, "password2": password}
    member.send(page, page.form("/accounts/signup/"), entered)
    link = eventually(
        lambda: mailed_link(mailbox, to=email, path="/accounts/confirm-email/"),
        "The mail with the confirmation link did not come",
    )
    page = member.open(link)
    page = member.send(page, page.form("/accounts/confirm-email/"))
    if urlsplit(page.url).path != "/photos/":
        raise PageError(f"Confirming the address led to {page.url}, not to the photos.")
    return member


def mailed_link(mailbox: str, *, to: str, path: str) -> str:
    """The newest link under `path` that was mailed to a person; empty when there is none yet."""
    with Visitor(mailbox) as reader:
        for entry in reader.open("/").content.all("li"):
            if to not in entry.text:
                continue
            mail = reader.open(entry.one("a").says("href"))
            for link in mail.content.all("a", href=""):
                if urlsplit(link.attributes["href"]).path.startswith(path):
                    return link.attributes["href"]
    return ""


def sign_in(site: str, *, email: str, password: str, onward: str = "/photos/") -> Visitor:
    """Somebody who has an account, on the page `onward`."""
    person = Visitor(site)
    page = person.open(onward)
    page = person.send(page, page.form("/accounts/login/"), {"login": email, "password": password})
    if urlsplit(page.url).path != onward:
        raise PageError(f"Signing in as {email} led to {page.url}. {page.complaint}".strip())
    return person


def give_credit(clerk: Visitor, *, to: str, amount_micros: int, reason: str) -> None:
    """A clerk of the billing staff looks a member up at the desk and adjusts the balance."""
    page = clerk.open(f"/desk/members/?q={quote(to)}")
    page = clerk.open(page.content.link("Adjust the balance"))
    amount = str(Decimal(amount_micros) / MICROS)
    entered = {"amount_micros": amount, "reason": reason}
    page = clerk.send(page, _form_with(page, "reason"), entered)
    if not page.complaint:
        page = clerk.send(page, _form_with(page, "form_id"))
    if page.complaint or not any("notice--good" in one.classes for one in page.content):
        raise PageError(f"Credit was not given. {page.complaint}".strip())


def _form_with(page: Page, field: str) -> Form:
    for element in page.content.all("form"):
        if any(one.attributes.get("name") == field for one in element):
            return Form(element)
    raise PageError(f"{page.url} has no form with “{field}”.")


def upload(member: Visitor, file: File) -> str:
    """The address of the new photo's page."""
    page = member.open("/photos/")
    page = member.send(page, page.form("/upload/"), files=[file])
    if not page.content.all(id="photo"):
        raise PageError(f"The upload led to {page.url}, not to the photo. {page.complaint}".strip())
    return page.url


def give_consent(member: Visitor, photo: str, *, depicted: Sequence[str], basis: str = "") -> Page:
    """Say who is in the picture, and that it may be restored; of others also on what basis."""
    page = member.open(photo)
    page = member.open(page.content.link("Give consent"))
    entered: dict[str, Value] = {
        "basis": basis,
        "depicted": depicted,
        "purpose_restore": True,
        "purpose_pixazo": True,
    }
    form = next(Form(one) for one in page.content.all("form") if one.all(name="depicted"))
    return member.send(page, form, entered)


def prepared(member: Visitor, photo: str) -> Page:
    """The photo's page, as soon as a restoration can be ordered there."""

    def look() -> Page | None:
        page = member.open(photo)
        offers = [form for form in Form.all_in(page.content) if _is_offer(form)]
        if not offers:
            raise PageError(f"The photo could not be prepared. {page.complaint}".strip())
        return page if all(offer.can_be_sent for offer in offers) else None

    return eventually(look, "The photo was not ready to be restored")


def offer(page: Page, model: str) -> Form:
    return page.form(f"/restore/{model}/")


def order(member: Visitor, photo: str, model: str) -> JobCard:
    """Click on "Restore" with the settings as they stand there: the new job's card."""
    page = prepared(member, photo)
    known = {card.id for card in job_cards(page)}
    page = member.send(page, offer(page, model))
    new = [card for card in job_cards(page) if card.id not in known]
    if len(new) != 1:
        raise PageError(f"One click on {model} made {len(new)} jobs. {page.complaint}".strip())
    return new[0]


def follow(
    member: Visitor, card: JobCard, *, patience_seconds: float = PATIENCE_SECONDS
) -> Iterator[JobCard]:
    """The card each time its state has changed, until the job has ended."""
    deadline = time.monotonic() + patience_seconds
    while card.is_under_way:
        if time.monotonic() >= deadline:
            raise PageError(f"The job was still {card.state} after {patience_seconds:.0f} seconds.")
        time.sleep(LOOK_EVERY_SECONDS)
        fresh = look_again(member, card)
        if fresh.state != card.state:
            yield fresh
        card = fresh


def ended(member: Visitor, card: JobCard, *, patience_seconds: float = PATIENCE_SECONDS) -> JobCard:
    """The card when its job has ended."""
    for fresh in follow(member, card, patience_seconds=patience_seconds):
        card = fresh
    return card


def look_again(member: Visitor, card: JobCard) -> JobCard:
    """The card as it is now."""
    return job_cards(member.open(f"/jobs/{card.id}/card/"))[0]


def job_cards(page: Page) -> list[JobCard]:
    """Newest first."""
    return [JobCard(element) for element in page.content.all(data_job_state="")]


def wallet(member: Visitor) -> WalletPage:
    """Available as the page says it; set aside as the newest line of the statement says it."""
    content = member.open("/wallet/").content
    balance = next(one for one in content if "balance" in one.classes)
    after = [one for one in content.all("td") if "ledger__after" in one.classes]
    held = after[1].text.split()[-1] if after else "$0.00"
    return WalletPage(available_micros=micros(balance.text), held_micros=micros(held))


def eventually(
    look: Callable[[], Found | None], complaint: str, *, seconds: float = PATIENCE_SECONDS
) -> Found:
    """What `look` finds, as soon as it finds something. Raises PageError after a while."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() >= deadline:
            raise PageError(f"{complaint} within {seconds:.0f} seconds.")
        time.sleep(LOOK_EVERY_SECONDS)
    return found


def picture(path: Path) -> File:
    """A JPEG from disk, as a browser would send it."""
    return path.name, path.read_bytes(), "image/jpeg"


def _is_offer(form: Form) -> bool:
    return "/restore/" in form.action

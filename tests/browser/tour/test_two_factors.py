"""Two-factor sign-in: its pages, which only this way leads to, are judged like the tour's."""

from __future__ import annotations

import re
import secrets
import time
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.urls import resolve
from playwright.sync_api import Response, expect

from sandbox.demo import journey
from sandbox.stack import Addresses
from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard
from tests.browser.tour import judges
from tests.browser.tour.stops import BY_THE_WAY, UNVISITED

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
PERIOD_SECONDS = 30  # of a code


def code(secret: str) -> str:
    """As an authenticator app shows it now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // PERIOD_SECONDS))


@pytest.mark.parametrize(("screen", "scheme"), [("phone", "light"), ("desktop", "dark")])
def test_two_factors_from_the_first_code_to_the_last(
    open_page: OpenPage, house: Addresses, guard: Guard, tmp_path: Path, screen: str, scheme: Any
):
    email, password = f"{secrets.token_hex(5)}@family.example", secrets.token_urlsafe(16)
    with journey.sign_up(
        house.site, mailbox=house.mailbox, email=email, password=password
    ) as member:
        page = open_page(screen, signed_in=member)
    page.emulate_media(color_scheme=scheme)
    seen: list[str] = []
    pages: list[Response] = []  # as the server sent them

    def keep(answer: Response) -> None:
        if answer.request.is_navigation_request():
            pages.append(answer)

    def judge() -> None:
        name = str(resolve(page.url.removeprefix(house.site).partition("?")[0]).url_name)
        seen.append(name)
        (tmp_path / f"{name}.html").write_text(pages[-1].text())
        guard.look_at_width(page)
        assert judges.inaccessible(page) == [], name

    page.on("response", keep)
    page.goto("/accounts/2fa/totp/activate/")
    page.locator("input[name=password]").fill(password)  # signing up was not signing in
    page.locator("main").get_by_role("button", name="Confirm").click()
    expect(page).to_have_url(re.compile("/totp/activate/$"))
    judge()
    secret = page.get_by_label("Authenticator secret").input_value()
    for _ in range(3):  # as a person does when a code's time ran out on the way
        page.get_by_label("Authenticator code").fill(code(secret))
        with page.expect_navigation():  # to the codes, or to the same page with an error
            page.get_by_role("button", name="Activate").click()
        if "recovery-codes" in page.url:
            break
    expect(page).to_have_url(re.compile("/recovery-codes/$"))
    judge()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download codes").click()
    codes = re.findall(r"^[0-9a-f]{8}$", Path(download.value.path()).read_text(), re.MULTILINE)
    assert len(codes) == 10
    page.get_by_role("link", name="Generate new codes").click()
    expect(page).to_have_url(re.compile("/generate/$"))
    judge()

    page.goto("/accounts/logout/")
    page.locator("main").get_by_role("button", name="Sign out").click()
    page.goto("/accounts/login/")
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(password)
    page.locator("main").get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/2fa/authenticate/"))
    judge()
    page.locator("main").get_by_role("textbox").fill(codes[0])
    page.locator("main").get_by_role("button", name="Sign in").first.click()
    expect(page).to_have_url(re.compile("/photos/$"))

    page.goto("/accounts/2fa/reauthenticate/?next=/accounts/2fa/totp/deactivate/")
    judge()
    page.locator("main").get_by_role("textbox").fill(codes[1])
    page.locator("main").get_by_role("button", name="Confirm").click()
    expect(page).to_have_url(re.compile("/deactivate/$"))
    judge()
    page.locator("main").get_by_role("button", name="Deactivate").click()
    expect(page).to_have_url(re.compile("/accounts/2fa/$"))
    expect(page.get_by_role("link", name="Activate")).to_be_visible()
    assert judges.invalid(tmp_path) == []
    assert set(seen) == {name for name, why in UNVISITED.items() if why == BY_THE_WAY}

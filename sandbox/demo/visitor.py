"""Somebody at a browser without JavaScript: opens pages, follows links, sends forms.

Keeps cookies as a browser does. A page that was not expected is a `PageError` with the page's own
words, so that whoever reads it knows what the site had to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from sandbox.demo.pages import Element, Form, PageError, Value, parse

PATIENCE_SECONDS = 60.0
File = tuple[str, bytes, str]  # name, content, content type


@dataclass(frozen=True)
class Page:
    """What was answered."""

    url: str
    status: int
    content: Element

    @property
    def complaint(self) -> str:
        """What the page says is wrong; empty when it says nothing of the kind."""
        found = [
            one.text
            for one in self.content
            if one.attributes.get("role") == "alert"
            or {"notice--bad", "errornote", "errorlist"} & set(one.classes)
        ]
        return " ".join(dict.fromkeys(found))

    def form(self, action: str) -> Form:
        """The first form with this in its action, or a button's. Raises PageError without one."""
        for element in self.content.all("form"):
            if action in element.attributes.get("action", ""):
                return Form(element)
        for form in Form.all_in(self.content):
            if action in form.action:
                return form
        raise PageError(f"{self.url} has no form for {action}.")


class Visitor:
    """A person, with a cookie jar of their own."""

    def __init__(self, site: str) -> None:
        self.site = site
        self._client = httpx.Client(
            base_url=site, follow_redirects=True, timeout=PATIENCE_SECONDS, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    @property
    def cookies(self) -> dict[str, str]:
        return dict(self._client.cookies)

    def open(self, address: str, *, expect: int = 200) -> Page:
        """Raises PageError when it answers with another status."""
        return self._page(self._client.get(address), expect)

    def send(
        self,
        page: Page,
        form: Form,
        changes: Mapping[str, Value] | None = None,
        *,
        files: Sequence[File] = (),
        expect: int = 200,
    ) -> Page:
        """Fill a form of `page` in and send it. Raises PageError when the answer has another
        status than expected."""
        address = httpx.URL(page.url).join(form.action)
        fields = form.filled(changes or {})
        if form.element.attributes.get("method", "get").lower() != "post":
            return self._page(self._client.get(address, params=fields), expect)
        chosen = [(form.file_field, file) for file in files] if files else None
        return self._page(self._client.post(address, data=fields, files=chosen), expect)

    def download(self, address: str, to: Path) -> Path:
        """Save a picture from where the site's address leads, with that place's suffix if `to` has
        none. Raises PageError when there is none."""
        place = self.led_to(address)
        to = to if to.suffix else to.with_suffix(Path(urlsplit(place).path).suffix)
        with httpx.stream("GET", place, timeout=PATIENCE_SECONDS, trust_env=False) as answer:
            if answer.status_code != 200:
                raise PageError(f"A picture's address answered {answer.status_code}.")
            with to.open("wb") as file:
                for piece in answer.iter_bytes():
                    file.write(piece)
        return to

    def led_to(self, address: str) -> str:
        """Where an address of the site leads at once. Raises PageError if nowhere."""
        answer = self._client.get(address, follow_redirects=False)
        if not answer.is_redirect:
            raise PageError(f"{answer.url.path} answered {answer.status_code}, and led nowhere.")
        return answer.headers["Location"]

    def _page(self, answer: httpx.Response, expect: int) -> Page:
        page = Page(str(answer.url), answer.status_code, parse(answer.text))
        if answer.status_code != expect:
            path = answer.url.path
            raise PageError(
                f"{path} answered {answer.status_code}, not {expect}. {page.complaint}".strip()
            )
        return page

"""Every letter, in every language: accessible, valid, no wider than a phone, in both schemes.

On the desk's page a letter lies in a frame in which nothing may run, so no judge can look at it
there; here the same HTML lies in a window of its own.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from desk import letters
from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard
from tests.browser.tour import judges

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.mark.parametrize("language", dict(settings.LANGUAGES))
def test_every_letter_is_for_everybody(
    open_page: OpenPage, guard: Guard, tmp_path: Path, language: str
):
    page = open_page("phone")
    found = []
    for one in letters.previews(language):
        (tmp_path / f"{one.sample.key}.html").write_text(one.html)
        page.set_content(one.html)
        guard.look_at_width(page)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            wrong = judges.inaccessible(page, judges.STANDARD)  # a letter has no landmarks
            found += [f"{one.sample.key}, {scheme}: {words}" for words in wrong]
    assert found == []
    assert judges.invalid(tmp_path) == []

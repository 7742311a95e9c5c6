"""What the judges are there for, they see."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard
from tests.browser.tour import judges

pytestmark = pytest.mark.browser


def test_the_judges_see_what_is_wrong(open_page: OpenPage, guard: Guard, tmp_path: Path):
    page = open_page()
    page.goto("/accounts/login/")
    assert judges.inaccessible(page) == []
    page.evaluate("document.body.innerHTML += '<main><img src=/static/img/favicon.svg></main>'")
    rules = {one.partition(":")[0] for one in judges.inaccessible(page)}
    assert "image-alt" in rules
    page.goto("/accounts/login/")
    page.locator("h1").evaluate("(one) => { one.style.color = '#222'; }")
    (unreadable,) = judges.inaccessible_in_both(page, "light")
    assert unreadable.startswith("dark: color-contrast")
    assert judges.hard_to_press(page) == judges.lost_focus(page) == judges.heavy(page) == []
    assert page.evaluate(judges.BYTES_OF_OURS, ".css") > 1_000
    links = ("<a href=/1>Alone</a>", "Read <a href=/2>on</a>.", "Words<br><a href=/3>below</a>")
    put = "(main, inside) => (main.innerHTML = inside)"
    page.locator("main").first.evaluate(put, "".join(f"<p>{link}</p>" for link in links))
    assert [one.partition("/")[2][:1] for one in judges.hard_to_press(page)] == ["1", "3"]
    alone = [f"<p><a class=standalone href=/{number}>Alone</a></p>" for number in range(2)]
    page.locator("main").first.evaluate(put, "<br>".join(alone))
    assert judges.hard_to_press(page) == []
    page.locator("main").first.evaluate(put, "".join(alone))
    assert ["over each other" in one for one in judges.hard_to_press(page)] == [True]
    page.locator("main").first.evaluate(put, "<p class=measure>" + "Many words. " * 20)
    assert judges.long_lines(page) == []
    page.locator("main").first.evaluate(put, "<p>" + "Many words. " * 20)
    assert len(judges.long_lines(page)) == 1
    page.locator("main").first.evaluate(put, "<button>OK</button>")
    small = {"blockSize": "20px", "minBlockSize": "0", "outline": "none"}
    page.locator("main button").evaluate("(one, small) => Object.assign(one.style, small)", small)
    assert len(judges.hard_to_press(page)) == len(judges.lost_focus(page)) == 1
    (tmp_path / "wrong.html").write_text("<!DOCTYPE html><html lang=en><title>x</title><p><img>")
    assert any("src" in one for one in judges.invalid(tmp_path))

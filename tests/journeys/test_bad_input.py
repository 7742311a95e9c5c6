"""Files that can't be restored get a clear answer, through the real pages and processes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.demo import journey
from sandbox.demo.visitor import Page, Visitor
from tests.journeys import pictures
from tests.journeys.people import People

pytestmark = pytest.mark.processes

SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'
)
NOT_A_PICTURE = "This is not a picture that we can read."


def send(member: Visitor, *files: tuple[str, bytes, str], expect: int = 200) -> Page:
    page = member.open("/photos/")
    return member.send(page, page.form("/upload/"), files=files, expect=expect)


@pytest.mark.parametrize(
    ("name", "kind", "content", "answer"),
    [
        ("letter.jpg", "image/jpeg", lambda: b"Dear Grandma,\n" * 50, NOT_A_PICTURE),
        ("drawing.svg", "image/svg+xml", lambda: SVG, NOT_A_PICTURE),
        ("half.jpg", "image/jpeg", pictures.truncated, "This picture is damaged"),
        ("nothing.jpg", "image/jpeg", lambda: b"", "This file is empty."),
        (
            "huge.jpg",
            "image/jpeg",
            lambda: pictures.small_photo().ljust(80 * 1024 * 1024, b"\0"),
            "This file has 80 MB; the most we can take is 50 MB.",
        ),
        (
            "vast.png",
            "image/png",
            pictures.enormous,
            "This picture has 900 megapixels; the most we can take is 60.",
        ),
    ],
    ids=["text", "svg", "truncated", "empty", "80 MB", "900 megapixels"],
)
def test_a_file_that_cannot_be_restored_is_refused_by_name_with_the_reason(
    member: Visitor, name: str, kind: str, content: Callable[[], bytes], answer: str
):
    page = send(member, (name, content(), kind), expect=422)
    assert "One file was not taken" in page.complaint
    assert name in page.complaint
    assert answer in page.complaint


def test_of_several_files_the_good_ones_are_taken(people: People):
    member = people.member(credit_micros=0)
    good = ("aunt.jpg", pictures.small_photo(), "image/jpeg")
    page = send(member, good, ("letter.jpg", b"Dear Grandma", "image/jpeg"), expect=422)
    assert "letter.jpg" in page.complaint
    assert "aunt.jpg" not in page.complaint
    assert "aunt" in [heading.text for heading in page.content.all("h3")]


def test_an_animated_gif_is_taken_and_the_member_told_that_one_frame_counts(member: Visitor):
    photo = journey.upload(member, ("party.gif", pictures.animated(), "image/gif"))
    journey.give_consent(member, photo, depicted=["NOBODY"])
    page = journey.prepared(member, photo)
    assert "This file is animated: only its first frame is restored." in page.content.text

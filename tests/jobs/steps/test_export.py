"""steps.export: everything of a member in one ZIP that is never held whole."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
import unicodedata
import zipfile
from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx
import pytest
from botocore.exceptions import ReadTimeoutError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from jobs import storage
from jobs.models import Photo, PhotoState
from jobs.steps import consent, export, order, trash, zipping
from tests.builders import decide, make_consent, make_due, make_job, make_member, make_photo, run
from tests.fakes import FakeVendor, png

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]
MEGABYTE = 1024 * 1024


def zipped(member: User) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(b"".join(export.stream(member))))
    assert archive.testzip() is None
    return archive


def said(archive: zipfile.ZipFile, name: str) -> Any:
    return json.loads(archive.read(name))


def stored(photo: Photo, data: bytes = b"picture") -> Photo:
    storage.put(photo.original_key, io.BytesIO(data), content_type="image/png")
    return photo


def delivered(photo: Photo, vendor: FakeVendor) -> None:
    job = make_job(photo=photo)
    run("submit")
    vendor.finish("COMPLETED")
    make_due(job)
    run("observe")
    run("collect")


def test_everything_of_a_member_is_there_and_nothing_of_another(vendor: FakeVendor):
    photo = stored(make_photo(title="Anna 1931"), b"the original's bytes")
    delivered(photo, vendor)
    stranger = stored(make_photo(title="A stranger"))
    make_consent(stranger)
    member = photo.owner
    archive = zipped(member)
    assert archive.namelist() == [
        "profile.json",
        "photos.json",
        "albums.json",
        "jobs.json",
        "consents.json",
        "consents.csv",
        "transfers.json",
        "transfers.csv",
        "originals/Anna 1931.png",
        "results/Anna 1931 - GFPGAN.png",
        "README.txt",
    ]
    assert archive.read("originals/Anna 1931.png") == b"the original's bytes"
    assert archive.read("results/Anna 1931 - GFPGAN.png") == png()
    (job,) = said(archive, "jobs.json")
    assert (job["state"], job["model"]) == ("DELIVERED", "GFPGAN")
    (copy,) = job["sent_to"]
    assert (copy["party_name"], copy["surely_received"]) == ("Pixazo", True)
    assert job["money"]["captured"] == job["quoted_micros"]
    assert job["result"]["file"] == "results/Anna 1931 - GFPGAN.png"
    (row,) = said(archive, "photos.json")
    assert (row["title"], row["file"]) == ("Anna 1931", "originals/Anna 1931.png")
    (given,) = said(archive, "consents.json")
    assert given["x_heirloom"]["photo_id"] == str(photo.pk)
    assert [event["entity_id"] for event in given["events"]] == ["member"]
    assert [row["kind"] for row in said(archive, "transfers.json")] == ["TOP_UP", "HOLD", "CAPTURE"]
    lines = list(csv.reader(io.StringIO(archive.read("transfers.csv").decode("utf-8-sig"))))
    assert [line[2] for line in lines[2:]] == ["GFPGAN: Anna 1931"] * 2
    profile = said(archive, "profile.json")
    assert (profile["email"], profile["two_factor_sign_in"]) == (member.email, False)
    assert member.email in archive.read("README.txt").decode()
    whole = b"".join(archive.read(name) for name in archive.namelist()).decode(errors="replace")
    assert stranger.owner.email not in whole
    assert "A stranger" not in whole


def test_statements_are_in_a_spreadsheet_too_in_words_that_it_does_not_run():
    owner = make_member()
    photo = make_photo(owner=owner, title="=cmd|calc")
    given = make_consent(
        photo, depicted=("ADULT_RELATIVE", "DECEASED"), keep_until=date(2999, 1, 1)
    )
    gone = make_photo(owner=owner, title="Gone")
    make_consent(gone)
    consent.withdraw(photo=gone, by=owner)
    text = zipped(owner).read("consents.csv").decode("utf-8-sig")
    lines = {line["receipt"]: line for line in csv.DictReader(io.StringIO(text))}
    line = lines[str(given.pk)]
    assert line["photo"] == "'=cmd\\|calc"
    assert line["photo's SHA-256"] == photo.sha256
    assert line["who is in it"] == "An adult who agreed to this, A relative who has died"
    assert (line["may be restored"], line["may be sent to"]) == ("yes", "Pixazo")
    assert (line["kept until"], line["where it stands"]) == ("2999-01-01", "Given")
    assert {one["photo"] for one in lines.values()} == {"'=cmd\\|calc", "Erased photo"}
    assert "ADULT_RELATIVE" not in text


def test_further_versions_are_there_too_and_go_with_the_photo(vendor: FakeVendor):
    photo = stored(make_photo(title="Anna 1931"))
    make_job(photo=photo)
    run("submit")
    pictures = {f"https://cdn.test/{colour}.png": png(colour=colour) for colour in ("tan", "red")}
    vendor.finish().media_urls = list(pictures)
    vendor.on_output = lambda request: httpx.Response(200, content=pictures[str(request.url)])
    for step in ("observe", "collect"):
        make_due(photo.jobs.get())
        run(step)
    archive = zipped(photo.owner)
    name = "results/Anna 1931 - GFPGAN, version 2.png"
    assert archive.read(name) == png(colour="red")
    (version,) = said(archive, "jobs.json")[0]["further_versions"]
    assert (version["number"], version["file"]) == (2, name)
    consent.withdraw(photo=photo, by=photo.owner)
    run("erase")
    assert storage.keys_under(photo.prefix) == []
    archive = zipped(photo.owner)
    assert name not in archive.namelist()
    assert said(archive, "jobs.json")[0]["further_versions"][0]["file"] == ""


def test_no_reviewer_is_named():
    photo = make_photo()
    given = make_consent(photo, depicted=("CHILD",))
    decide(given, approve=True)
    archive = zipped(photo.owner)
    events = said(archive, "consents.json")[0]["events"]
    assert {event["entity_id"] for event in events} == {"member", "reviewer"}
    for decision in given.decisions.select_related("reviewer"):
        assert decision.reviewer.email.encode() not in archive.read("consents.json")


def test_a_new_member_gets_a_whole_zip_too():
    archive = zipped(make_member(micros=0))
    assert said(archive, "photos.json") == said(archive, "transfers.json") == []


def test_the_trash_is_included_and_the_erased_are_rows_without_pictures():
    owner = make_member()
    trashed = stored(make_photo(owner=owner, title="Trashed"))
    trash.put(photo=trashed, by=owner)
    gone = stored(make_photo(owner=owner, title="Gone"))
    consent.withdraw(photo=gone, by=owner)
    run("erase")
    archive = zipped(owner)
    assert [n for n in archive.namelist() if "/" in n] == ["originals/Trashed.png"]
    assert {row["state"] for row in said(archive, "photos.json")} == {"PREPARED", "ERASING"}
    assert b"Gone" not in archive.read("photos.json")


@pytest.mark.parametrize("state", [PhotoState.ARRIVING, PhotoState.BROKEN_OFF])
def test_an_upload_that_has_not_arrived_is_not_in_it(state: PhotoState):
    photo = stored(make_photo(title="Half", state=state))
    archive = zipped(photo.owner)
    assert said(archive, "photos.json") == []
    assert [name for name in archive.namelist() if "/" in name] == []


# --- Names ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Anna 1931", "Anna 1931"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..\\..\\x", "_.._x"),
        ("/absolute", "_absolute"),
        ("C:\\Windows\\x", "C__Windows_x"),
        ("CON", "_CON"),
        ("con.tar", "_con.tar"),
        ("Lpt1", "_Lpt1"),
        ("Conny", "Conny"),
        ("...", "Untitled"),
        ("", "Untitled"),
        ("a\x00b\nc\u202egpj", "a b c gpj"),
        ("Oma & Opa 👵🏽", "Oma & Opa 👵🏽"),
        ("祖母", "祖母"),
        ("e\u0301", "é"),
        ('"<what>|*?', "__what____"),
        ("dot at the end. ", "dot at the end"),
    ],
)
def test_a_title_becomes_a_name_that_every_system_takes(title: str, name: str):
    assert zipping.safe(title) == name


def test_a_long_title_is_cut_between_letters_not_within_one():
    for title in ("x" * 300, "祖" * 300, "👵" * 300):
        name = zipping.safe(title)
        assert 140 < len(name.encode()) <= 150
        assert set(name) == {title[0]}


def test_titles_that_are_alike_get_numbers_also_where_capitals_or_accents_are_one():
    owner = make_member()
    titles = ["Gran", "gran", "Gran", "Gran (2)", "é", "e\u0301", "../x", "..\\x"]
    for number, title in enumerate(titles):
        stored(make_photo(owner=owner, title=title), f"picture {number}".encode())
    archive = zipped(owner)
    names = [name for name in archive.namelist() if name.startswith("originals/")]
    assert names == [
        f"originals/{name}.png"
        for name in ("Gran", "gran (2)", "Gran (3)", "Gran (2) (2)", "é", "é (2)", "_x", "_x (2)")
    ]
    assert [archive.read(name).decode() for name in names] == [
        f"picture {number}" for number in range(len(titles))
    ]


def test_of_many_with_one_title_none_counts_through_all_before_it(
    monkeypatch: pytest.MonkeyPatch,
):
    """A phone calls each photo "image"; an archive of thousands begins while its reader waits."""
    real, looked = unicodedata.normalize, list[str]()

    def counting(form: Any, words: str) -> str:
        looked.append(words)
        return real(form, words)

    monkeypatch.setattr(unicodedata, "normalize", counting)
    names = zipping.Names()
    given = [names.name("originals", "image", "jpg") for _ in range(100)]
    assert len(set(given)) == 100
    assert given[-1] == "originals/image (100).jpg"
    assert len(looked) <= 3 * len(given)


# --- When something can't be had ----------------------------------------------------------------
def test_an_object_that_is_not_there_is_named_and_the_rest_is_whole():
    owner = make_member()
    stored(make_photo(owner=owner, title="There"))
    make_photo(owner=owner, title="Lost")
    stored(make_photo(owner=owner, title="There too"))
    archive = zipped(owner)
    pictures = [name for name in archive.namelist() if name.startswith("originals/")]
    assert pictures == ["originals/There.png", "originals/There too.png"]
    assert "- originals/Lost.png: could not be fetched" in archive.read("README.txt").decode()


class Body:
    """S3's answer: counts what was asked for and not yet taken; may break off."""

    def __init__(self, size: int, *, breaks_at: int | None = None) -> None:
        self.left, self.breaks_at, self.closed = size, breaks_at, False

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        while self.left:
            if self.breaks_at is not None and self.left <= self.breaks_at:
                raise ReadTimeoutError(endpoint_url="https://s3.test")
            self.left -= (taken := min(size, self.left))
            yield bytes(taken)

    def close(self) -> None:
        self.closed = True


def bodies(monkeypatch: pytest.MonkeyPatch, *given: Body) -> None:
    left = list(given)
    monkeypatch.setattr(
        storage._client(), "get_object", lambda **_: {"Body": left.pop(0)}, raising=False
    )


def test_a_picture_that_breaks_off_is_named_and_the_rest_is_whole(monkeypatch: pytest.MonkeyPatch):
    owner = make_member()
    for title in ("Broken", "Whole"):
        make_photo(owner=owner, title=title)
    given = [Body(10 * MEGABYTE, breaks_at=5 * MEGABYTE), Body(MEGABYTE)]
    bodies(monkeypatch, *given)
    archive = zipped(owner)
    assert archive.getinfo("originals/Broken.png").file_size == 5 * MEGABYTE
    assert archive.getinfo("originals/Whole.png").file_size == MEGABYTE
    assert "- originals/Broken.png: ended early" in archive.read("README.txt").decode()
    assert all(body.closed for body in given)


def test_a_store_that_is_silent_is_soon_asked_no_more(monkeypatch: pytest.MonkeyPatch):
    """Each silence takes as long as our patience with the store: a family's album, hours."""
    owner, asked = make_member(), list[str]()
    for number in range(6):
        make_photo(owner=owner, title=f"Photo {number}")

    def silent(*, Key: str, **_: str) -> None:
        asked.append(Key)
        raise ReadTimeoutError(endpoint_url="https://s3.test")

    monkeypatch.setattr(storage._client(), "get_object", silent, raising=False)
    archive = zipped(owner)
    assert len(asked) == zipping.MOST_SILENCES
    readme = archive.read("README.txt").decode()
    for number in range(6):
        assert f"- originals/Photo {number}.png: could not be fetched" in readme


def test_what_is_not_in_the_store_is_no_silence():
    owner = make_member()
    for _ in range(zipping.MOST_SILENCES + 1):
        make_photo(owner=owner, title="Lost")
    stored(make_photo(owner=owner, title="There"))
    assert "originals/There.png" in zipped(owner).namelist()


def test_of_large_pictures_a_piece_is_held_at_a_time(monkeypatch: pytest.MonkeyPatch):
    owner = make_member()
    for _ in range(4):
        make_photo(owner=owner)
    bodies(monkeypatch, *(Body(50 * MEGABYTE) for _ in range(4)))
    parts = export.stream(owner)
    sent = len(next(parts))
    tracemalloc.start()
    try:
        for part in parts:
            assert len(part) <= 2 * storage.PIECE_BYTES
            sent += len(part)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sent > 200 * MEGABYTE
    assert peak < 8 * MEGABYTE


def test_nobodys_line_is_waited_for_with_more_than_a_piece_in_hand(monkeypatch: pytest.MonkeyPatch):
    make_photo(owner=(owner := make_member()))
    bodies(monkeypatch, body := Body(10 * MEGABYTE))
    parts = export.stream(owner)
    while body.left == 10 * MEGABYTE:
        next(parts)
    assert 10 * MEGABYTE - body.left <= 2 * storage.PIECE_BYTES


def test_a_download_that_is_broken_off_lets_go_of_the_store(monkeypatch: pytest.MonkeyPatch):
    make_photo(owner=(owner := make_member()))
    bodies(monkeypatch, body := Body(10 * MEGABYTE))
    parts: Any = export.stream(owner)
    while body.left == 10 * MEGABYTE:
        next(parts)
    parts.close()
    assert body.closed


def test_rows_come_in_turns_and_the_pictures_without_the_database(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(export, "ROWS_AT_ONCE", 2)
    owner = make_member()
    for _ in range(5):
        photo = stored(make_photo(owner=owner))
        order.cancel(job=make_job(photo=photo), by=owner)
    parts = b""
    stream = export.stream(owner)
    for part in stream:
        parts += part
        if b"originals/" in part:
            break
    with CaptureQueriesContext(connection) as captured:
        parts += b"".join(stream)
    assert len(captured) == 0
    archive = zipfile.ZipFile(io.BytesIO(parts))
    assert len(said(archive, "jobs.json")) == 5
    assert len(said(archive, "transfers.json")) == 11
    assert len({row["number"] for row in said(archive, "transfers.json")}) == 11

"""jobs.steps.intake: either the original lies whole in S3 and a row says so, or both go, soon."""

from __future__ import annotations

import contextlib
import hashlib
import io
import struct
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, BinaryIO

import pytest
import time_machine
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone
from moto import mock_aws
from PIL import Image

from jobs import images, places, storage
from jobs.models import Photo, PhotoState
from jobs.steps import intake
from tests.builders import make_member, run
from tests.fakes import png
from tests.jobs.steps.uploading import objects, receive, refusal, shown_to_members
from tests.jobs.world import Killed, Killer

pytestmark = pytest.mark.django_db


def jpeg(**options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((64, 48), 80).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def noisy_png() -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((64, 48), 80).save(buffer, "PNG")
    return buffer.getvalue()


def animated_gif() -> bytes:
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("tan", "teal", "red")]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def huge_png() -> bytes:
    """A header of 30,000 × 30,000 and hardly a pixel."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0"))


# --- What is taken --------------------------------------------------------------------------
@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("kind", [io.BytesIO, tempfile.TemporaryFile])
def test_the_original_is_kept_byte_for_byte_with_everything_that_is_in_it(
    kind: Callable[[], BinaryIO],
):
    exif = Image.Exif()
    exif[0x010E] = "Stockholm, 1953"
    data = jpeg(exif=exif, comment=b"the only print")
    with kind() as file:
        file.write(data)
        photo = intake.receive(owner=make_member(), file=file, name="x", byte_size=len(data))
    into = io.BytesIO()
    storage.get(photo.original_key, into)
    assert into.getvalue() == data
    assert objects() == [photo.original_key]


@pytest.mark.usefixtures("bucket")
def test_the_row_says_what_the_upload_is_and_that_it_waits_to_be_prepared():
    data = jpeg()
    before = timezone.now()
    photo = Photo.objects.get(pk=receive(data).pk)
    assert (photo.format, photo.width_px, photo.height_px) == ("JPEG", 64, 48)
    assert photo.byte_size == len(data)
    assert photo.sha256 == hashlib.sha256(data).hexdigest()
    assert photo.state == PhotoState.UPLOADED
    assert photo.due_at is not None
    assert before <= photo.due_at <= timezone.now()


@pytest.mark.usefixtures("bucket")
def test_the_stored_type_is_the_files_own_whatever_its_name_says():
    photo = receive(png(), name="holiday.jpg")
    head = storage._client().head_object(Bucket=settings.S3_BUCKET, Key=photo.original_key)
    assert head["ContentType"] == "image/png"


@pytest.mark.usefixtures("bucket")
def test_an_animated_gif_is_taken_and_the_member_told_about_its_first_frame():
    photo = receive(animated_gif(), name="dance.gif")
    assert photo.note == "This file is animated: only its first frame is restored."


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Grandmother.jpg", "Grandmother"),
        ("Oma & Opa (1953).final.jpeg", "Oma & Opa (1953).final"),
        ("C:\\Users\\Maria\\Pictures\\Oma.jpg", "Oma"),
        ("../../etc/passwd", "passwd"),
        ("/tmp/x.png", "x"),
        ("a\x00b\nc\u202ed.png", "a b cd"),
        ("Oma \u2067\u200f1953\u2069.jpg", "Oma 1953"),
        ("\u202e.jpg", "Untitled"),
        ("\u200d \u200d.jpg", "Untitled"),
        ("\U0001f469\u200d\U0001f467 a\u200cb.jpg", "\U0001f469\u200d\U0001f467 a\u200cb"),
        # As a browser sends a quote and a line's end; any other escape is the file's own name.
        ("Oma %22Mimi%22 1953.jpg", 'Oma "Mimi" 1953'),
        ("Oma%0D%0A1953.jpg", "Oma 1953"),
        ("100%25 %41 %2F..%2e 50% %.jpg", "100%25 %41 %2F..%2e 50% %"),
        ("<b>bold</b>.png", "b>"),
        ("", "Untitled"),
        ("\x00\x01.png", "Untitled"),
        ("祖母.jpg", "祖母"),
        ("x" * 500 + ".jpg", "x" * 120),
    ],
)
def test_the_title_is_the_files_name_without_folders_ending_and_control_characters(
    name: str, title: str
):
    assert receive(png(), name=name).title == title


# --- What is not ----------------------------------------------------------------------------
UNREADABLE = (
    "This is not a picture that we can read. JPEG, PNG, WebP, GIF, TIFF, HEIC and AVIF are welcome."
)
DAMAGED = "This picture is damaged: the file ends early or is broken."


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        pytest.param(b"", "empty.jpg", "This file is empty.", id="0 bytes"),
        pytest.param(b"Dear diary,", "diary.jpg", UNREADABLE, id="a text file named .jpg"),
        pytest.param(b"<svg xmlns='x'/>", "logo.svg", UNREADABLE, id="an SVG"),
        pytest.param(b"<svg xmlns='x'/>", "logo.png", UNREADABLE, id="an SVG named .png"),
        pytest.param(b"%PDF-1.7", "scan.pdf", UNREADABLE, id="a PDF"),
        pytest.param(b"PK\x03\x04", "photos.zip", UNREADABLE, id="a ZIP"),
        pytest.param(jpeg()[:-700], "half.jpg", DAMAGED, id="a truncated JPEG"),
        pytest.param(noisy_png()[:-700], "half.png", DAMAGED, id="a truncated PNG"),
        pytest.param(
            huge_png(),
            "poster.png",
            "This picture has 900 megapixels; the most we can take is 60.",
            id="30000 × 30000 pixels",
        ),
        pytest.param(
            png(8, 8), "icon.png", "This picture is too small to restore.", id="8 × 8 pixels"
        ),
    ],
)
def test_a_bad_file_is_refused_in_plain_words_and_leaves_nothing(
    data: bytes, name: str, words: str
):
    assert refusal(data, name=name) == words
    assert objects() == []
    assert not Photo.objects.exists()


@pytest.mark.usefixtures("bucket")
def test_a_file_of_80_mb_is_refused_by_its_size_without_being_read():
    class Untouchable(io.BytesIO):
        def read(self, *args: Any) -> bytes:
            pytest.fail("read a file that is too large")

    with pytest.raises(intake.Refused) as problem:
        intake.receive(
            owner=make_member(),
            file=Untouchable(),
            name="scan.tif",
            byte_size=80 * 1024 * 1024,
        )
    assert str(problem.value) == "This file has 80 MB; the most we can take is 50 MB."
    assert objects() == []
    assert not Photo.objects.exists()


@pytest.mark.usefixtures("bucket")
def test_a_file_just_over_the_limit_is_not_said_to_be_just_as_large_as_it():
    with pytest.raises(intake.Refused) as problem:
        intake.receive(
            owner=make_member(), file=io.BytesIO(), name="x", byte_size=50 * 1024 * 1024 + 1
        )
    assert "has 50 MB; the most we can take is 50 MB" not in str(problem.value)


@pytest.mark.usefixtures("bucket")
def test_a_file_of_just_the_most_bytes_is_taken_and_one_byte_more_is_not(settings: Any):
    data = png()
    settings.UPLOAD_MAX_BYTES = len(data)
    receive(data)
    settings.UPLOAD_MAX_BYTES = len(data) - 1
    refusal(data)
    assert Photo.objects.count() == 1


# --- When something is down -----------------------------------------------------------------
@pytest.fixture
def no_bucket() -> Iterator[None]:
    """An S3 that answers, and refuses everything."""
    with mock_aws():
        yield


@pytest.mark.usefixtures("no_bucket")
def test_with_the_store_down_there_is_no_photo_and_the_member_is_told(
    caplog: pytest.LogCaptureFixture,
):
    assert refusal(png()) == (
        "Our picture store can't be reached just now, so nothing was uploaded. "
        "Please try again in a few minutes."
    )
    assert not shown_to_members()
    assert "upload not stored" in caplog.text


def test_the_page_waits_for_the_store_once_and_not_for_long():
    config: Any = storage._upload_client().meta.config
    assert config.retries["total_max_attempts"] == 1
    assert config.connect_timeout + config.read_timeout <= 11


@pytest.mark.usefixtures("bucket")
def test_an_upload_is_brought_by_the_client_that_tries_once(monkeypatch: pytest.MonkeyPatch):
    def never() -> None:
        pytest.fail("the patient client keeps a web thread too long")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "_client", never)
        photo = receive(png())
    assert objects() == [photo.original_key]


@pytest.mark.usefixtures("bucket")
def test_few_pictures_are_held_decoded_at_a_time(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(places, "DECODING", threading.BoundedSemaphore(1))
    inspect, others = images.inspect, []

    def looking(file: BinaryIO) -> Any:
        others.append(places.DECODING.acquire(blocking=False))
        return inspect(file)

    monkeypatch.setattr(images, "inspect", looking)
    receive(png())
    assert others == [False]
    assert places.DECODING.acquire(blocking=False)


@pytest.fixture
def broken_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def save(self: Photo, **options: Any) -> None:
        raise OperationalError("the disk is full")

    monkeypatch.setattr(Photo, "save", save)


@pytest.mark.usefixtures("bucket", "broken_database")
def test_when_the_row_cannot_be_written_nothing_is_stored():
    with pytest.raises(OperationalError):
        receive(png())
    assert objects() == []


# --- A row first: what breaks off in between goes within minutes ------------------------------
def minutes_pass(clock: time_machine.Traveller) -> None:
    """Workers take up what falls due, as long as an upload may take, and a lease."""
    for seconds in (settings.ARRIVAL_SECONDS + 1, settings.LEASE_SECONDS + 1):
        clock.shift(timedelta(seconds=seconds))
        run("erase")


Way = Callable[[Callable[[], None]], None]


@pytest.fixture
def storing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Way], None]:
    """Let an upload's way into the store be this, which is given the way as it was."""

    def let(way: Way) -> None:
        put = storage.put

        def instead(*args: Any, **options: Any) -> None:
            way(lambda: put(*args, **options))

        monkeypatch.setattr(storage, "put", instead)

    return let


def unsaid(put: Callable[[], None]) -> None:
    """Stored, and the answer is lost."""
    put()
    raise storage.StorageUnavailable("read timed out")


@pytest.mark.usefixtures("bucket")
def test_while_the_store_takes_it_a_row_stands_that_no_member_sees(storing: Any):
    seen = []

    def look(put: Callable[[], None]) -> None:
        seen.append((Photo.objects.get().state, shown_to_members()))
        put()
        seen.append((Photo.objects.get().state, shown_to_members()))

    storing(look)
    receive(png())
    assert seen == [(PhotoState.ARRIVING, False)] * 2
    assert shown_to_members()


@pytest.mark.usefixtures("bucket")
def test_a_store_whose_answer_was_lost_is_left_without_the_upload_too(
    storing: Any, clock: time_machine.Traveller
):
    storing(unsaid)
    assert "nothing was uploaded" in refusal(png())
    run("erase")
    assert objects() == []
    minutes_pass(clock)
    assert not Photo.objects.exists()


@pytest.mark.usefixtures("bucket")
def test_what_the_store_takes_after_we_gave_up_goes_with_the_second_look(
    storing: Any, clock: time_machine.Traveller
):
    late: list[Callable[[], None]] = []
    data = io.BytesIO(png())

    def give_up(put: Callable[[], None]) -> None:
        late.append(put)
        raise storage.StorageUnavailable("read timed out")

    storing(give_up)
    with pytest.raises(intake.StoreDown):
        intake.receive(owner=make_member(), file=data, name="x", byte_size=len(data.getvalue()))
    run("erase")
    late.pop()()
    assert objects()
    minutes_pass(clock)
    assert objects() == []
    assert not Photo.objects.exists()


@pytest.mark.usefixtures("bucket")
def test_a_store_that_is_down_when_it_should_be_erased_is_asked_again(
    storing: Any, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
):
    storing(unsaid)
    refusal(png())

    def down(prefix: str) -> int:
        raise storage.StorageUnavailable("down")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "erase", down)
        run("erase")
    assert objects()
    minutes_pass(clock)
    minutes_pass(clock)
    assert (objects(), Photo.objects.count()) == ([], 0)


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("is_erased_meanwhile", [False, True])
def test_an_upload_that_outlasts_its_time_is_refused_and_nothing_of_it_stays(
    storing: Any, clock: time_machine.Traveller, is_erased_meanwhile: bool
):
    def dawdle(put: Callable[[], None]) -> None:
        clock.shift(timedelta(seconds=settings.ARRIVAL_SECONDS + 1))
        run("erase")
        if is_erased_meanwhile:
            minutes_pass(clock)
        put()

    storing(dawdle)
    assert "nothing was uploaded" in refusal(png())
    assert not shown_to_members()
    minutes_pass(clock)
    assert (objects(), Photo.objects.count()) == ([], 0)


@pytest.mark.usefixtures("bucket")
def test_an_upload_has_all_its_time_and_is_not_erased_before(
    storing: Any, clock: time_machine.Traveller
):
    def take_long(put: Callable[[], None]) -> None:
        clock.shift(timedelta(seconds=settings.ARRIVAL_SECONDS - 1))
        assert run("erase") == 0
        put()

    storing(take_long)
    photo = receive(png())
    assert objects() == [photo.original_key]
    minutes_pass(clock)
    assert objects() == [photo.original_key]


def test_an_upload_has_longer_than_the_store_may_be_silent():
    config: Any = storage._upload_client().meta.config
    silences = config.connect_timeout + config.read_timeout
    assert 10 * silences < settings.ARRIVAL_SECONDS


@pytest.mark.usefixtures("bucket")
def test_killed_anywhere_it_is_a_photo_or_nothing_of_it_stays(
    storing: Any, clock: time_machine.Traveller
):
    killer = Killer()

    def between(put: Callable[[], None]) -> None:
        killer.point()
        put()
        killer.point()

    storing(between)
    ends: list[tuple[object, ...]] = []
    while len(ends) <= max(killer.passed, 1):
        with killer.at(len(ends) + 1), contextlib.suppress(Killed):
            receive(png())
        was_stored = bool(objects())
        minutes_pass(clock)
        ends.append((was_stored, *Photo.objects.values_list("state", flat=True)))
        assert objects() == [photo.original_key for photo in Photo.objects.all()]
        Photo.objects.all().delete()
        storage.erase("photos/")
    # Before the original, between it and the state, and after: a photo that only nobody was told.
    assert set(ends) == {(False,), (True,), (True, PhotoState.UPLOADED)}
    assert ends[-1] == (True, PhotoState.UPLOADED), "never got through unharmed"

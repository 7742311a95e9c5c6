"""jobs.steps.intake: either the original lies whole in S3 and a row says so, or both go, soon."""

from __future__ import annotations

import hashlib
import io
import struct
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import pytest
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone
from moto import mock_aws
from PIL import Image

from jobs import images, places, storage
from jobs.models import Photo, PhotoState
from jobs.steps import intake
from tests.builders import make_member
from tests.fakes import png
from tests.jobs.steps.uploading import objects, receive, refusal, shown_to_members
from tests.jobs.test_images_keepsake import original

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
def test_the_row_says_when_the_photo_was_taken_if_its_file_does():
    assert receive(original()).taken == "1962-06-03T14:00:00+01:00"
    assert receive(jpeg()).taken == ""


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
        "Our picture store can’t be reached just now, so nothing was uploaded. "
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

"""What is ticked in the gallery comes as one ZIP, and each result in it says what it is."""

from __future__ import annotations

import io
import threading
import zipfile
from typing import Any

import c2pa
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from accounts.models import User
from jobs import images, places, storage
from jobs.models import Photo, RestorationJob, ResultVersion
from jobs.provenance.seal import CannotSeal, seal
from jobs.states import JobState
from jobs.steps import bundle, take_home, zipping
from tests.builders import make_job, make_photo
from tests.fakes import png
from tests.jobs.test_images_keepsake import TAKEN, original, xmp_of

pytestmark = pytest.mark.django_db
SOURCE_TYPE = (
    b"DigitalSourceType>"
    b"http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia<"
)


def unzipped(answer: Any) -> dict[str, bytes]:
    archive = zipfile.ZipFile(io.BytesIO(answer.getvalue()))
    assert archive.testzip() is None
    return {name: archive.read(name) for name in archive.namelist()}


def ticked(client: Client, *photos: Photo, **more: str) -> Any:
    query = {"photo": [str(photo.pk) for photo in photos], **more}
    return client.get(reverse("photos_download"), query)


def store(photo: Photo, result: bytes = png(), *, format: str = "PNG") -> RestorationJob:
    """Its original and one result lie in the bucket."""
    storage.put(photo.original_key, io.BytesIO(original("PNG")), content_type="image/png")
    job = make_job(photo=photo)
    job.state, job.completed_at = JobState.DELIVERED, timezone.now()
    job.result_format = format
    job.result_key = f"{photo.prefix}results/{job.pk}.{images.extension_of(format)}"
    job.save()
    storage.put(job.result_key, io.BytesIO(result), content_type="image/png")
    return job


def of_three(member: User) -> list[Photo]:
    photos = [make_photo(owner=member, title=title) for title in ("Anna", "Ben", "Clara")]
    for photo in photos:
        store(photo)
    return photos


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


# --- What comes along -----------------------------------------------------------------------
@pytest.mark.usefixtures("bucket", "redis_server")
def test_the_results_of_what_is_ticked_come_in_a_zip_and_originals_if_wanted(
    client: Client, member: User
):
    anna, ben, _ = of_three(member)
    answer = ticked(client, anna, ben)
    assert answer.streaming
    assert answer["Content-Disposition"].startswith('attachment; filename="heirloom-photos-20')
    files = unzipped(answer)
    assert files["README.txt"].startswith(b"Photos from Heirloom")
    assert set(files) == {
        "results/Anna - GFPGAN.png",
        "results/Ben - GFPGAN.png",
        "README.txt",
    }
    files = unzipped(ticked(client, anna, with_originals="on"))
    assert files["originals/Anna.png"] == original("PNG")
    assert set(files) == {"originals/Anna.png", "results/Anna - GFPGAN.png", "README.txt"}


@pytest.mark.usefixtures("bucket", "redis_server")
def test_nobody_elses_photo_and_nothing_from_the_trash_comes_along(client: Client, member: User):
    mine = make_photo(owner=member, title="Mine")
    theirs, thrown = make_photo(title="Secret"), make_photo(owner=member, title="Secret")
    for photo in (mine, theirs, thrown):
        store(photo)
    Photo.objects.filter(pk=thrown.pk).update(trashed_at=timezone.now())
    files = unzipped(ticked(client, mine, theirs, thrown, with_originals="on"))
    assert set(files) == {"originals/Mine.png", "results/Mine - GFPGAN.png", "README.txt"}
    assert b"Secret" not in files["README.txt"]


@pytest.mark.usefixtures("redis_server")
def test_when_there_is_nothing_to_download_that_is_said(client: Client, member: User):
    answer = ticked(client, make_photo(owner=member), back="stage=NEW")
    assert answer.url == f"{reverse('gallery')}?stage=NEW"
    assert "None of these photos has been restored yet." in client.get(answer.url).content.decode()
    answer = ticked(client)
    assert "Please tick the photos" in client.get(answer.url).content.decode()
    assert client.get(reverse("photos_download"), {"photo": "x"}).status_code == 404


@pytest.mark.usefixtures("bucket", "redis_server")
def test_one_download_at_a_time(client: Client, member: User):
    photo = make_photo(owner=member)
    store(photo)
    first = ticked(client, photo)
    assert ticked(client, photo).status_code == 302
    assert unzipped(first)
    assert ticked(client, photo).status_code == 200


# --- What each result says of itself --------------------------------------------------------
@pytest.mark.usefixtures("bucket", "redis_server")
@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_each_result_is_labelled_in_its_own_format(client: Client, member: User, format: str):
    photo = make_photo(owner=member, title="Anna")
    pixels = io.BytesIO()
    opened(png()).save(pixels, format)
    store(photo, pixels.getvalue(), format=format)
    files = unzipped(ticked(client, photo))
    image = opened(files[f"results/Anna - GFPGAN.{images.extension_of(format)}"])
    assert image.format == format
    assert SOURCE_TYPE in xmp_of(image)
    assert photo.sha256.encode() in xmp_of(image)
    assert image.getexif().get_ifd(34665)[36867] == TAKEN
    assert not image.getexif().get_ifd(34853)
    readme = files["README.txt"].decode()
    assert "Each file there says\nso itself (XMP, DigitalSourceType)" in readme
    assert "C2PA" not in readme


@pytest.mark.usefixtures("bucket", "redis_server", "signed")
def test_with_a_certificate_each_is_sealed_and_the_readme_says_so(client: Client, member: User):
    files = unzipped(ticked(client, *of_three(member)))
    readme = files.pop("README.txt").decode()
    for title in ("Anna", "Ben", "Clara"):
        reader = c2pa.Reader("image/png", io.BytesIO(files.pop(f"results/{title} - GFPGAN.png")))
        manifest = reader.get_active_manifest()
        assert manifest is not None
        assert manifest["title"] == title
        # The house's own certificate is on nobody's list; nothing else may be found wanting.
        found = {
            one["code"] for one in reader.get_validation_results()["activeManifest"]["failure"]
        }
        assert found <= {"signingCredential.untrusted"}
    assert files == {}
    assert "Each is signed, too (C2PA)" in readme


@pytest.mark.usefixtures("bucket", "redis_server", "signed")
def test_what_could_not_be_sealed_is_labelled_and_named(
    client: Client, member: User, monkeypatch: pytest.MonkeyPatch
):
    def not_bens(*given: Any, **more: Any) -> None:
        if more["provenance"].title == "Ben":
            raise CannotSeal("no")
        seal(*given, **more)

    monkeypatch.setattr(take_home, "seal", not_bens)
    files = unzipped(ticked(client, *of_three(member)))
    assert SOURCE_TYPE in xmp_of(opened(files["results/Ben - GFPGAN.png"]))
    readme = files["README.txt"].decode()
    assert "could not be signed:\n\n- results/Ben - GFPGAN.png\n" in readme
    assert "Anna" not in readme
    assert "Each is signed" not in readme


@pytest.mark.usefixtures("bucket", "redis_server")
def test_further_versions_are_labelled_too(client: Client, member: User):
    photo = make_photo(owner=member, title="Anna")
    job = store(photo, png(colour="tan"))
    version = ResultVersion.objects.create(
        job=job,
        number=2,
        key=f"{photo.prefix}results/{job.pk}-2.png",
        sha256="0" * 64,
        format="PNG",
        width_px=64,
        height_px=48,
    )
    storage.put(version.key, io.BytesIO(png(colour="red")), content_type="image/png")
    files = unzipped(ticked(client, photo))
    image = opened(files["results/Anna - GFPGAN, version 2.png"])
    assert SOURCE_TYPE in xmp_of(image)
    assert image.getpixel((0, 0)) == (255, 0, 0)
    assert opened(files["results/Anna - GFPGAN.png"]).getpixel((0, 0)) != (255, 0, 0)


@pytest.mark.usefixtures("bucket")
def test_one_is_made_when_those_before_it_are_sent_within_the_limits_and_without_the_database(
    member: User, monkeypatch: pytest.MonkeyPatch
):
    """However many are ticked, one picture's files are open."""
    photos, made = of_three(member), list[Any]()
    make, write = take_home.take_home, images.keepsake
    monkeypatch.setattr(places, "DECODING", threading.BoundedSemaphore(1))

    def one(**asked: Any) -> take_home.Keepsake:
        assert all(file.closed for file in made)
        keepsake = make(**asked)
        made.append(keepsake.file)
        return keepsake

    def within(*given: Any, **more: Any) -> None:
        assert not places.DECODING.acquire(blocking=False)
        write(*given, **more)

    monkeypatch.setattr(bundle, "take_home", one)
    monkeypatch.setattr(images, "keepsake", within)
    found = bundle.bundle(photos=photos, with_originals=False)
    stream, seen = found.stream(), list[int]()
    with CaptureQueriesContext(connection) as captured:
        for part in stream:
            assert len(part) <= 2 * storage.PIECE_BYTES
            if b"results/" in part and len(seen) < 3:
                seen.append(len(made))
    assert seen == [1, 2, 3]
    assert all(file.closed for file in made)
    assert len(captured) == 0


@pytest.mark.usefixtures("bucket")
def test_finding_what_goes_into_it_costs_the_same_however_many(member: User):
    def queries(photos: list[Photo]) -> int:
        with CaptureQueriesContext(connection) as captured:
            bundle.bundle(photos=photos, with_originals=True)
        return len(captured)

    photos = of_three(member)
    assert queries(photos[:1]) == queries(photos)


@pytest.mark.usefixtures("bucket")
def test_a_download_that_is_broken_off_keeps_no_file(member: User, monkeypatch: pytest.MonkeyPatch):
    made = list[Any]()
    make = take_home.take_home

    def one(**asked: Any) -> take_home.Keepsake:
        keepsake = make(**asked)
        made.append(keepsake.file)
        return keepsake

    monkeypatch.setattr(bundle, "take_home", one)
    monkeypatch.setattr(storage, "PIECE_BYTES", 16)
    stream = bundle.bundle(photos=of_three(member), with_originals=False).stream()
    for _ in range(4):
        next(stream)
    assert [file.closed for file in made] == [False]
    stream.close()
    assert [file.closed for file in made] == [True]


# --- What is not in it ----------------------------------------------------------------------
@pytest.mark.usefixtures("bucket", "redis_server")
@pytest.mark.parametrize("more", [{}, {"with_originals": "on"}])
def test_photos_without_a_result_are_named(client: Client, member: User, more: dict[str, str]):
    anna, *_ = of_three(member)
    new = make_photo(owner=member, title="Never restored")
    waiting = make_photo(owner=member, title="Still\nwaiting")
    make_job(photo=waiting)
    for photo in (new, waiting):
        storage.put(photo.original_key, io.BytesIO(original("PNG")), content_type="image/png")
    files = unzipped(ticked(client, anna, new, waiting, **more))
    readme = files["README.txt"].decode()
    assert "have no result yet" in readme
    assert readme.endswith("\n- Never restored\n- Still waiting\n")
    assert "no result yet" not in unzipped(ticked(client, anna, **more))["README.txt"].decode()


@pytest.mark.usefixtures("bucket", "redis_server")
def test_originals_alone_promise_no_label(client: Client, member: User):
    photo = make_photo(owner=member, title="Anna")
    storage.put(photo.original_key, io.BytesIO(original("PNG")), content_type="image/png")
    readme = unzipped(ticked(client, photo, with_originals="on"))["README.txt"].decode()
    assert "DigitalSourceType" not in readme


@pytest.mark.usefixtures("bucket", "redis_server")
def test_pictures_that_the_store_has_lost_are_named_and_the_zip_is_whole(
    client: Client, member: User
):
    """However many: the store has answered."""
    photos = [make_photo(owner=member, title="Lost") for _ in range(zipping.MOST_SILENCES)]
    for photo in photos:
        storage.delete(store(photo).result_key)
    there = make_photo(owner=member, title="There")
    store(there)
    files = unzipped(ticked(client, *photos, there))
    assert list(files) == ["results/There - GFPGAN.png", "README.txt"]
    assert b"results/Lost - GFPGAN.png: could not be fetched" in files["README.txt"]


@pytest.mark.usefixtures("bucket", "redis_server")
def test_what_can_not_be_made_is_named_and_the_rest_is_whole(client: Client, member: User):
    """Nor does it speak against the store, however often."""
    photos = [make_photo(owner=member, title="Damaged") for _ in range(zipping.MOST_SILENCES)]
    for photo in photos:
        store(photo, b"no picture")
    there = make_photo(owner=member, title="There")
    store(there)
    files = unzipped(ticked(client, *photos, there))
    assert list(files) == ["results/There - GFPGAN.png", "README.txt"]
    assert b"results/Damaged - GFPGAN.png: could not be made" in files["README.txt"]


@pytest.mark.usefixtures("bucket", "redis_server")
def test_a_store_that_is_silent_is_soon_asked_no_more(
    client: Client, member: User, monkeypatch: pytest.MonkeyPatch
):
    asked = list[str]()

    def silent(key: str, into: Any) -> None:
        asked.append(key)
        raise storage.StorageUnavailable("silent")

    photos = of_three(member)
    monkeypatch.setattr(storage, "get", silent)
    files = unzipped(ticked(client, *photos))
    assert len(asked) == zipping.MOST_SILENCES
    readme = files.pop("README.txt").decode()
    assert files == {}
    for title in ("Anna", "Ben", "Clara"):
        assert f"results/{title} - GFPGAN.png: could not be fetched" in readme

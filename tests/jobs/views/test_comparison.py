"""What a photo's page lays over what, the faces side by side, and the choice among results."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jobs import catalog
from jobs.models import Photo, PhotoState, RestorationJob
from jobs.states import JobState
from tests.builders import make_job, make_photo

pytestmark = pytest.mark.django_db


def delivered(
    photo: Photo, model: catalog.RestorationModel = catalog.GFPGAN, *, faces: bool = True
) -> RestorationJob:
    job = make_job(photo=photo, model=model)
    RestorationJob.objects.filter(pk=job.pk).update(
        state=JobState.DELIVERED,
        result_key=f"{photo.prefix}results/{job.pk}.png",
        result_width_px=640,
        result_height_px=480,
        has_faces_strip=faces,
    )
    return job


@pytest.fixture
def faced(photo: Photo) -> Photo:
    photo.faces = [
        {"x": 1, "y": 1, "width": 90, "height": 90},
        {"x": 9, "y": 9, "width": 20, "height": 20},
    ]
    photo.has_faces_strip = True
    photo.save()
    return photo


def viewer(client: Client, photo: Photo, **choice: str) -> str:
    text = client.get(reverse("photo", args=[photo.pk]), choice).content.decode()
    return text[text.index('id="viewer"') : text.index('id="consent"')]


def pictures(text: str) -> list[str]:
    """What lies left and right: the paths of both previews under `photos/<id>/`."""
    return re.findall(r'<img src="[^"?]*/photos/[^/]*/([^"?]*)\?', text)


def test_a_photo_without_a_result_is_shown_alone(client: Client, photo: Photo):
    text = viewer(client, photo)
    assert pictures(text) == ["preview.webp"]
    assert "data-compare" not in text


def test_the_newest_result_lies_over_the_original(client: Client, photo: Photo):
    delivered(photo)
    newest = delivered(photo, catalog.CODEFORMER)
    assert pictures(viewer(client, photo)) == [
        "preview.webp",
        f"results/{newest.pk}-preview.webp",
    ]


def test_the_one_that_was_chosen_comes_first_until_it_is_no_choice_any_more(
    client: Client, photo: Photo
):
    chosen, newer = delivered(photo), delivered(photo, catalog.CODEFORMER)
    address = reverse("keep_result", args=[chosen.pk])
    text = client.post(address, {"keep": "1"}, follow=True).content.decode()
    assert "Your choice" in text
    assert f"results/{chosen.pk}-preview.webp" in pictures(viewer(client, photo))
    client.post(reverse("keep_result", args=[newer.pk]), {"keep": ""})  # wasn't it anyway
    assert Photo.objects.get().keeper == chosen
    client.post(address, {"keep": ""})
    assert Photo.objects.get().keeper is None
    assert f"results/{newer.pk}-preview.webp" in pictures(viewer(client, photo))


def test_two_results_can_be_compared_with_each_other(client: Client, photo: Photo):
    one, two = delivered(photo), delivered(photo, catalog.CODEFORMER)
    text = viewer(client, photo, left=str(one.pk), right=str(two.pk))
    assert pictures(text) == [
        f"results/{one.pk}-preview.webp",
        f"results/{two.pk}-preview.webp",
    ]
    assert "Before" not in text


def test_a_choice_that_is_not_there_falls_back_to_what_is_usual(client: Client, photo: Photo):
    job, others = delivered(photo), delivered(make_photo())
    text = viewer(client, photo, left="nonsense", right=str(others.pk))
    assert pictures(text) == ["preview.webp", f"results/{job.pk}-preview.webp"]


def test_each_face_is_shown_in_both_pictures_and_a_small_one_is_told(client: Client, faced: Photo):
    job = delivered(faced)
    text = viewer(client, faced)
    assert re.findall(r'viewBox="(\d+) 0 320 320"', text) == ["0", "0", "320", "320"]
    assert len(re.findall(rf'<image href="[^"]*results/{job.pk}-faces.webp', text)) == 2
    assert len(re.findall(r'<image href="[^"]*/faces.webp', text)) == 2
    assert text.count("So small that most of it is invented.") == 1


def test_of_a_crowd_the_largest_faces_are_shown_and_the_rest_is_counted(
    client: Client, faced: Photo
):
    delivered(faced)
    assert "not shown" not in viewer(client, faced)
    faced.faces = [{"x": 1, "y": 1, "width": 90 - i, "height": 90 - i} for i in range(14)]
    faced.save()
    text = viewer(client, faced)
    assert text.count("px wide in the original") == 12
    assert "These are the 12 largest faces; 2 smaller ones are not shown." in text


def test_without_the_faces_of_both_none_are_shown(client: Client, faced: Photo):
    delivered(faced, faces=False)
    assert "Is it still them?" not in viewer(client, faced)


def test_what_is_too_large_to_look_at_closer_is_not_offered(client: Client, photo: Photo):
    job = delivered(photo)
    closer = re.compile(rf'data-closer="[^"]*results/{job.pk}.png')
    assert closer.search(viewer(client, photo))
    RestorationJob.objects.update(result_width_px=8_000, result_height_px=6_000)
    assert not closer.search(viewer(client, photo))


@pytest.mark.parametrize("state", [JobState.READY, JobState.FAILED])
def test_only_a_picture_that_is_there_can_be_chosen(client: Client, photo: Photo, state: JobState):
    job = delivered(photo)
    RestorationJob.objects.update(state=state)
    text = client.post(reverse("keep_result", args=[job.pk]), {"keep": "1"}, follow=True)
    assert "There is no picture of this restoration" in text.content.decode()
    assert Photo.objects.get().keeper is None


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        ({"state": PhotoState.ERASING}, "This photo has been erased."),
        ({"trashed_at": timezone.now()}, "This photo is in the trash."),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_of_a_photo_without_a_page_nothing_can_be_chosen_and_only_that_is_said(
    client: Client, photo: Photo, gone: dict[str, Any], words: str, method: str
):
    job = delivered(photo)
    Photo.objects.update(**gone)
    page = getattr(client, method)(
        reverse("keep_result", args=[job.pk]), {"keep": "1"}, follow=True
    )
    assert [str(message) for message in page.context["messages"]] == [words]
    assert Photo.objects.get().keeper is None

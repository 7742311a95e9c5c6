"""'Not them?' on a result's card: the form, its price of nothing, what it says when it can't."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from jobs.catalog import CODEFORMER, FLUX_KONTEXT
from jobs.models import NotThem, Photo, RestorationJob
from jobs.steps.collect import faces_key
from tests.builders import make_consent, make_job, make_member, make_photo
from tests.fakes import FakeVendor
from tests.jobs.steps.test_not_them import bring, restored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket", "rings")]


@pytest.fixture
def job(photo: Photo, vendor: FakeVendor) -> RestorationJob:
    """A result that the member has."""
    return restored(vendor, photo)


def address(job: RestorationJob) -> str:
    return reverse("not_them", args=[job.pk])


def send(client: Client, job: RestorationJob, **said: Any) -> Any:
    form = {
        "reason": "AGE",
        "words": "He was forty.",
        "model": "codeformer",
        "click_key": uuid.uuid4(),
        "codeformer-codeformer_fidelity": "0.85",
        "codeformer-upscale": "1",
        **said,
    }
    return client.post(address(job), form)


def page_of(client: Client, job: RestorationJob) -> str:
    return client.get(reverse("photo", args=[job.photo_id])).content.decode()


def test_a_result_offers_it_and_the_form_says_that_it_costs_nothing(
    client: Client, job: RestorationJob
):
    assert address(job) in page_of(client, job)
    text = client.get(address(job)).content.decode()
    assert "Try again for $0.00" in text
    assert 'value="0.85"' in text
    assert text.count('type="range"') == 1


def test_no_model_is_chosen_beforehand(client: Client, job: RestorationJob):
    text = client.get(address(job)).content.decode()
    radios = re.findall(r'<input type="radio" name="model"[^>]*>', text)
    assert len(radios) == 2
    assert not [radio for radio in radios if "checked" in radio]
    assert all("required" in radio for radio in radios)


def test_without_a_model_it_is_said_beside_the_choice(client: Client, job: RestorationJob):
    text = send(client, job, model="").content.decode()
    choice = text[text.index('<fieldset class="stack" id="id_model"') :]
    choice = choice[: choice.index('type="radio"')]
    assert 'aria-describedby="id_model_error"' in choice
    assert 'id="id_model_error"' in choice
    assert "Please choose what we shall try." in choice
    assert client.post(address(job)).status_code == 422


def test_the_faces_of_the_original_and_of_this_result_stand_beside_the_choice(
    client: Client, photo: Photo, job: RestorationJob
):
    Photo.objects.filter(pk=photo.pk).update(
        faces=[{"x": 1, "y": 1, "width": 30, "height": 30}], has_faces_strip=True
    )
    RestorationJob.objects.filter(pk=job.pk).update(has_faces_strip=True)
    text = client.get(address(job)).content.decode()
    strips = re.findall(r'<image href="[^"?]*/([^"?]*)\?', text)
    job.refresh_from_db()
    assert strips == ["faces.webp", faces_key(job.result_key).rpartition("/")[2]]
    assert "Face 1: The original" in text
    assert "Face 1: GFPGAN" in text


def test_sent_it_is_ordered_and_submitted_and_not_offered_again(
    client: Client, job: RestorationJob, rings: list[str]
):
    answer = send(client, job)
    rerun = RestorationJob.objects.get(instead_of=job)
    assert answer.url == f"{reverse('photo', args=[job.photo_id])}#job-{rerun.pk}"
    assert rings == ["submit"]
    said = NotThem.objects.get()
    assert (said.reason, said.words) == ("AGE", "He was forty.")
    page = page_of(client, job)
    assert "$0.00: free for you, we pay for it." in page
    assert address(job) not in page
    assert client.get(address(job)).status_code == 302


def test_the_statement_tells_of_it(client: Client, job: RestorationJob, vendor: FakeVendor):
    send(client, job)
    bring(RestorationJob.objects.get(instead_of=job), vendor)
    text = client.get(reverse("wallet")).content.decode()
    assert "Free for you, paid by us" in text
    assert "$0.000007 beside your balance" in text


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"reason": ""}, "This field is required."),
        ({"model": ""}, "Please choose what we shall try."),
        ({"codeformer-upscale": "9"}, "less than or equal"),
        ({"codeformer-upscale": "2"}, "as large as the one before it at most: 64 × 48 px"),
        (
            {"model": "gfpgan", "gfpgan-scale": "1", "gfpgan-version": "v1.4"},
            "this would be what you have already",
        ),
        ({"model": "nonsense"}, "nonsense is not one of the available choices"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(
    client: Client, job: RestorationJob, said: dict[str, str], words: str
):
    answer = send(client, job, **said)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert words in text
    assert "He was forty." in text
    assert not NotThem.objects.exists()


def is_said_beside_the_models_and_at_the_top(text: str, words: str) -> bool:
    top, choice = text.split('<fieldset class="stack" id="id_model"')
    return words in top and words in choice[: choice.index('type="radio"')]


def test_a_model_that_could_only_give_the_same_picture_is_not_offered_and_refused(
    client: Client, photo: Photo, vendor: FakeVendor
):
    job = bring(make_job(photo=photo, model=FLUX_KONTEXT), vendor)
    text = client.get(address(job)).content.decode()
    assert re.findall(r'name="model" id="try-([^"]*)"', text) == ["gfpgan", "codeformer"]
    answer = send(
        client,
        job,
        model="flux-kontext",
        **{"flux-kontext-output_format": "jpg", "flux-kontext-safety_tolerance": "2"},
    )
    assert answer.status_code == 422
    assert is_said_beside_the_models_and_at_the_top(answer.content.decode(), "changes the picture")
    assert not NotThem.objects.exists()


def test_what_was_not_changed_is_said_beside_the_models_and_at_the_top(
    client: Client, photo: Photo, vendor: FakeVendor
):
    job = bring(make_job(photo=photo, model=CODEFORMER, upscale=1), vendor)
    as_it_is = {
        "codeformer-codeformer_fidelity": "0.5",
        "codeformer-background_enhance": "on",
        "codeformer-face_upsample": "on",
    }
    answer = send(client, job, **as_it_is)
    assert answer.status_code == 422
    assert is_said_beside_the_models_and_at_the_top(answer.content.decode(), "changes the picture")
    assert send(client, job, **as_it_is | {"codeformer-codeformer_fidelity": "0.9"}).url


def test_somebody_elses_result_is_not_there(client: Client, member: User, vendor: FakeVendor):
    theirs = make_photo(owner=make_member())
    make_consent(theirs)
    job = restored(vendor, theirs)
    assert client.get(address(job)).status_code == 404
    assert send(client, job).status_code == 404

"""jobs.risks: what a reviewer should know, computed when a statement is given."""

from __future__ import annotations

import io

import pytest
from django.utils import timezone

from facefinder import Face
from jobs import consent_proof, images, storage
from jobs.models import Consent, ConsentStatus, PhotoState
from jobs.risks import flags, sources
from jobs.steps import consent
from tests.builders import decide, make_consent, make_member, make_photo, run
from tests.journeys import pictures

pytestmark = pytest.mark.django_db


def faces(count: int) -> list[dict[str, int]]:
    return [{"x": n, "y": 0, "width": 9, "height": 9} for n in range(count)]


@pytest.mark.parametrize(
    ("depicted", "risks"),
    [
        (("MYSELF",), ""),
        (("CHILD",), "|CHILD|"),
        (("OTHER",), "|OTHER_PERSON|"),
        (("OTHER", "CHILD"), "|CHILD|OTHER_PERSON|"),
    ],
)
def test_who_is_shown_is_a_flag(depicted: tuple[str, ...], risks: str):
    assert make_consent(make_photo(), depicted=depicted).risks == risks


@pytest.mark.parametrize(("count", "risks"), [(4, []), (5, ["MANY_FACES"])])
def test_many_faces_are_five(count: int, risks: list[str]):
    assert flags(make_consent(make_photo(faces=faces(count)))) == risks


def test_a_child_that_the_next_statement_leaves_out_is_still_flagged():
    photo = make_photo()
    decide(make_consent(photo, depicted=("CHILD",)))
    again = make_consent(photo, depicted=("NOBODY",))
    assert (again.risks, again.status) == ("|CHILD|", ConsentStatus.PENDING_REVIEW)


def test_bytes_that_were_taken_back_before_are_flagged_whoever_brings_them():
    photo = make_photo()
    make_consent(photo)
    consent.withdraw(photo=photo, by=photo.owner)
    anew = make_photo(sha256=photo.sha256)
    assert flags(make_consent(anew)) == ["WITHDRAWN_BEFORE"]
    assert flags(make_consent(make_photo(owner=photo.owner))) == []


@pytest.mark.parametrize("outcome", ["waiting", "approved", "rejected", "withdrawn"])
@pytest.mark.parametrize(("who", "risk"), [("CHILD", "CHILD"), ("OTHER", "OTHER_PERSON")])
def test_what_needed_a_reviewer_needs_one_from_whoever_brings_the_same_bytes(
    who: str, risk: str, outcome: str
):
    first = make_consent(make_photo(), depicted=(who,))
    if outcome == "withdrawn":
        consent.withdraw(photo=first.photo, by=first.given_by)
    elif outcome != "waiting":
        decide(first, approve=outcome == "approved")
    anew = make_consent(make_photo(sha256=first.photo_sha256))
    assert anew.status == ConsentStatus.PENDING_REVIEW
    assert anew.given_by != first.given_by
    assert risk in flags(anew)
    assert first in next(one for one in sources(anew) if one.risk == risk).statements


def test_what_was_taken_back_after_it_was_rejected_is_withdrawn_and_flagged():
    """Also in the record, and the proof holds; what expires afterwards was not taken back."""
    rejected = make_consent(make_photo(), depicted=("OTHER",))
    decide(rejected, approve=False)
    consent.withdraw(photo=rejected.photo, by=rejected.given_by)
    rejected.refresh_from_db()
    assert rejected.status == ConsentStatus.WITHDRAWN
    last = rejected.events.last()
    assert last is not None
    assert (last.from_status, last.to_status) == ("REJECTED", "WITHDRAWN")
    anew = make_consent(make_photo(sha256=rejected.photo_sha256))
    assert "WITHDRAWN_BEFORE" in flags(anew)
    assert consent_proof.findings(timezone.now())[0] == []


def test_what_was_rejected_and_said_anew_is_not_taken_back_twice():
    photo = make_photo()
    first = make_consent(photo, depicted=("OTHER",))
    decide(first, approve=False)
    second = make_consent(photo, depicted=("OTHER",))
    consent.withdraw(photo=photo, by=photo.owner)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == (ConsentStatus.REJECTED, ConsentStatus.WITHDRAWN)


def test_a_statement_that_was_only_replaced_was_not_withdrawn():
    photo = make_photo()
    for _ in range(3):
        assert flags(make_consent(photo)) == []


def test_a_member_who_was_rejected_before_is_flagged_also_for_another_photo():
    member = make_member()
    rejected = make_consent(make_photo(owner=member), depicted=("OTHER",))
    decide(rejected, approve=False)
    assert flags(make_consent(make_photo(owner=member))) == ["REJECTED_BEFORE"]
    assert flags(make_consent(make_photo())) == []
    consent.withdraw(photo=rejected.photo, by=member)
    assert flags(make_consent(make_photo(owner=member))) == ["REJECTED_BEFORE"]


@pytest.mark.parametrize(
    ("count", "risks"), [(4, ["OTHER_PERSON"]), (5, ["OTHER_PERSON", "MANY_FACES"])]
)
def test_faces_that_are_found_after_the_statement_are_flagged_then(
    bucket: None, monkeypatch: pytest.MonkeyPatch, count: int, risks: list[str]
):
    photo = make_photo(state=PhotoState.UPLOADED, due_at=timezone.now())
    storage.put(photo.original_key, io.BytesIO(pictures.small_photo()), content_type="image/jpeg")
    given = make_consent(photo, depicted=("OTHER",))
    monkeypatch.setattr(
        images.uploads, "find_faces", lambda _: [Face(n, 0, 9, 9, 1.0) for n in range(count)]
    )
    run("prepare")
    given.refresh_from_db()
    assert flags(given) == risks
    assert storage.keys_under(photo.veiled_key) == [photo.veiled_key]


# --- Why ------------------------------------------------------------------------------------------
def why(given: Consent) -> dict[str, list[Consent]]:
    """The statements that each flag is there because of."""
    return {source.risk.value: list(source.statements) for source in sources(given)}


def test_a_flag_that_an_earlier_statement_raised_names_it():
    photo = make_photo()
    child = decide(make_consent(photo, depicted=("CHILD",)))
    assert why(child) == {"CHILD": []}, "this very statement says so"
    again = make_consent(photo, depicted=("OTHER",))
    assert why(again) == {"CHILD": [child], "OTHER_PERSON": []}
    assert why(child) == {"CHILD": []}, "what came later is no reason"


def test_what_was_withdrawn_and_what_was_rejected_before_are_named():
    photo = make_photo()
    before = make_consent(photo)
    consent.withdraw(photo=photo, by=photo.owner)
    owner = make_member()
    rejected = decide(make_consent(make_photo(owner=owner), depicted=("OTHER",)), approve=False)
    make_consent(make_photo(owner=owner))
    anew = make_consent(make_photo(owner=owner, sha256=photo.sha256), depicted=("OTHER",))
    assert why(anew) == {
        "OTHER_PERSON": [],
        "WITHDRAWN_BEFORE": [before],
        "REJECTED_BEFORE": [rejected],
    }

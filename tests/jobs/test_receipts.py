"""jobs.receipts: the fields of ISO/IEC TS 27560, and no claim beyond what was said."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from django.utils import translation

from jobs import receipts
from jobs.models import Attempt, Consent
from jobs.steps import consent as consent_step
from jobs.wording import Words, read
from tests.builders import make_consent, make_job, make_photo, publish_notice, the_notice

pytestmark = pytest.mark.django_db


def receipt_of(consent: Consent) -> dict[str, Any]:
    """As it comes out of the file."""
    read: dict[str, Any] = json.loads(json.dumps(receipts.receipt(consent)))
    return read


def test_the_sections_are_the_standards():
    found = receipt_of(make_consent(make_photo()))
    assert set(found) == {
        "receipt_metadata",
        "record_header",
        "pii_processing",
        "pii_information",
        "party_identification",
        "events",
        "x_heirloom",
    }
    assert found["receipt_metadata"]["receipt_schema_version"] == "ISO/IEC TS 27560:2023"


def test_the_header_names_record_and_principal():
    given = make_consent(make_photo())
    assert receipt_of(given)["record_header"] == {
        "schema_version": "heirloom-consent-record/1",
        "record_id": str(given.pk),
        "pii_principal_id": f"member-{given.given_by_id}",
    }


def test_the_notice_is_there_whole_with_its_version_and_hash():
    given = make_consent(make_photo())
    notice = receipt_of(given)["pii_processing"]["privacy_notice"]
    assert (notice["version"], notice["sha256"]) == (given.notice.version, given.notice.sha256)
    assert notice["text"] == given.notice.text


def test_each_purpose_stands_by_itself_with_basis_recipient_storage_and_end(settings: Any):
    settings.STORAGE_LOCATION = "eu-west-1"
    given = make_consent(make_photo(), keep_until=date(2999, 1, 1))
    purposes = receipt_of(given)["pii_processing"]["purposes"]
    assert [one["purpose"] for one in purposes] == ["restore", "send_to_pixazo", "keep"]
    for one in purposes:
        assert one["lawful_basis"] == "consent"
        assert one["storage_locations"] == ["eu-west-1"]
        assert one["retention_period"] == "2999-01-01"
    assert purposes[1]["recipient_third_parties"] == ["pixazo"]
    assert receipt_of(make_consent(make_photo()))["pii_processing"]["purposes"][0][
        "retention_period"
    ] == ("until withdrawn")


def test_each_recipient_has_the_words_that_were_ticked_and_keeping_says_what_stays():
    given = make_consent(make_photo(), vendors=("pixazo", "fal"))
    words = {
        one["purpose"]: one["description"]
        for one in receipt_of(given)["pii_processing"]["purposes"]
    }
    assert words["restore"] == "This photo may be restored. I know that faces may change."
    assert words["send_to_pixazo"] == (
        "A copy without any hidden data may be sent to Pixazo for this."
    )
    assert words["send_to_fal"].startswith(
        "While Pixazo can't be used, the same copy may be sent to fal.ai instead. Only for"
    )
    assert "This statement stays on record after that" in words["keep"]


def test_what_was_asked_and_not_ticked_is_told_as_not_agreed(settings: Any):
    settings.FAL_KEY = "key"
    publish_notice("Or to fal.ai.")
    photo = make_photo()
    (given,) = consent_step.give_many(
        photos=[photo],
        by=photo.owner,
        session_key="session",
        notice=the_notice(),
        notice_language="en",
        words=Words(("pixazo", "fal")),
        depicted=["MYSELF"],
        basis="",
        vendors=["pixazo"],
        keep_until=None,
    )
    found = receipt_of(given)
    agreed = {one["purpose"]: one["agreed"] for one in found["pii_processing"]["purposes"]}
    assert agreed == {
        "restore": True,
        "send_to_pixazo": True,
        "send_to_fal": False,
        "keep": True,
    }
    assert [one["party_id"] for one in found["party_identification"]][2:] == ["pixazo"]


def test_all_words_beside_the_boxes_are_there_with_what_was_ticked():
    given = make_consent(make_photo(), depicted=("DECEASED",))
    words = receipt_of(given)["x_heirloom"]["words_beside_the_boxes"]
    assert given.wording is not None
    assert words["sha256"] == given.wording.sha256
    said = [(one["kind"], one["words"]) for one in words["passages"]]
    assert said == [(one.kind, one.words) for one in read(given.wording.text)]
    ticked = {one["words"]: one["ticked"] for one in words["passages"] if "ticked" in one}
    assert ticked["A relative who has died"] is True
    assert ticked["Myself"] is False


def test_of_a_statement_from_before_the_words_were_kept_none_are_made_up():
    given = make_consent(make_photo(), vendors=("pixazo", "fal"))
    Consent.objects.filter(pk=given.pk).update(wording=None)
    given.refresh_from_db()
    found = receipt_of(given)
    assert found["x_heirloom"]["words_beside_the_boxes"] is None
    words = [one["description"] for one in found["pii_processing"]["purposes"]]
    assert words[1] == "Send a copy without hidden data to Pixazo, for this alone"
    assert words[2] == "Send the same copy to fal.ai instead, while Pixazo can’t be used"


def test_the_parties_are_controller_principal_and_recipient(settings: Any):
    settings.CONTROLLER_NAME = "Heirloom Ltd"
    given = make_consent(make_photo())
    controller, principal, recipient = receipt_of(given)["party_identification"]
    assert (controller["party_role"], controller["party_name"]) == (
        "pii_controller",
        "Heirloom Ltd",
    )
    assert principal["party_email"] == given.given_by.email
    assert (recipient["party_id"], recipient["party_name"]) == ("pixazo", "Pixazo")


def test_it_names_the_vendors_that_really_received_a_copy():
    photo = make_photo()
    given = make_consent(photo)
    for number, (vendor, outcome, http_status, later) in enumerate(
        (
            ("pixazo", "NOT_ACCEPTED", None, ""),  # never reached
            ("pixazo", "NOT_ACCEPTED", 402, ""),  # it had the address
            ("fal", "ACCEPTED", 200, ""),
            ("fal", "UNKNOWN", None, ""),
            ("fal", "UNKNOWN", None, "COMPLETED"),  # a callback told
        )
    ):
        Attempt.objects.create(
            job=make_job(photo=photo),
            number=1,
            vendor=vendor,
            outcome=outcome,
            http_status=http_status,
            vendor_status=later,
            token_sha256=str(number),
        )
    copies = receipt_of(given)["x_heirloom"]["copies_sent"]
    told = [(one["party_name"], one["surely_received"], one["refused"]) for one in copies]
    assert told == [
        ("Pixazo", False, True),
        ("fal.ai", True, False),
        ("fal.ai", False, False),
        ("fal.ai", True, False),
    ]
    assert consent_step.outlook(photo).copies_sent == 4


def test_the_language_is_that_of_the_words_that_were_shown():
    with translation.override("de"):
        given = make_consent(make_photo())
    assert receipt_of(given)["pii_processing"]["language"] == "de"
    assert receipt_of(make_consent(make_photo()))["pii_processing"]["language"] == "en"
    Consent.objects.filter(pk=given.pk).update(wording=None)
    assert receipt_of(Consent.objects.get(pk=given.pk))["pii_processing"]["language"] == "en"


def test_every_change_of_state_is_an_event():
    photo = make_photo()
    given = make_consent(photo)
    consent_step.withdraw(photo=photo, by=photo.owner)
    given.refresh_from_db()
    found = receipt_of(given)
    assert [(one["event_type"], one["entity_id"]) for one in found["events"]] == [
        ("consent_given", "member"),
        ("consent_withdrawn", "member"),
    ]
    assert found["x_heirloom"]["status"] == "WITHDRAWN"


def test_a_tick_about_somebody_else_is_the_uploaders_attestation():
    given = make_consent(make_photo(), depicted=("ADULT_RELATIVE",))
    own = receipt_of(given)["x_heirloom"]
    assert own["depicted"] == [{"code": "ADULT_RELATIVE", "words": "An adult who agreed to this"}]
    assert "the uploader’s attestation, not that person’s" in own["attestation"]

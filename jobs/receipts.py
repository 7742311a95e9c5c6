"""A consent's receipt: what was said, to whom, about what and until when, for a machine to read.

The fields are those of ISO/IEC TS 27560:2023, "Consent record information structure". The clause
that asks for each is named below, where it is filled in. What another person may have agreed to is
never claimed: the receipt is of the uploader's own statement.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from jobs import catalog, wording
from jobs.models import Attempt, AttemptOutcome, Consent, ConsentEvent, ConsentStatus, Depicted
from jobs.models.attempt import AttemptQuerySet

RECEIPT_SCHEMA = "ISO/IEC TS 27560:2023"
RECORD_SCHEMA = "heirloom-consent-record/1"
HEIRLOOM = "heirloom"
MEMBER = "member"

ATTESTATION = lazy(
    "The uploader’s own statement. What it says about another person is the uploader’s "
    "attestation, not that person’s."
)
RESTORE = lazy("Restore this photograph; faces may change")
KEEP = lazy(
    "Keep the photograph and what is made of it until then. This statement stays on record after "
    "that, without the picture"
)
DATA_CATEGORIES = (
    (
        "photograph",
        lazy("The photograph as uploaded, with the likeness of whoever is in it"),
        False,
    ),
    (
        "facial_image",
        lazy("Places and sizes of faces found in it; no biometric template is made"),
        True,
    ),
    ("restoration", lazy("The restored pictures made from it"), False),
    ("statement", lazy("Who the uploader says is in it, and why it may be restored"), False),
)
RIGHTS = (
    lazy("withdraw consent"),
    lazy("read and download what was said"),
    lazy("download all data"),
    lazy("have pictures and account erased"),
    lazy("complain to a data protection authority"),
)
# What each status is called among the standard's examples of an event's state.
EVENT_TYPES = {
    ConsentStatus.GRANTED: "consent_given",
    ConsentStatus.PENDING_REVIEW: "consent_awaits_review",
    ConsentStatus.QUESTIONED: "consent_questioned",
    ConsentStatus.APPROVED: "consent_approved",
    ConsentStatus.REJECTED: "consent_refused",
    ConsentStatus.WITHDRAWN: "consent_withdrawn",
    ConsentStatus.EXPIRED: "consent_expired",
}


def controller() -> dict[str, str]:
    """Who answers for the data: clause 6.3.6, party identification."""
    return {
        "party_id": HEIRLOOM,
        "party_role": "pii_controller",
        "party_name": settings.CONTROLLER_NAME,
        "party_address": settings.CONTROLLER_ADDRESS,
        "party_email": settings.CONTROLLER_EMAIL,
        "party_url": settings.PUBLIC_BASE_URL,
        "party_country": settings.CONTROLLER_COUNTRY,
    }


@dataclass(frozen=True)
class SentCopy:
    """A copy that a vendor has received or, unless `surely`, may have.

    One that `refused` had the copy's address all the same, and could fetch it before that died.
    """

    job_id: uuid.UUID
    consent_id: uuid.UUID
    vendor: str
    at: datetime
    surely: bool
    refused: bool

    @property
    def vendor_name(self) -> str:
        return catalog.VENDORS.get(self.vendor, self.vendor)

    def as_dict(self) -> dict[str, Any]:
        return {
            "party_id": self.vendor,
            "party_name": self.vendor_name,
            "at": self.at.isoformat(),
            "surely_received": self.surely,
            "refused": self.refused,
        }


def copies_sent(attempts: AttemptQuerySet) -> list[SentCopy]:
    """Who got a copy, or could fetch one, by these attempts, oldest first; one query."""
    asked = attempts.reached_a_vendor().select_related("job").order_by("created_at", "pk")
    return [
        SentCopy(
            job_id=one.job_id,
            consent_id=one.job.consent_id,
            vendor=one.vendor,
            at=one.created_at,
            surely=one.was_taken,
            refused=one.outcome == AttemptOutcome.NOT_ACCEPTED and not one.was_taken,
        )
        for one in asked.only("vendor", "created_at", "outcome", "vendor_status", "job__consent_id")
    ]


def receipt(consent: Consent) -> dict[str, Any]:
    """The receipt of one statement, fetched with its notice, words, photo and giver; two queries.

    - ``receipt_metadata`` (6.4.5): which schema the receipt follows, and who issued it
    - ``record_header`` (6.3.3): ``schema_version``, ``record_id``, ``pii_principal_id``
    - ``pii_processing`` (6.3.4): the notice; in which language the words stood; each purpose with
      its lawful basis, whether it was agreed to, recipients, storage, retention and jurisdiction;
      how the data is collected and processed; how to withdraw; rights
    - ``pii_information`` (6.3.5): the categories of data, and which of them are special
    - ``party_identification`` (6.3.6): controller, principal, recipients
    - ``events`` (6.3.7): every change of the consent's state, with its time, by whom and until when

    ``x_heirloom`` holds what the standard has no field for: the photo's hash, what was said in
    words, all that stood beside the boxes with every tick, which vendors got a copy, or could fetch
    one, and when, and the seals that `manage.py check_consents` proves. No reviewer is ever named.

    It is in the language in which the words stood that were agreed to, whoever asks for it.
    """
    with translation.override(wording.said_in(consent)):
        return _receipt(consent)


def _receipt(consent: Consent) -> dict[str, Any]:
    copies = copies_sent(Attempt.objects.filter(job__consent=consent))
    return {
        "receipt_metadata": {
            "receipt_schema_version": RECEIPT_SCHEMA,
            "receipt_id": f"receipt-{consent.pk}",
            "issuer": HEIRLOOM,
        },
        "record_header": {
            "schema_version": RECORD_SCHEMA,
            "record_id": str(consent.pk),
            "pii_principal_id": _principal(consent),
        },
        "pii_processing": _processing(consent),
        "pii_information": [
            {
                "pii_type": category,
                "description": str(words),
                "pii_optional": False,
                "special_pii_category": special,
            }
            for category, words, special in DATA_CATEGORIES
        ],
        "party_identification": [
            controller(),
            {
                "party_id": _principal(consent),
                "party_role": "pii_principal",
                "party_name": consent.given_by.get_full_name(),
                "party_email": consent.given_by.email,
            },
            *(
                {
                    "party_id": vendor,
                    "party_role": "recipient_third_party",
                    "party_name": catalog.VENDORS.get(vendor, vendor),
                }
                for vendor in consent.vendors_named
            ),
        ],
        "events": [_event(event, consent) for event in consent.events.order_by("number")],
        "x_heirloom": {
            "status": consent.status,
            "photo_id": str(consent.photo_id),
            "photo_sha256": consent.photo_sha256,
            "depicted": [
                {"code": code, "words": str(Depicted(code).label)} for code in consent.depicted
            ],
            "basis_in_the_uploaders_words": consent.basis,
            "attestation": str(ATTESTATION),
            "words_beside_the_boxes": _words(consent),
            "copies_sent": [copy.as_dict() for copy in copies],
            "session_sha256": consent.session_fingerprint,
        },
    }


def _processing(consent: Consent) -> dict[str, Any]:
    read = consent.notice_read
    return {
        "privacy_notice": {
            "title": read.title,
            "version": consent.notice.version,
            "published_at": consent.notice.published_at.isoformat(),
            "language": read.language,
            "sha256": consent.notice_sha256,
            "text": read.text,
        },
        "language": wording.said_in(consent),
        "purposes": _purposes(consent),
        "pii_controllers": [HEIRLOOM],
        "collection_method": _("Uploaded by the member through the web site"),
        "withdrawal_method": {
            "how": _("“Withdraw consent” on the photo’s page and on this consent’s record"),
            "address": settings.PUBLIC_BASE_URL
            + reverse("consent_record", args=[consent.photo_id]),
        },
        "privacy_rights": [str(right) for right in RIGHTS],
    }


def _purposes(consent: Consent) -> list[dict[str, Any]]:
    until = consent.keep_until.isoformat() if consent.keep_until else _("until withdrawn")
    common = {
        "lawful_basis": "consent",
        "storage_locations": [settings.STORAGE_LOCATION],
        "retention_period": until,
        "jurisdiction": settings.CONTROLLER_COUNTRY,
    }
    asked = _asked(consent)
    restore = {
        "purpose": "restore",
        "description": asked.get("restore", str(RESTORE)),
        "agreed": consent.purpose_restore,
        "processing_method": _("Image restoration by machine-learned models"),
        "recipient_third_parties": [],
        **common,
    }
    agreed = consent.vendors_named
    sending = [
        {
            "purpose": f"send_to_{vendor}",
            "description": asked.get(f"send={vendor}", _sending(vendor)),
            "agreed": vendor in agreed,
            "processing_method": _("A copy behind an address that expires"),
            "recipient_third_parties": [vendor],
            **common,
        }
        for vendor in catalog.VENDORS
        if vendor in agreed or f"send={vendor}" in asked
    ]
    keep = {
        "purpose": "keep",
        "description": str(KEEP),
        "agreed": True,
        "processing_method": _("Storage"),
        "recipient_third_parties": [],
        **common,
    }
    return [restore, *sending, keep]


def _asked(consent: Consent) -> dict[str, str]:
    """What stood beside each box, by the box's name: the question and what explained it."""
    found: dict[str, str] = {}
    for said in wording.as_answered(consent):
        box, words = said.passage.box, said.passage.words
        found[box] = f"{found[box]} {words}" if box in found else words
    return found


def _sending(vendor: str) -> str:
    """What was asked about a vendor before the very words were kept."""
    usual, name = (catalog.VENDORS.get(one, one) for one in (catalog.USUAL_VENDOR, vendor))
    if vendor == catalog.USUAL_VENDOR:
        return _("Send a copy without hidden data to %(vendor)s, for this alone") % {"vendor": name}
    words = _("Send the same copy to %(vendor)s instead, while %(usual)s can’t be used")
    return words % {"vendor": name, "usual": usual}


def _words(consent: Consent) -> dict[str, Any] | None:
    """All that stood beside the boxes; None where it was not kept yet."""
    if consent.wording is None:
        return None
    return {
        "sha256": consent.wording.sha256,
        "first_shown_at": consent.wording.first_shown_at.isoformat(),
        "passages": [
            {
                "kind": said.passage.kind,
                "words": said.passage.words,
                **({"ticked": said.ticked} if said.ticked is not None else {}),
            }
            for said in wording.as_answered(consent)
        ],
    }


def _event(event: ConsentEvent, consent: Consent) -> dict[str, Any]:
    by_member = event.by_id == consent.given_by_id
    return {
        "event_id": event.number,
        "event_time": event.at.isoformat(),
        "event_type": EVENT_TYPES[ConsentStatus(event.to_status)],
        "event_state": event.to_status,
        "entity_id": MEMBER if by_member else "reviewer" if event.by_id else HEIRLOOM,
        "validity_duration": consent.keep_until.isoformat() if consent.keep_until else None,
        "x_seal_sha256": event.sha256,
    }


def _principal(consent: Consent) -> str:
    return f"{MEMBER}-{consent.given_by_id}"

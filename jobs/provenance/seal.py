"""A signed C2PA manifest in the file, so that what it says of itself can be checked.

The manifest follows the C2PA specification 2.2, "Actions": the original is opened (the parent,
known by its hash and never included), then edited by a model. No thumbnail is put in, nothing is
fetched and nobody is asked for the time: signing makes no call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

import c2pa

from jobs.provenance.facts import DIGITAL_SOURCE_TYPE, TOOL, Provenance

CONTENT_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/tiff"})
SETTINGS = {
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
}
ALGORITHM = "es256"


class CannotSeal(Exception):
    """The file can't carry a manifest, or the certificate is not good for one."""


@dataclass(frozen=True)
class Signet:
    """PEM: the certificate with its chain (leaf first), and its private key (P-256)."""

    certificates: bytes
    private_key: bytes


def seal(
    source: BinaryIO,
    into: BinaryIO,
    *,
    content_type: str,
    provenance: Provenance,
    original: BinaryIO,
    original_content_type: str,
    signet: Signet,
) -> None:
    """Copy a picture with its manifest. Raises CannotSeal."""
    try:
        with (
            c2pa.Settings.from_dict(SETTINGS) as settings,
            c2pa.Context(settings) as context,
            c2pa.Builder(manifest(provenance), context) as builder,
            c2pa.Signer.from_info(
                c2pa.C2paSignerInfo(ALGORITHM, signet.certificates, signet.private_key, None)
            ) as signer,
        ):
            builder.set_intent(c2pa.C2paBuilderIntent.EDIT)  # it adds that the parent was opened
            builder.add_ingredient(
                {"title": provenance.title, "relationship": "parentOf"},
                original_content_type,
                original,
            )
            builder.sign(signer, content_type, source, into)
    except c2pa.C2paError as problem:
        raise CannotSeal(str(problem)) from problem


def manifest(provenance: Provenance) -> dict[str, Any]:
    """What is claimed, as the library takes it."""
    return {
        "claim_generator_info": [{"name": TOOL}],
        "title": provenance.title,
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.edited",
                            "when": provenance.restored_at.isoformat(timespec="seconds"),
                            "softwareAgent": {"name": provenance.system},
                            "digitalSourceType": DIGITAL_SOURCE_TYPE,
                            "description": provenance.sentence,
                            "parameters": {
                                "org.heirloom.vendor": provenance.vendor,
                                "org.heirloom.model": provenance.vendor_model_id,
                                "org.heirloom.settings": provenance.settings,
                                "org.heirloom.original_sha256": provenance.original_sha256,
                            },
                        }
                    ]
                },
            }
        ],
    }

"""jobs.provenance.seal: a manifest that any C2PA program can check."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import c2pa
import pytest
from PIL import Image

from jobs import images
from jobs.provenance.facts import DIGITAL_SOURCE_TYPE
from jobs.provenance.seal import CONTENT_TYPES, CannotSeal, Signet, seal
from sandbox.stack import certificate
from tests.jobs.pictures import encoded, noise
from tests.jobs.provenance.test_label import facts

FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/tiff": "TIFF",
}
ORIGINALS = {content_type: format for format, content_type in images.CONTENT_TYPES.items()}


@pytest.fixture(scope="module")
def signet() -> Signet:
    return Signet(*certificate.issue(datetime.now(UTC)))


def sealed(signet: Signet, content_type: str, *, original: str = "image/jpeg") -> bytes:
    into = io.BytesIO()
    seal(
        io.BytesIO(encoded(noise(), FORMATS[content_type])),
        into,
        content_type=content_type,
        provenance=facts(),
        original=io.BytesIO(encoded(noise(2), ORIGINALS[original])),
        original_content_type=original,
        signet=signet,
    )
    return into.getvalue()


def read(signet: Signet, data: bytes, content_type: str) -> tuple[str | None, dict[str, Any], str]:
    """Its state, its manifest, and all that is said, when our root is trusted."""
    begin = "-----BEGIN CERTIFICATE-----"
    root = begin + signet.certificates.decode().split(begin)[-1]
    settings = c2pa.Settings.from_dict({"trust": {"trust_anchors": root}})
    with c2pa.Context(settings) as context:
        reader = c2pa.Reader(content_type, io.BytesIO(data), context=context)
        said = reader.json()
        return reader.get_validation_state(), reader.get_active_manifest() or {}, said


def test_every_format_that_may_be_sealed_is_tried_here():
    assert set(FORMATS) == CONTENT_TYPES


@pytest.mark.parametrize("content_type", FORMATS)
def test_a_sealed_picture_is_trusted_and_says_that_a_model_edited_the_original(
    signet: Signet, content_type: str
):
    state, manifest, _ = read(signet, sealed(signet, content_type), content_type)
    assert state == "Trusted"
    (actions,) = [a["data"]["actions"] for a in manifest["assertions"] if "actions" in a["label"]]
    assert [action["action"] for action in actions] == ["c2pa.opened", "c2pa.edited"]
    assert actions[1]["digitalSourceType"] == DIGITAL_SOURCE_TYPE
    assert actions[1]["softwareAgent"]["name"] == "GFPGAN (TencentARC)"
    assert actions[1]["parameters"]["org.heirloom.original_sha256"] == "ab" * 32
    assert manifest["ingredients"][0]["relationship"] == "parentOf"


@pytest.mark.parametrize("original", ORIGINALS)
def test_any_original_can_be_the_parent(signet: Signet, original: str):
    assert read(signet, sealed(signet, "image/png", original=original), "image/png")[0] == "Trusted"


def test_no_thumbnail_of_result_or_original_is_put_in(signet: Signet):
    assert "thumbnail" not in read(signet, sealed(signet, "image/jpeg"), "image/jpeg")[2]


def test_a_pixel_changed_afterwards_is_noticed(signet: Signet):
    data = bytearray(sealed(signet, "image/png"))
    data[-40] ^= 1
    state, _, said = read(signet, bytes(data), "image/png")
    assert state == "Invalid"
    assert "assertion.dataHash.mismatch" in said


def test_the_pixels_themselves_stay(signet: Signet):
    picture = Image.open(io.BytesIO(sealed(signet, "image/png")))
    assert picture.tobytes() == noise().tobytes()


def test_a_certificate_that_has_ended_seals_nothing():
    past = Signet(*certificate.issue(datetime.now(UTC) - timedelta(days=800)))
    with pytest.raises(CannotSeal):
        sealed(past, "image/png")


def test_a_key_that_is_none_seals_nothing():
    with pytest.raises(CannotSeal):
        sealed(Signet(b"no certificate", b"no key"), "image/png")

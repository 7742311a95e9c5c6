"""jobs.provenance: what a restored picture says of itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as xml

import pytest
from django.utils import timezone

from jobs import provenance
from jobs.models import Attempt, AttemptOutcome, RestorationJob
from jobs.provenance.citation import citation
from jobs.provenance.facts import NothingRestored
from jobs.provenance.label import NAMESPACES, xmp
from tests.builders import make_job, make_photo

AT = datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC)


def facts(**changes: Any) -> provenance.Provenance:
    said: dict[str, Any] = {
        "job_number": "0c5e0c5e",
        "title": "Grandmother",
        "model": "GFPGAN",
        "maker": "TencentARC",
        "vendor": "Pixazo",
        "vendor_model_id": "gfpgan",
        "settings": "scale=2; version=v1.4",
        "restored_at": AT,
        "original_sha256": "ab" * 32,
        "width_px": 128,
        "height_px": 96,
    }
    return provenance.Provenance(**{**said, **changes})


def said_in(packet: bytes) -> dict[str, str]:
    """Every text of a packet by its qualified name; also proves that it is well-formed."""
    short = {uri: prefix for prefix, uri in NAMESPACES.items()}
    words = {}
    for element in xml.fromstring(packet.decode()).iter():
        uri, _, local = element.tag[1:].partition("}")
        if element.text:
            words[f"{short[uri]}:{local}"] = element.text
    return words


def test_the_label_names_the_kind_of_picture_the_model_the_time_and_the_original():
    said = said_in(xmp(facts(), taken="1962-06-03T14:00:00"))
    assert said["Iptc4xmpExt:DigitalSourceType"] == (
        "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
    )
    assert said["Iptc4xmpExt:AISystemUsed"] == "GFPGAN (TencentARC)"
    assert said["stEvt:parameters"] == "scale=2; version=v1.4"
    assert said["xmp:ModifyDate"] == said["stEvt:when"] == "2026-11-21T03:04:05+00:00"
    assert said["dc:source"] == f"urn:hash::sha256:{'ab' * 32}"
    assert said["photoshop:DateCreated"] == "1962-06-03T14:00:00"


def test_a_time_that_the_original_does_not_say_is_not_made_up():
    assert "photoshop:DateCreated" not in said_in(xmp(facts()))


@pytest.mark.parametrize("title", ["<b>&\"'", "a\x00\x0bb", "Großmutter 👵 \u202e"])
def test_any_title_leaves_the_packet_whole(title: str):
    assert said_in(xmp(facts(title=title)))["xmp:CreatorTool"] == "Heirloom"


def test_the_citation_names_what_an_archive_needs():
    sentence = citation(facts())
    for part in ("“Grandmother”", "GFPGAN (TencentARC)", "scale=2", "2026-11-21", "Pixazo", "abab"):
        assert part in sentence
    with timezone.override("America/Vancouver"):
        assert "2026-11-20" in citation(facts())


@pytest.mark.django_db
def test_facts_are_the_jobs_own_and_name_the_vendor_that_did_it():
    photo = make_photo(title="Aunt", sha256="cd" * 32)
    job = make_job(photo=photo)
    RestorationJob.objects.filter(pk=job.pk).update(
        result_key="x", completed_at=AT, result_width_px=64, result_height_px=48
    )
    Attempt.objects.create(
        job=job,
        number=1,
        vendor="pixazo",
        token_sha256="0" * 64,
        outcome=AttemptOutcome.ACCEPTED,
        vendor_status="COMPLETED",
    )
    job.refresh_from_db()
    said = provenance.of_job(job)
    assert (said.title, said.vendor, said.original_sha256) == ("Aunt", "Pixazo", "cd" * 32)
    assert (said.settings, said.restored_at) == ("scale=1; version=v1.4", AT)


@pytest.mark.django_db
def test_a_job_without_a_result_has_no_provenance():
    with pytest.raises(NothingRestored):
        provenance.of_job(make_job())

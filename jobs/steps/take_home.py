"""A member takes a result home: a file of its own, made when it is asked for.

The picture in the store stays as the vendor sent it. What goes out says what it is: an XMP label
always, a signed manifest (C2PA) when the house has a certificate.
"""

from __future__ import annotations

import logging
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO, cast

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from jobs import images, places, provenance, storage
from jobs.models import RestorationJob, ResultVersion
from jobs.provenance.label import xmp
from jobs.provenance.seal import CannotSeal, Signet, seal

log = logging.getLogger(__name__)
AS_IT_CAME = "AS_IT_CAME"
FORMATS = (AS_IT_CAME, *images.KEEPSAKE_FORMATS)
EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "TIFF": "tif"}
MARK = _("Restored with AI")
IN_MEMORY_BYTES = 4 * 1024 * 1024  # what is larger goes through a file


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """`format` is one of FORMATS; `with_place` takes the original's GPS along."""

    format: str = AS_IT_CAME
    with_place: bool = False
    marked: bool = False


@dataclass(frozen=True)
class Keepsake:
    """An open file, gone with the last reference to it, and what the browser is told of it."""

    file: BinaryIO
    name: str
    content_type: str
    is_sealed: bool


def take_home(
    *, job: RestorationJob, wishes: Wishes, version: ResultVersion | None = None
) -> Keepsake:
    """Make the file, of the job's result or a further `version` of it.

    `job` has its photo with it. Raises provenance.NothingRestored, storage.StorageUnavailable,
    images.UnreadableImage.
    """
    facts = provenance.of_job(job)
    key, came_as = (version.key, version.format) if version else (job.result_key, job.result_format)
    format = came_as if wishes.format == AS_IT_CAME else wishes.format
    content_type = images.CONTENT_TYPES[format]
    what = f"{job.model.name}, {version.number}" if version else job.model.name
    with _scratch() as original, _scratch() as result, ExitStack() as made:
        storage.get(job.photo.original_key, original)
        storage.get(key, result)
        origin = images.origin(original)
        labelled = made.enter_context(_scratch())
        with places.DECODING:
            images.keepsake(
                result,
                labelled,
                format=format,
                xmp=xmp(facts, taken=origin.taken_iso),
                origin=origin,
                original_width_px=job.photo.width_px,
                max_pixels=settings.RESULT_MAX_PIXELS,
                with_place=wishes.with_place,
                mark=str(MARK) if wishes.marked else "",
            )
        original.seek(0)
        sealed = _sealed(labelled, content_type, facts, original, job.photo.format)
        if sealed is None:
            made.pop_all()  # it is what goes out, and stays open
    file = sealed or labelled
    file.seek(0)
    return Keepsake(
        file=file,
        name=f"{job.photo.title} ({what}).{EXTENSIONS[format]}",
        content_type=content_type,
        is_sealed=sealed is not None,
    )


def _sealed(
    labelled: BinaryIO,
    content_type: str,
    facts: provenance.Provenance,
    original: BinaryIO,
    original_format: str,
) -> BinaryIO | None:
    """With its manifest; None when the house has no certificate, or none that is good."""
    signet = _signet(settings.C2PA_CERTIFICATES_FILE, settings.C2PA_PRIVATE_KEY_FILE)
    if signet is None:
        return None
    into = _scratch()
    labelled.seek(0)
    try:
        seal(
            labelled,
            into,
            content_type=content_type,
            provenance=facts,
            original=original,
            original_content_type=images.CONTENT_TYPES[original_format],
            signet=signet,
        )
    except CannotSeal as problem:  # the picture is the member's all the same
        log.error("a result of job %s goes out unsealed: %s", facts.job_number, problem)
        into.close()
        return None
    return into


@cache
def _signet(certificates: Path | None, key: Path | None) -> Signet | None:
    if certificates is None or key is None:
        return None
    return Signet(certificates.read_bytes(), key.read_bytes())


def _scratch() -> BinaryIO:
    return cast(BinaryIO, tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES))

"""Every kind of letter that the house sends, as its reader gets it, with invented data.

The samples (`desk/letter_samples.py`) go through the same door as the real letters
(`accounts.mailing`); nobody's row is read or written for them.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

from django.conf import settings

from accounts import mailing
from accounts.models import User
from accounts.reading import as_read_by
from desk.letter_samples import SAMPLES, Sample

READER = {"email": "maria@family.example", "name": "Maria", "time_zone": "Europe/Berlin"}
STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
ADDRESS = re.compile(r'\bhref="[^"]*"')


@dataclass(frozen=True)
class Preview:
    """One letter in one language, in the three forms in which a mail program shows it."""

    sample: Sample
    subject: str
    text: str
    html: str

    @property
    def inert_html(self) -> str:
        """As it looks, with links that lead nowhere: what they would show was invented."""
        return ADDRESS.sub('href="#"', self.html)

    @property
    def policy(self) -> str:
        """A Content-Security-Policy that lets it have its own styles, in a frame of ours, alone."""
        styles = " ".join(f"'sha256-{_sha256(style)}'" for style in STYLE.findall(self.html))
        return (
            f"default-src 'none'; style-src {styles}; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'self'; sandbox"
        )


def previews(language: str) -> list[Preview]:
    """All of them, in the order of the list."""
    return [preview(sample, language) for sample in SAMPLES]


def preview(sample: Sample, language: str) -> Preview:
    reader = User(language=language, **READER)
    with as_read_by(reader):
        context = {**sample.context(), "site_url": settings.PUBLIC_BASE_URL, "to": reader}
    message = mailing.compose(sample.template, context, to=reader.email, reader=reader)
    html, _ = message.alternatives[0]
    return Preview(sample, str(message.subject), str(message.body), str(html))


def of_key(key: str) -> Sample | None:
    return next((sample for sample in SAMPLES if sample.key == key), None)


def _sha256(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

"""Who reviews, and what was said."""

from __future__ import annotations

from accounts.models import User
from jobs.models import Consent
from tests.builders import make_member


def reviewer(name: str = "") -> User:
    return make_member(micros=0, email=f"{name}@heirloom.example" if name else "")


def verdicts(given: Consent) -> list[str]:
    return [decision.verdict for decision in given.decisions.all()]

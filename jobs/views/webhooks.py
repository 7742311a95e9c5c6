"""The vendor's callback: moves the job and charges the wallet, in one transaction.

The address is a capability: a random token that only its hash is kept of. No outbound call is made
here. Every callback leaves a Delivery with its verdict. Answers: 200 whenever it was understood
well enough to be kept, 404 for a token that is not ours, 413 for a body that no callback has; 5xx
only for our own fault, so that the vendor tries again; 401 for a signature that is missing, wrong
or not to be checked yet (fal then tries again, too).
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from jobs import doorbell
from jobs.models import Verdict
from jobs.steps import settle

MOST_BYTES_NOTED = 2**63 - 1  # that a column holds
ANSWERS = {
    Verdict.FORGED: 404,
    Verdict.TOO_LARGE: 413,
    Verdict.UNSIGNED: 401,
    Verdict.MISSIGNED: 401,
}
# What each verdict leaves to do.
RINGS = {
    Verdict.APPLIED: ("collect", "tell"),
    Verdict.UNSIGNED: ("observe", "learn"),
    Verdict.MISSIGNED: ("learn",),
}


@csrf_exempt
@require_POST
def pixazo(request: HttpRequest, token: str) -> HttpResponse:
    return _take(request, token, "pixazo")


@csrf_exempt
@require_POST
def fal(request: HttpRequest, token: str) -> HttpResponse:
    """fal's are signed as well; the keys were fetched beforehand (`steps.learn`)."""
    return _take(request, token, "fal")


def _take(request: HttpRequest, token: str, vendor: str) -> HttpResponse:
    try:
        body, byte_size = read_callback(request)
    except UnreadablePostError:
        return JsonResponse({"error": "the body broke off"}, status=400)
    return answer(
        settle.deliver(
            token=token, body=body, byte_size=byte_size, vendor=vendor, headers=request.headers
        )
    )


def read_callback(request: HttpRequest) -> tuple[bytes, int]:
    """A body's first CALLBACK_MAX_BYTES, and its size: as announced, else as far as it was read.

    Of one that is announced as larger than any request, nothing is read.
    Raises UnreadablePostError when the sender went away in the middle.
    """
    most = settings.CALLBACK_MAX_BYTES
    length = request.META.get("CONTENT_LENGTH") or ""
    if length:
        # What is no number is read as nothing, and so is malformed.
        size = int(length) if length.isascii() and length.isdigit() else 0
        if size > settings.REQUEST_MAX_BYTES:
            return b"", min(size, MOST_BYTES_NOTED)
        return (request.read(most) if size else b""), size
    if not request.META.get("wsgi.input_terminated"):
        return b"", 0
    try:  # sent in chunks: Django reads only what was announced
        body = request.META["wsgi.input"].read(most + 1)
    except OSError as problem:
        raise UnreadablePostError(*problem.args) from problem
    return body[:most], len(body)


def answer(settlement: settle.Settlement) -> HttpResponse:
    """Say what the callback did, and ring for what it left to do."""
    for step in RINGS.get(settlement.verdict, ()):
        doorbell.ring_on_commit(step)
    return JsonResponse(
        {"verdict": settlement.verdict}, status=ANSWERS.get(settlement.verdict, 200)
    )

"""The vendor's callback: moves the job and charges the wallet, in one transaction.

The address is a capability: a random token that only its hash is kept of. No outbound call is made
here. Answers: 200 whenever the callback was understood well enough to be kept, 404 for a token that
is not ours, 413 for a body that no callback has; 5xx only for our own fault, so that the vendor
tries again.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from jobs import doorbell
from jobs.models import Verdict
from jobs.steps import settle


@csrf_exempt
@require_POST
def pixazo(request: HttpRequest, token: str) -> HttpResponse:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > settings.CALLBACK_MAX_BYTES:
        return JsonResponse({"error": "too large"}, status=413)
    settlement = settle.deliver(token=token, body=request.read(settings.CALLBACK_MAX_BYTES))
    if settlement is None:
        return JsonResponse({"error": "unknown"}, status=404)
    if settlement.verdict == Verdict.APPLIED:
        doorbell.ring_on_commit("collect")
        doorbell.ring_on_commit("tell")
    return JsonResponse({"verdict": settlement.verdict})

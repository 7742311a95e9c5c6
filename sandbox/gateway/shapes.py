"""The JSON that the vendor sends for a request: the 202, the status answer and the callback.

Source: "Response (Completed)" and "Callback Payload" of the vendor's pages. The two write their
times differently; both are kept.
"""

from __future__ import annotations

from typing import Any

from sandbox.gateway.contract import COMPLETED, callback_stamp, stamp
from sandbox.gateway.faults import OutputFault, chosen
from sandbox.gateway.store import VendorRequest


def accepted(request: VendorRequest) -> dict[str, Any]:
    """The 202's body."""
    return {
        "request_id": request.request_id,
        "status": "QUEUED",
        "polling_url": f"{request.base_url}/v2/requests/status/{request.request_id}",
    }


def status(request: VendorRequest) -> dict[str, Any]:
    """The status endpoint's body."""
    return _state(request) | {
        "created_at": stamp(request.created_at),
        "updated_at": stamp(request.updated_at),
        "completed_at": stamp(request.completed_at) if request.completed_at else None,
    }


def callback(request: VendorRequest) -> dict[str, Any]:
    """A callback's body: the status shape with the callback's own time format."""
    return _state(request) | {
        "created_at": stamp(request.created_at),
        "updated_at": callback_stamp(request.updated_at),
        "completed_at": callback_stamp(request.completed_at) if request.completed_at else None,
    }


def _state(request: VendorRequest) -> dict[str, Any]:
    return {
        "request_id": request.request_id,
        "status": request.status,
        "model_id": request.model_id,
        "error": request.error,
        "output": output(request) if request.status == COMPLETED else None,
    }


def output(request: VendorRequest) -> dict[str, Any]:
    """Where the pictures lie."""
    urls = [f"{request.base_url}/cdn/v1/{request.request_id}/{request.output_name}"]
    if fault := chosen(request.faults, OutputFault):
        urls = fault.edit(urls)
    return {"media_url": urls, "media_type": request.media_type}

"""Refusals in Stripe's own shape: a type, often a code and a parameter, and a sentence."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """What the API answers instead of an object."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str = "",
        param: str = "",
        decline_code: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        error = {"message": message, "type": kind}
        error |= {"code": code} if code else {}
        error |= {"param": param} if param else {}
        error |= {"decline_code": decline_code} if decline_code else {}
        self.body: dict[str, Any] = {"error": error}


def missing(param: str) -> Refused:
    return Refused(f"Missing required param: {param}.", code="parameter_missing", param=param)


def no_such(what: str, id_: str, param: str = "id") -> Refused:
    return Refused(f"No such {what}: '{id_}'", status=404, code="resource_missing", param=param)

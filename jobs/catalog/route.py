"""One vendor's way of running a model: where to ask, and what its settings are called there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Route:
    """`endpoint` is a path under the vendor's base URL.

    `names` are the vendor's words for our parameters' keys, where they differ. `unsaid` are the
    parameters that this vendor has no word for, each with the only value that may be left out.
    `unit_cost_micros` is what it takes for a unit of the price's basis; None: what stands in the
    price list, which is of the usual vendor.
    """

    vendor: str
    model_id: str
    endpoint: str
    image_parameter: str
    names: Mapping[str, str] = field(default_factory=dict)
    unsaid: Mapping[str, Any] = field(default_factory=dict)
    unit_cost_micros: int | None = None

    def serves(self, parameters: Mapping[str, Any]) -> bool:
        """Whether all that these settings ask for can be said to this vendor."""
        return all(parameters.get(key, value) == value for key, value in self.unsaid.items())

    def payload(self, *, image_url: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The vendor's JSON body. What the member left open is left out."""
        return {
            self.image_parameter: image_url,
            **{
                self.names.get(key, key): value
                for key, value in parameters.items()
                if value is not None and key not in self.unsaid
            },
        }

"""The catalogue, from which forms, validation, payload, quote and advice all come.

A new model is one entry in `models`.
"""

from jobs.catalog.model import RestorationModel
from jobs.catalog.models import CODEFORMER, FLUX_KONTEXT, GFPGAN, MODELS
from jobs.catalog.parameters import Choice, Flag, Fraction, Integer, Parameter
from jobs.catalog.quote import Quote, megapixels
from jobs.catalog.route import Route
from jobs.catalog.vendors import USUAL_VENDOR, VENDORS, vendors_named_in

__all__ = [
    "CODEFORMER",
    "FLUX_KONTEXT",
    "GFPGAN",
    "MODELS",
    "USUAL_VENDOR",
    "VENDORS",
    "Choice",
    "Flag",
    "Fraction",
    "Integer",
    "Parameter",
    "Quote",
    "RestorationModel",
    "Route",
    "megapixels",
    "vendors_named_in",
]

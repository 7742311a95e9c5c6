"""The catalogue, from which forms, validation, payload, quote and advice all come.

A new model is one entry in `models`.
"""

from jobs.catalog.model import RestorationModel
from jobs.catalog.models import CODEFORMER, FLUX_KONTEXT, GFPGAN, MODELS, VENDORS
from jobs.catalog.parameters import Choice, Flag, Fraction, Integer, Parameter
from jobs.catalog.quote import Quote, megapixels
from jobs.catalog.route import Route

__all__ = [
    "CODEFORMER",
    "FLUX_KONTEXT",
    "GFPGAN",
    "MODELS",
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
]

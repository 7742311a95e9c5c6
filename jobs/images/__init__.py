"""The only door to the imaging library.

Reads what a member uploaded and makes the copies that the site shows and the one that a vendor may
fetch (`uploads`); checks what a vendor sends back (`results`); writes what a member takes home
(`keepsake`), with what the original says of itself (`origin`). Every failure is `UnreadableImage`,
in the member's words. Sizes are pixels as seen upright.
"""

from jobs.images.faces import FACE_SIDE_PX, MOST_FACES
from jobs.images.files import (
    CONTENT_TYPES,
    FORMATS,
    WELCOME,
    Rendition,
    UnreadableImage,
    extension_of,
)
from jobs.images.keepsake import KEEPSAKE_FORMATS, keepsake
from jobs.images.origin import Origin, origin
from jobs.images.results import Result, WrongSize, check_result
from jobs.images.uploads import SMALLEST_SIDE_PX, Facts, Prepared, inspect, prepare

__all__ = [
    "CONTENT_TYPES",
    "FACE_SIDE_PX",
    "FORMATS",
    "KEEPSAKE_FORMATS",
    "MOST_FACES",
    "SMALLEST_SIDE_PX",
    "WELCOME",
    "Facts",
    "Origin",
    "Prepared",
    "Rendition",
    "Result",
    "UnreadableImage",
    "WrongSize",
    "check_result",
    "extension_of",
    "inspect",
    "keepsake",
    "origin",
    "prepare",
]

"""Ways to begin, for whoever does not want to choose a model: it and its settings, or two of them.

Source: Pixazo's guide (see `advice`), "Real-World Use Cases", "Which restoration API should you
use" and its FAQ 3. Where it says nothing the vendor's defaults stand, in a size that we can keep;
that an archive keeps the size of its scan is our own choice. None is called safer for a face.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from jobs.catalog import advice
from jobs.catalog.models import MODELS

CLOSER = 0.85  # to the face in the photo; the guide says 0.8 to 0.9 for archives
USUAL, AS_IT_IS, LARGER = (2, 1), (1,), (4, 3, 2)  # how many times: the first that we can keep


@dataclass(frozen=True, kw_only=True)
class Preset:
    """What is filled in, by the model's key, and why. Several models are ticked, to be compared."""

    key: str
    name: str
    why: str
    settings: Mapping[str, Mapping[str, Any]]

    @property
    def is_comparison(self) -> bool:
        return len(self.settings) > 1


@dataclass(frozen=True, kw_only=True)
class _Photo:
    """What decides: how wide its faces are, its size, and how large a result may be. px."""

    face_widths: Sequence[int]
    width_px: int
    height_px: int
    most_pixels: int

    def fill_in(self, key: str, factors: Sequence[int], **settings: Any) -> dict[str, Any] | None:
        """The settings with the first of these factors that we can keep; None if there is none."""
        scale = MODELS[key].scale_parameter
        for factor in factors if scale else AS_IT_IS:
            filled = {**settings, **({scale: factor} if scale else {})}
            width, height = MODELS[key].output_size(
                width_px=self.width_px, height_px=self.height_px, parameters=filled
            )
            if width * height <= self.most_pixels:
                return filled
        return None


def presets_for(
    *, face_widths: Sequence[int], width_px: int, height_px: int, most_pixels: int
) -> list[Preset]:
    """Those that make sense for this photo; `most_pixels` is what a result may have."""
    photo = _Photo(
        face_widths=face_widths, width_px=width_px, height_px=height_px, most_pixels=most_pixels
    )
    found = [_family(photo), _archive(photo), _enlarge(photo), _compare(photo)]
    return [preset for preset in found if preset is not None]


def _family(photo: _Photo) -> Preset | None:
    """The guide: GFPGAN for faces on portraits; FLUX.1 Kontext for whole scenes."""
    key = advice.where_to_begin(photo.face_widths)[0]
    why = {
        "gfpgan": _("Faces in focus, for one low price: for looking at together."),
        "flux-kontext": _("Repairs the whole scene: for looking at together."),
    }
    return _preset("family", _("For the family"), why[key], {key: photo.fill_in(key, USUAL)})


def _archive(photo: _Photo) -> Preset | None:
    """The guide: high fidelity, and the background as well."""
    filled = photo.fill_in(
        "codeformer", AS_IT_IS, codeformer_fidelity=CLOSER, background_enhance=True
    )
    why = _(
        "Keeps closer to the faces in the photo and sharpens the background, in the size of your "
        "scan; look at each face afterwards, it may have changed."
    )
    return _preset("archive", _("For an archive"), why, {"codeformer": filled})


def _enlarge(photo: _Photo) -> Preset | None:
    """The guide: four to eight times, from a small source."""
    filled = photo.fill_in("codeformer", LARGER)
    if filled is None:
        return None
    why = _("%(factor)s times as wide and as high: for a print, or a small picture.") % {
        "factor": filled["upscale"]
    }
    return _preset("enlarge", _("To enlarge"), why, {"codeformer": filled})


def _compare(photo: _Photo) -> Preset | None:
    """The guide, for whoever is not sure: the same picture through both."""
    keys = advice.where_to_begin(photo.face_widths)
    if len(keys) < 2:
        return None
    why = _("Both, beside each other: keep the one in which it is still them.")
    settings = {key: photo.fill_in(key, USUAL) for key in keys}
    return _preset("compare", _("Not sure?"), why, settings)


def _preset(
    key: str, name: str, why: str, settings: Mapping[str, Mapping[str, Any] | None]
) -> Preset | None:
    """None when one of them makes a result that we can't keep."""
    filled = {model: said for model, said in settings.items() if said is not None}
    if len(filled) < len(settings):
        return None
    return Preset(key=key, name=name, why=why, settings=filled)

"""What we'd say about the models for a photo with these faces, after the vendor's decision guide.

Source: Pixazo, "Introducing FLUX.1 Kontext API, GFPGAN API & CodeFormer API", sections "Which
restoration API should you use" and "Honest Limitations". Widths are px. No model is called safer
for a face than another: the page shows the faces instead.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

# A face narrower than this is "too small": what comes back may be somebody else's.
SMALL_FACE_PX = 48


def where_to_begin(face_widths: Sequence[int]) -> tuple[str, ...]:
    """The models to begin with, by their keys.

    The guide: a face is what GFPGAN and CodeFormer are for; everything else is a scene.
    """
    return ("gfpgan", "codeformer") if _has_a_face_to_draw(face_widths) else ("flux-kontext",)


def for_photo(face_widths: Sequence[int]) -> list[str]:
    """What was found in the photo and what follows from it, a sentence each."""
    if not face_widths:
        return [_("No face found: FLUX.1 Kontext. It repairs the whole scene.")]
    said = [_what_follows(face_widths)]
    if warning := small_face_warning(face_widths):
        said.append(warning)
    if _has_a_face_to_draw(face_widths):
        said.append(_("Cracks, stains or fading all over the picture: FLUX.1 Kontext."))
    return said


def small_face_warning(face_widths: Sequence[int]) -> str:
    """Nothing when no face is too small."""
    smallest = min(face_widths, default=SMALL_FACE_PX)
    if smallest >= SMALL_FACE_PX:
        return ""
    return _("Smallest face %(px)s px: a restored face may not be the same person.") % {
        "px": smallest
    }


def for_kontext(face_widths: Sequence[int]) -> str:
    if not face_widths:
        return _("No face found: made for whole scenes, so a good first choice here.")
    return _("Looks at the whole picture: choose it when cracks, stains or fading run all over.")


def for_gfpgan(face_widths: Sequence[int]) -> str:
    if not face_widths:
        return _("No face found: a face model makes such a photo worse, not better.")
    return _("Made for faces, and costs the same however large the photo is.")


def for_codeformer(face_widths: Sequence[int]) -> str:
    if not face_widths:
        return _("No face found: useful here only to enlarge.")
    return _("You set how closely it keeps to the faces you have. It does the background as well.")


def _has_a_face_to_draw(face_widths: Sequence[int]) -> bool:
    return max(face_widths, default=0) >= SMALL_FACE_PX


def _what_follows(face_widths: Sequence[int]) -> str:
    count, largest = len(face_widths), max(face_widths)
    if _has_a_face_to_draw(face_widths):
        words = ngettext(
            "%(count)s face, %(px)s px wide: GFPGAN or CodeFormer.",
            "%(count)s faces, the largest %(px)s px: GFPGAN or CodeFormer.",
            count,
        )
        if count == 2:
            words = _("%(count)s faces, the larger %(px)s px: GFPGAN or CodeFormer.")
    else:
        words = ngettext(
            "%(count)s face, %(px)s px wide: FLUX.1 Kontext. It is too small for a model of faces.",
            "%(count)s faces, the largest %(px)s px: FLUX.1 Kontext. They are too small for a "
            "model of faces.",
            count,
        )
    return words % {"count": count, "px": largest}

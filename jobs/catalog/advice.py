"""What we'd say about a model for a photo with these faces, after the seeds' decision guide.

Source: Pixazo, "Introducing FLUX.1 Kontext API, GFPGAN API & CodeFormer API", sections "Which
restoration API should you use" and "Honest Limitations". Widths are px.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

# A face narrower than this is "too small": what comes back may be somebody else's.
SMALL_FACE_PX = 48


def suggested(face_widths: Sequence[int]) -> tuple[str, str]:
    """The model to begin with, by its key, and why. None is called safer for a face than another.

    The guide: a face is what GFPGAN is for, at the least price; everything else is a scene.
    """
    if not face_widths:
        return "flux-kontext", _("no face was found, and it repairs the whole scene")
    if max(face_widths) < SMALL_FACE_PX:
        return "flux-kontext", _("its faces are too small for a model that draws faces")
    words = ngettext(
        "it has a face, %(px)s px wide at most, and it is made for faces",
        "it has %(count)s faces, %(px)s px wide at most, and it is made for faces",
        len(face_widths),
    )
    return "gfpgan", words % {"count": len(face_widths), "px": max(face_widths)}


def for_kontext(face_widths: Sequence[int]) -> str:
    if not face_widths:
        return _("No face found: made for whole scenes, so a good first choice here.")
    return _("Looks at the whole picture: choose it when cracks, stains or fading run all over.")


def _small_face_warning(face_widths: Sequence[int]) -> str:
    smallest = min(face_widths)
    if smallest >= SMALL_FACE_PX:
        return ""
    return _("Smallest face %(px)s px: a restored face may not be the same person.") % {
        "px": smallest
    }


def for_gfpgan(face_widths: Sequence[int]) -> str:
    if not face_widths:
        return _("No face found: a face model makes such a photo worse, not better.")
    words = ngettext(
        "%(count)s face, %(px)s px wide: suits portraits.",
        "%(count)s faces, the largest %(px)s px wide: suits portraits.",
        len(face_widths),
    )
    return _with_warning(words, face_widths)


def for_codeformer(face_widths: Sequence[int]) -> str:
    if not face_widths:
        return _("No face found: useful here only to enlarge.")
    words = ngettext(
        "%(count)s face, %(px)s px wide: you set how closely it keeps to the face you have.",
        "%(count)s faces, the largest %(px)s px wide: you set how closely it keeps to the face "
        "you have.",
        len(face_widths),
    )
    return _with_warning(words, face_widths)


def _with_warning(words: str, face_widths: Sequence[int]) -> str:
    said = words % {"count": len(face_widths), "px": max(face_widths)}
    return f"{said} {_small_face_warning(face_widths)}".rstrip()

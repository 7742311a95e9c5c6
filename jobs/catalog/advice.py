"""What we'd say about a model for a photo with these faces, after the seeds' decision guide.

Source: Pixazo, "Introducing FLUX.1 Kontext API, GFPGAN API & CodeFormer API", sections "Which
restoration API should you use" and "Honest Limitations". Widths are px.
"""

from __future__ import annotations

from collections.abc import Sequence

# A face narrower than this is "too small": what comes back may be somebody else's.
SMALL_FACE_PX = 48


def suggested(face_widths: Sequence[int]) -> tuple[str, str]:
    """The model to begin with, by its key, and why. None is called safer for a face than another.

    The guide: a face is what GFPGAN is for, at the least price; everything else is a scene.
    """
    if not face_widths:
        return "flux-kontext", "no face was found, and it repairs the whole scene"
    if max(face_widths) < SMALL_FACE_PX:
        return "flux-kontext", "its faces are too small for a model that draws faces"
    many = "it has a face" if len(face_widths) == 1 else f"it has {len(face_widths)} faces"
    return "gfpgan", f"{many}, {max(face_widths)} px wide at most, and it is made for faces"


def for_kontext(face_widths: Sequence[int]) -> str:
    if not face_widths:
        return "No face found: made for whole scenes, so a good first choice here."
    return "Looks at the whole picture: choose it when cracks, stains or fading run all over."


def _faces_in_words(face_widths: Sequence[int]) -> str:
    largest = max(face_widths)
    if len(face_widths) == 1:
        return f"1 face, {largest} px wide"
    return f"{len(face_widths)} faces, the largest {largest} px wide"


def _small_face_warning(face_widths: Sequence[int]) -> str:
    smallest = min(face_widths)
    if smallest >= SMALL_FACE_PX:
        return ""
    return f" Smallest face {smallest} px: a restored face may not be the same person."


def for_gfpgan(face_widths: Sequence[int]) -> str:
    if not face_widths:
        return "No face found: a face model makes such a photo worse, not better."
    return f"{_faces_in_words(face_widths)}: suits portraits.{_small_face_warning(face_widths)}"


def for_codeformer(face_widths: Sequence[int]) -> str:
    if not face_widths:
        return "No face found: useful here only to enlarge."
    return (
        f"{_faces_in_words(face_widths)}: you set how closely it keeps to the face you have."
        f"{_small_face_warning(face_widths)}"
    )

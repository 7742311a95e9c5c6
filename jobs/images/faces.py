"""The faces of one picture beside each other, large enough to judge: is it still them?

Cut out of a photo when its copies are made, and out of a result, at the same places, when it is
fetched; so a page shows them without ever loading the whole pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PIL import Image

from jobs.images.files import Rendition, encode

FACE_SIDE_PX = 320
MOST_FACES = 12
MARGIN = 0.4  # of the face's longer side, all around: hair and chin belong to a face


def strip_of_faces(
    picture: Image.Image, faces: Sequence[Mapping[str, int]], *, photo_width_px: int
) -> Rendition | None:
    """Squares of FACE_SIDE_PX in a row, of the first MOST_FACES; None where no face was found.

    `faces` are boxes in px of a photo of `photo_width_px`, which the picture shows in any size.
    What lies beyond the picture's edge is dark.
    """
    shown = faces[:MOST_FACES]
    if not shown:
        return None
    strip = Image.new("RGB", (FACE_SIDE_PX * len(shown), FACE_SIDE_PX))
    scale = picture.width / photo_width_px
    for number, face in enumerate(shown):
        side = max(face["width"], face["height"]) * (1 + 2 * MARGIN)
        left = face["x"] + face["width"] / 2 - side / 2
        top = face["y"] + face["height"] / 2 - side / 2
        box = [round(edge * scale) for edge in (left, top, left + side, top + side)]
        cut = picture.crop((box[0], box[1], max(box[2], box[0] + 1), max(box[3], box[1] + 1)))
        square = cut.resize((FACE_SIDE_PX, FACE_SIDE_PX), Image.Resampling.LANCZOS)
        strip.paste(square, (number * FACE_SIDE_PX, 0))
    return encode(strip, "WEBP", quality=82, method=4)

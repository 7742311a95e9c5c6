"""The three stand-in models: what each does to a picture, and what its parameters change.

Source of the division of labour: Pixazo, "Introducing FLUX.1 Kontext API, GFPGAN API & CodeFormer
API". FLUX.1 Kontext restores the whole scene at its own size; GFPGAN restores faces; CodeFormer
restores faces between the input's likeness and its own idea of quality, and, if asked, the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from sandbox.imaging import defects, detail, grain, tone
from sandbox.imaging.codec import Pixels
from sandbox.imaging.faces import FaceWeights
from sandbox.imaging.resize import enlarge

VARIATION = 0.6  # the standard deviation of what a seed adds, in steps of 255


class Model(Protocol):
    """A restoration model with its parameters set. `scale` multiplies both sides."""

    @property
    def scale(self) -> int: ...

    @property
    def output_format(self) -> str: ...

    def restore(self, image: Pixels) -> Pixels: ...


@dataclass(frozen=True, slots=True)
class FluxKontext:
    """The whole scene: scratches, grain, fading, colour. `seed` varies the finest grain."""

    seed: int | None = None
    output_format: str = "png"

    @property
    def scale(self) -> int:
        return 1

    def restore(self, image: Pixels) -> Pixels:
        faces = FaceWeights.of(image)
        clean = _Cleaned.of(image, faces).quiet
        if tone.is_toned_monochrome(clean):
            clean = tone.neutral(clean)
        clean = tone.unfade(clean)
        if np.array_equal(clean, image):
            return image  # nothing was amiss: sharpening would only take it further away
        sharp = detail.sharpen(clean, faces, everywhere=0.3, on_faces=0.6, radius_px=1.1)
        return self._varied(sharp)

    def _varied(self, image: Pixels) -> Pixels:
        """Grain too fine to be seen, another for each seed and for no seed none."""
        if self.seed is None:
            return image
        noise = np.random.default_rng(self.seed).normal(0, VARIATION, image.shape[:2])
        return (image + noise[..., None]).round().clip(0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Gfpgan:
    """Faces, and little else; the rest is only enlarged."""

    scale: int = 2

    @property
    def output_format(self) -> str:
        return "png"

    def restore(self, image: Pixels) -> Pixels:
        faces = FaceWeights.of(image)
        if not faces.faces:
            return enlarge(image, self.scale)
        better = _on_faces(_Cleaned.of(image, faces).quiet, image, faces)
        large = enlarge(better, self.scale)
        radius = 0.6 + 0.6 * self.scale
        return detail.sharpen(large, faces, everywhere=0.0, on_faces=1.0, radius_px=radius)


@dataclass(frozen=True, slots=True)
class CodeFormer:
    """Faces between likeness (`fidelity` 1) and quality (0), and the background if asked."""

    fidelity: float = 0.5
    background_enhance: bool = True
    face_upsample: bool = True
    upscale: int = 2

    @property
    def scale(self) -> int:
        return self.upscale

    @property
    def output_format(self) -> str:
        return "png"

    def restore(self, image: Pixels) -> Pixels:
        faces = FaceWeights.of(image)
        if not faces.faces and not self.background_enhance:
            return enlarge(image, self.upscale)
        strength = 1.0 - 0.9 * self.fidelity
        clean = _Cleaned.of(image, faces)
        # Damage is nobody's likeness: the dial moves only between the mended face and its best.
        face = cv2.addWeighted(clean.quiet, strength, clean.mended, 1 - strength, 0)
        better = _on_faces(face, clean.quiet if self.background_enhance else image, faces)  # type: ignore[arg-type]
        large = enlarge(better, self.upscale)
        return detail.sharpen(
            large,
            faces,
            everywhere=0.25 if self.background_enhance else 0.0,
            on_faces=(1.4 if self.face_upsample else 0.6) * strength,
            radius_px=0.6 + 0.6 * self.upscale,
        )


@dataclass(frozen=True, slots=True)
class _Cleaned:
    """A picture with its damage filled, and the same also without grain; both in its own tones."""

    mended: Pixels
    quiet: Pixels

    @classmethod
    def of(cls, image: Pixels, faces: FaceWeights) -> _Cleaned:
        quiet = grain.remove(image)
        mask = defects.find(quiet, faces, looks_new=quiet is image)
        return cls(defects.fill(image, mask), defects.fill(quiet, mask))


def _on_faces(face: Pixels, elsewhere: Pixels, faces: FaceWeights) -> Pixels:
    """`face` where there are faces, and `elsewhere` where there are none."""
    weight = cv2.merge([faces.weight(*face.shape[:2])] * 3)
    return (elsewhere + weight * (face.astype(np.float32) - elsewhere)).round().astype(np.uint8)

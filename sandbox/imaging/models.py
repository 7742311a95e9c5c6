"""The three stand-in models: what each does to a picture, and what its parameters change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sandbox.imaging.codec import Pixels
from sandbox.imaging.resize import enlarge


class Model(Protocol):
    """A restoration model with its parameters set."""

    @property
    def scale(self) -> int: ...

    @property
    def output_format(self) -> str: ...

    def restore(self, image: Pixels) -> Pixels: ...


@dataclass(frozen=True, slots=True)
class FluxKontext:
    seed: int | None = None
    output_format: str = "png"

    @property
    def scale(self) -> int:
        return 1

    def restore(self, image: Pixels) -> Pixels:
        return image


@dataclass(frozen=True, slots=True)
class Gfpgan:
    scale: int = 2

    @property
    def output_format(self) -> str:
        return "png"

    def restore(self, image: Pixels) -> Pixels:
        return enlarge(image, self.scale)


@dataclass(frozen=True, slots=True)
class CodeFormer:
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
        return enlarge(image, self.upscale)

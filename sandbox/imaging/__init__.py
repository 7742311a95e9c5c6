"""Really improves old photographs, on the CPU, deterministically.

Stands in for the vendor's models: the same picture and parameters always give the same bytes, each
model honours its own parameters, and a clean photo comes back nearly as it went in. Classical
imaging with OpenCV; two small networks where their weights are present (see ``weights.py``).
"""

from __future__ import annotations

import cv2

from sandbox.imaging.codec import Encoded, ImagingError, TooLarge, UndecodableInput, decode, encode
from sandbox.imaging.models import CodeFormer, FluxKontext, Gfpgan, Model
from sandbox.imaging.resize import enlarge

__all__ = [
    "CodeFormer",
    "Encoded",
    "FluxKontext",
    "Gfpgan",
    "ImagingError",
    "Model",
    "TooLarge",
    "UndecodableInput",
    "echo",
    "halve",
    "restore",
]


def restore(model: Model, data: bytes) -> Encoded:
    """Restore the picture in `data` with `model`. Raises `ImagingError`."""
    return encode(model.restore(decode(data, scale=model.scale)), model.output_format)


def echo(model: Model, data: bytes) -> Encoded:
    """Only scale the picture to the size that `model` would give. Raises `ImagingError`."""
    return encode(enlarge(decode(data, scale=model.scale), model.scale), model.output_format)


def halve(data: bytes) -> bytes:
    """The picture in `data` with half its sides, as PNG. Raises `ImagingError`."""
    image = decode(data)
    height, width = image.shape[:2]
    half = (max(1, width // 2), max(1, height // 2))
    return encode(cv2.resize(image, half, interpolation=cv2.INTER_AREA)).data  # type: ignore[arg-type]

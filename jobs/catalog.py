"""Every restoration model, declared once.

Forms, validation, the vendor's payload, the quote and the advice all come from the entry here, so
a new model is one entry. Facts (endpoints, parameters, ranges, defaults, prices) are Pixazo's
documents': "Codeformer Image Restoration API", "GFPGAN Image Restore API" and "Flux Kontext Image
Restoration API". Amounts are whole micro-dollars (1 USD = 1,000,000).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from accounts.money import dollars

PIXELS_IN_A_MEGAPIXEL = 1_000_000
# A face narrower than this is "too small": what comes back may be somebody else's (Pixazo's
# launch article, "Honest Limitations").
SMALL_FACE_PX = 48


# --- Parameters -------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One documented parameter: the vendor's name for it, and ours."""

    key: str
    label: str
    help: str = ""
    optional: bool = False
    advanced: bool = False  # shown under "More settings"

    @property
    def settled(self) -> bool:
        """Whether there is nothing to choose, so nothing to say."""
        return False

    def words(self, value: Any) -> str:
        """What a member chose, as part of a line."""
        return f"{self.label.lower()} {value}"


@dataclass(frozen=True, kw_only=True)
class Integer(Parameter):
    """A whole number in [lowest, highest]; `default` None leaves it to the vendor."""

    lowest: int
    highest: int
    default: int | None


@dataclass(frozen=True, kw_only=True)
class Fraction(Parameter):
    """A number in [0, 1], set on a slider whose ends have names."""

    default: float
    low_words: str
    high_words: str
    step: float = 0.05


@dataclass(frozen=True, kw_only=True)
class Flag(Parameter):
    """Yes or no; `no_words` say what no means."""

    default: bool
    no_words: str

    def words(self, value: Any) -> str:
        return self.label.lower() if value else self.no_words


@dataclass(frozen=True, kw_only=True)
class Choice(Parameter):
    """One of a few words."""

    values: tuple[tuple[Any, str], ...]
    default: Any

    @property
    def settled(self) -> bool:
        return len(self.values) == 1

    def words(self, value: Any) -> str:
        return f"{self.label.lower()}: {dict(self.values).get(value, value)}"


# --- Prices -----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Quote:
    """The exact price of one restoration, shown before the click and frozen into the job."""

    total_micros: int
    output_width_px: int
    output_height_px: int
    explanation: str

    @property
    def output_pixels(self) -> int:
        return self.output_width_px * self.output_height_px


def megapixels(pixels: int) -> str:
    """Megapixels to one decimal, or more where one would say nothing."""
    value = pixels / PIXELS_IN_A_MEGAPIXEL
    return f"{value:,.1f} MP" if value >= 0.1 else f"{value:.3f} MP"


@dataclass(frozen=True)
class PerRequest:
    """The same price whatever the picture."""

    price: Callable[[], int]

    def total(self, output_pixels: int) -> int:
        return self.price()

    def explain(self, output_pixels: int) -> str:
        return "one price for any photo"

    def words(self) -> str:
        return f"{dollars(self.price())} a photo"


@dataclass(frozen=True)
class PerMegapixel:
    """A price for each megapixel of the *output*, rounded up once."""

    price: Callable[[], int]

    def total(self, output_pixels: int) -> int:
        return -(-output_pixels * self.price() // PIXELS_IN_A_MEGAPIXEL)

    def explain(self, output_pixels: int) -> str:
        return f"{megapixels(output_pixels)} out × {dollars(self.price())}"

    def words(self) -> str:
        return f"{dollars(self.price())} a megapixel of the result"


# --- Models -----------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class RestorationModel:
    """What we know of one model. `endpoint` is a path under the gateway's base URL.

    `advise` is told how wide each face in the photo is, in px.
    """

    key: str
    name: str
    maker: str
    tagline: str
    good_for: str
    honest_limit: str
    vendor: str
    vendor_model_id: str
    endpoint: str
    image_parameter: str
    parameters: tuple[Parameter, ...]
    price: PerRequest | PerMegapixel
    advise: Callable[[Sequence[int]], str]
    scale_parameter: str | None = None

    @property
    def price_words(self) -> str:
        return self.price.words()

    def defaults(self) -> dict[str, Any]:
        """What the vendor assumes when nothing is said."""
        return {p.key: getattr(p, "default", None) for p in self.parameters}

    def quote(self, *, width_px: int, height_px: int, parameters: Mapping[str, Any]) -> Quote:
        """The price for a prepared picture of this size, in micro-dollars, rounded once, up."""
        scale = int(parameters[self.scale_parameter]) if self.scale_parameter else 1
        width, height = width_px * scale, height_px * scale
        return Quote(
            total_micros=self.price.total(width * height),
            output_width_px=width,
            output_height_px=height,
            explanation=self.price.explain(width * height),
        )

    def payload(self, *, image_url: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The vendor's JSON body. What the member left open is left out."""
        said = {p.key: parameters.get(p.key) for p in self.parameters}
        return {
            self.image_parameter: image_url,
            **{key: value for key, value in said.items() if value is not None},
        }

    def words_for(self, parameters: Mapping[str, Any]) -> str:
        """A member's settings in a line, for the job's card and the receipt."""
        return "; ".join(
            parameter.words(parameters[parameter.key])
            for parameter in self.parameters
            if not parameter.settled and parameters.get(parameter.key) is not None
        )


def _advise_kontext(face_widths: Sequence[int]) -> str:
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


def _advise_gfpgan(face_widths: Sequence[int]) -> str:
    if not face_widths:
        return "No face found: a face model makes such a photo worse, not better."
    return f"{_faces_in_words(face_widths)}: suits portraits.{_small_face_warning(face_widths)}"


def _advise_codeformer(face_widths: Sequence[int]) -> str:
    if not face_widths:
        return "No face found: useful here only to enlarge."
    return (
        f"{_faces_in_words(face_widths)}: you set how closely it keeps to the face you have."
        f"{_small_face_warning(face_widths)}"
    )


FLUX_KONTEXT = RestorationModel(
    key="flux-kontext",
    name="FLUX.1 Kontext",
    maker="Black Forest Labs",
    tagline="Repairs the whole scene",
    good_for="Cracks, stains, dust and fading anywhere in the picture, with or without people.",
    honest_limit="Where the picture is gone, it invents something that fits. Faces may change.",
    vendor="pixazo",
    vendor_model_id="flux-kontext-restore-image",
    endpoint="/flux-kontext-restore-image/v1/flux-kontext-restore-image/generate",
    image_parameter="input_image",
    parameters=(
        Choice(
            key="output_format",
            label="File format",
            values=(("png", "PNG, no loss"), ("jpg", "JPEG, smaller file")),
            default="png",
        ),
        Choice(
            key="safety_tolerance",
            label="Content filter",
            help="How strictly the vendor's own filter refuses pictures.",
            values=((2, "Most permissive"), (1, "Medium"), (0, "Strictest")),
            default=2,
            advanced=True,
        ),
        Integer(
            key="seed",
            label="Seed",
            help="The same number gives the same result again. Leave empty for a random one.",
            lowest=0,
            highest=2**31 - 1,
            default=None,
            optional=True,
            advanced=True,
        ),
    ),
    price=PerRequest(lambda: settings.PRICE_FLUX_KONTEXT_MICROS),
    advise=_advise_kontext,
)

GFPGAN = RestorationModel(
    key="gfpgan",
    name="GFPGAN",
    maker="TencentARC",
    tagline="Brings faces into focus",
    good_for="Portraits that are blurred, grainy or small. The quickest and often the cheapest.",
    honest_limit="If a face is very small or badly damaged, it may turn into somebody else's.",
    vendor="pixazo",
    vendor_model_id="gfpgan",
    endpoint="/gfpgan/v1/gfpgan/generate",
    image_parameter="img",
    parameters=(
        Integer(
            key="scale",
            label="Enlarge",
            help="1 keeps the size, 2 doubles width and height.",
            lowest=1,
            highest=4,
            default=2,
        ),
        Choice(
            key="version",
            label="Model version",
            values=(("v1.4", "v1.4"),),
            default="v1.4",
            advanced=True,
        ),
    ),
    price=PerRequest(lambda: settings.PRICE_GFPGAN_MICROS),
    advise=_advise_gfpgan,
    scale_parameter="scale",
)

CODEFORMER = RestorationModel(
    key="codeformer",
    name="CodeFormer",
    maker="sczhou",
    tagline="Lets you set how much may change",
    good_for="Faces and background together, and enlarging up to eight times.",
    honest_limit="Towards “sharper” it invents more of the face; towards “closer” it repairs less.",
    vendor="pixazo",
    vendor_model_id="codeformer-image-restoration",
    endpoint="/codeformer-image-restoration/v1/codeformer/generate",
    image_parameter="image",
    parameters=(
        Fraction(
            key="codeformer_fidelity",
            label="Fidelity",
            help="How closely the result keeps to the face in your photo.",
            default=0.5,
            low_words="sharper, more invented",
            high_words="closer to the original",
        ),
        Integer(
            key="upscale",
            label="Enlarge",
            help="1 keeps the size, 2 doubles width and height. The price grows with its square.",
            lowest=1,
            highest=8,
            default=2,
        ),
        Flag(
            key="background_enhance",
            label="Sharpen the background too",
            no_words="background only resized",
            default=True,
        ),
        Flag(
            key="face_upsample",
            label="Extra detail in faces",
            no_words="no extra detail in faces",
            default=True,
        ),
    ),
    price=PerMegapixel(lambda: settings.PRICE_CODEFORMER_MICROS),
    advise=_advise_codeformer,
    scale_parameter="upscale",
)

MODELS: dict[str, RestorationModel] = {
    model.key: model for model in (GFPGAN, CODEFORMER, FLUX_KONTEXT)
}

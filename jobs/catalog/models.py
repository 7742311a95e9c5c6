"""Every restoration model, declared once.

Facts (endpoints, parameters, ranges, defaults, what a price is for) are Pixazo's documents':
"Codeformer Image Restoration API", "GFPGAN Image Restore API" and "Flux Kontext Image Restoration
API"; of fal's route, fal's page "CodeFormer".
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jobs.catalog import advice
from jobs.catalog.model import RestorationModel
from jobs.catalog.parameters import Choice, Flag, Fraction, Integer
from jobs.catalog.quote import PerMegapixel, PerRequest
from jobs.catalog.route import Route

FLUX_KONTEXT = RestorationModel(
    key="flux-kontext",
    name="FLUX.1 Kontext",
    maker="Black Forest Labs",
    tagline=_("Repairs the whole scene"),
    good_for=_("Cracks, stains, dust and fading anywhere in the picture, with or without people."),
    honest_limit=_("Where the picture is gone, it invents something that fits. Faces may change."),
    routes=(
        Route(
            vendor="pixazo",
            model_id="flux-kontext-restore-image",
            endpoint="/flux-kontext-restore-image/v1/flux-kontext-restore-image/generate",
            image_parameter="input_image",
        ),
    ),
    parameters=(
        Choice(
            key="output_format",
            label=_("File format"),
            in_a_line=_("file format: %(value)s"),
            values=(("png", _("PNG, no loss")), ("jpg", _("JPEG, smaller file"))),
            default="png",
            changes_picture=False,
        ),
        Choice(
            key="safety_tolerance",
            label=_("Content filter"),
            in_a_line=_("content filter: %(value)s"),
            help=_("How strictly the vendor’s own filter refuses pictures."),
            values=((2, _("Most permissive")), (1, _("Medium")), (0, _("Strictest"))),
            default=2,
            advanced=True,
            changes_picture=False,
        ),
        Integer(
            key="seed",
            # Translators: a number from which a model's chance begins.
            label=_("Seed"),
            in_a_line=_("seed %(value)s"),
            help=_("The same number gives the same result again. Leave empty for a random one."),
            lowest=0,
            highest=2**31 - 1,
            default=None,
            optional=True,
            advanced=True,
        ),
    ),
    basis=PerRequest(),
    advise=advice.for_kontext,
)

GFPGAN = RestorationModel(
    key="gfpgan",
    name="GFPGAN",
    maker="TencentARC",
    tagline=_("Brings faces into focus"),
    good_for=_("Portraits that are blurred, grainy or small. The quickest and often the cheapest."),
    honest_limit=_("If a face is very small or badly damaged, it may turn into somebody else’s."),
    routes=(
        Route(
            vendor="pixazo",
            model_id="gfpgan",
            endpoint="/gfpgan/v1/gfpgan/generate",
            image_parameter="img",
        ),
    ),
    parameters=(
        Integer(
            key="scale",
            label=_("Enlarge"),
            # Translators: a setting in a line, with its factor: "enlarge 2".
            in_a_line=_("enlarge %(value)s"),
            help=_("1 keeps the size, 2 doubles width and height."),
            lowest=1,
            highest=4,
            default=2,
        ),
        Choice(
            key="version",
            label=_("Model version"),
            in_a_line=_("model version: %(value)s"),
            values=(("v1.4", "v1.4"),),
            default="v1.4",
            advanced=True,
        ),
    ),
    basis=PerRequest(),
    advise=advice.for_gfpgan,
    scale_parameter="scale",
)

CODEFORMER = RestorationModel(
    key="codeformer",
    name="CodeFormer",
    maker="sczhou",
    tagline=_("Lets you set how much may change"),
    good_for=_("Faces and background together, and enlarging up to eight times."),
    honest_limit=_(
        "Towards “sharper” it invents more of the face; towards “closer” it repairs less."
    ),
    routes=(
        Route(
            vendor="pixazo",
            model_id="codeformer-image-restoration",
            endpoint="/codeformer-image-restoration/v1/codeformer/generate",
            image_parameter="image",
        ),
        # fal's page has no word for the background, and says nothing of what becomes of it: whoever
        # ordered it sharpened can't be served there. Its price is the public one of 2026, for a
        # megapixel of the output.
        Route(
            vendor="fal",
            model_id="fal-ai/codeformer",
            endpoint="fal-ai/codeformer",
            image_parameter="image_url",
            names={
                "codeformer_fidelity": "fidelity",
                "upscale": "upscaling",
                "face_upsample": "face_upscale",
            },
            unsaid={"background_enhance": False},
            unit_cost_micros=2_100,
        ),
    ),
    parameters=(
        Fraction(
            key="codeformer_fidelity",
            label=_("Fidelity"),
            in_a_line=_("fidelity %(value)s"),
            help=_("How closely the result keeps to the face in your photo."),
            default=0.5,
            low_words=_("sharper, more invented"),
            high_words=_("closer to the original"),
        ),
        Integer(
            key="upscale",
            label=_("Enlarge"),
            # Translators: a setting in a line, with its factor: "enlarge 2".
            in_a_line=_("enlarge %(value)s"),
            help=_(
                "1 keeps the size, 2 doubles width and height. The price grows with its square."
            ),
            lowest=1,
            highest=8,
            default=2,
        ),
        Flag(
            key="background_enhance",
            label=_("Sharpen the background too"),
            in_a_line=_("sharpen the background too"),
            no_words=_("background only resized"),
            default=True,
        ),
        Flag(
            key="face_upsample",
            label=_("Extra detail in faces"),
            in_a_line=_("extra detail in faces"),
            no_words=_("no extra detail in faces"),
            default=True,
        ),
    ),
    basis=PerMegapixel(),
    advise=advice.for_codeformer,
    scale_parameter="upscale",
)

MODELS: dict[str, RestorationModel] = {
    model.key: model for model in (GFPGAN, CODEFORMER, FLUX_KONTEXT)
}

"""Every restoration model, declared once.

Facts (endpoints, parameters, ranges, defaults, what a price is for) are Pixazo's documents':
"Codeformer Image Restoration API", "GFPGAN Image Restore API" and "Flux Kontext Image Restoration
API"; of fal's route, fal's page "CodeFormer".
"""

from __future__ import annotations

from jobs.catalog import advice
from jobs.catalog.model import RestorationModel
from jobs.catalog.parameters import Choice, Flag, Fraction, Integer
from jobs.catalog.quote import PerMegapixel, PerRequest
from jobs.catalog.route import Route

FLUX_KONTEXT = RestorationModel(
    key="flux-kontext",
    name="FLUX.1 Kontext",
    maker="Black Forest Labs",
    tagline="Repairs the whole scene",
    good_for="Cracks, stains, dust and fading anywhere in the picture, with or without people.",
    honest_limit="Where the picture is gone, it invents something that fits. Faces may change.",
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
    basis=PerRequest(),
    advise=advice.for_kontext,
)

GFPGAN = RestorationModel(
    key="gfpgan",
    name="GFPGAN",
    maker="TencentARC",
    tagline="Brings faces into focus",
    good_for="Portraits that are blurred, grainy or small. The quickest and often the cheapest.",
    honest_limit="If a face is very small or badly damaged, it may turn into somebody else's.",
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
    basis=PerRequest(),
    advise=advice.for_gfpgan,
    scale_parameter="scale",
)

CODEFORMER = RestorationModel(
    key="codeformer",
    name="CodeFormer",
    maker="sczhou",
    tagline="Lets you set how much may change",
    good_for="Faces and background together, and enlarging up to eight times.",
    honest_limit="Towards “sharper” it invents more of the face; towards “closer” it repairs less.",
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
    basis=PerMegapixel(),
    advise=advice.for_codeformer,
    scale_parameter="upscale",
)

MODELS: dict[str, RestorationModel] = {
    model.key: model for model in (GFPGAN, CODEFORMER, FLUX_KONTEXT)
}

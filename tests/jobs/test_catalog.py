"""jobs.catalog: what a quote is made of, the vendor's payload, and advice."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Any

import pytest
from django.utils import translation
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.money import dollars
from jobs.catalog import (
    CODEFORMER,
    FLUX_KONTEXT,
    GFPGAN,
    MODELS,
    Quote,
    RestorationModel,
    advice,
    megapixels,
)
from jobs.catalog.presets import Preset, presets_for
from jobs.catalog.quote import PerMegapixel, print_size


def quote(
    model: RestorationModel, width: int, height: int, price: int, cost: int = 0, **said: Any
) -> Quote:
    return model.quote(
        width_px=width,
        height_px=height,
        parameters={**model.defaults(), **said},
        price_micros=price,
        cost_micros=cost,
    )


def test_a_megapixel_is_one_of_the_output_rounded_up_once():
    enlarged = quote(CODEFORMER, 1000, 1000, 2_100, upscale=2)
    assert enlarged.total_micros == 8_400
    assert (enlarged.output_width_px, enlarged.output_height_px) == (2000, 2000)
    assert quote(CODEFORMER, 16, 16, 2_100, upscale=1).total_micros == 1  # never nothing


@example(pixels=768_000_000, unit_micros=123_456_789)  # where a float is one off, every time
@given(pixels=st.integers(1, 10**10), unit_micros=st.integers(1, 10**9))
def test_a_megapixels_price_is_exact_for_any_size_and_rate(pixels: int, unit_micros: int):
    exact = Fraction(pixels * unit_micros, 1_000_000)
    assert PerMegapixel().total(pixels, unit_micros) == ceil(exact)


def test_a_request_costs_the_same_whatever_the_picture():
    assert quote(GFPGAN, 16, 16, 3_100).total_micros == 3_100
    assert quote(GFPGAN, 9000, 9000, 3_100, scale=4).total_micros == 3_100


def test_the_vendors_cost_goes_by_the_same_basis_and_is_rounded_by_itself():
    offer = quote(CODEFORMER, 1920, 1080, 3_000, 2_100, upscale=1)
    assert (offer.total_micros, offer.vendor_cost_micros) == (6_221, 4_355)
    assert quote(GFPGAN, 16, 16, 5_000, 3_100).vendor_cost_micros == 3_100


def test_a_quote_shows_its_arithmetic():
    assert (
        quote(CODEFORMER, 1280, 820, 2_100, upscale=2).explanation
        == "4.1984 MP out × $0.0021, rounded up"
    )
    assert quote(GFPGAN, 1280, 820, 3_100).explanation == "one price for any photo"


def test_a_price_is_told_with_what_it_is_for():
    assert GFPGAN.price_words(3_100) == "$0.0031 a photo"
    assert CODEFORMER.price_words(2_100) == "$0.0021 a megapixel of the result"


@pytest.mark.parametrize(
    ("model", "documented"),
    [
        (FLUX_KONTEXT, {"input_image", "seed", "output_format", "safety_tolerance"}),
        (GFPGAN, {"img", "scale", "version"}),
        (
            CODEFORMER,
            {"image", "codeformer_fidelity", "background_enhance", "face_upsample", "upscale"},
        ),
    ],
)
def test_a_model_knows_every_documented_parameter(model: RestorationModel, documented: set[str]):
    assert {model.usual.image_parameter, *(p.key for p in model.parameters)} == documented


def test_a_payload_has_the_address_and_leaves_out_what_was_left_open():
    payload = FLUX_KONTEXT.usual.payload(
        image_url="https://s3/x", parameters={**FLUX_KONTEXT.defaults(), "seed": None}
    )
    assert payload == {
        "input_image": "https://s3/x",
        "output_format": "png",
        "safety_tolerance": 2,
    }


def test_a_payload_keeps_zero_and_false():
    payload = CODEFORMER.usual.payload(
        image_url="u",
        parameters={
            "codeformer_fidelity": 0.0,
            "background_enhance": False,
            "face_upsample": False,
            "upscale": 1,
        },
    )
    assert payload["codeformer_fidelity"] == 0.0
    assert payload["background_enhance"] is False


NO_SAFE_FACE = "a restored face may not be the same person."
EVERYWHERE = "Cracks, stains or fading all over the picture: FLUX.1 Kontext."


@pytest.mark.parametrize(
    ("faces", "said"),
    [
        ([], ["No face found: FLUX.1 Kontext. It repairs the whole scene."]),
        ([210], ["1 face, 210 px wide: GFPGAN or CodeFormer.", EVERYWHERE]),
        ([180, 210], ["2 faces, the larger 210 px: GFPGAN or CodeFormer.", EVERYWHERE]),
        (
            [210, 34, 90],
            [
                "3 faces, the largest 210 px: GFPGAN or CodeFormer.",
                f"Smallest face 34 px: {NO_SAFE_FACE}",
                EVERYWHERE,
            ],
        ),
        (
            [34],
            [
                "1 face, 34 px wide: FLUX.1 Kontext. It is too small for a model of faces.",
                f"Smallest face 34 px: {NO_SAFE_FACE}",
            ],
        ),
        (
            [34, 47],
            [
                "2 faces, the largest 47 px: FLUX.1 Kontext. They are too small for a model of "
                "faces.",
                f"Smallest face 34 px: {NO_SAFE_FACE}",
            ],
        ),
    ],
)
def test_what_we_say_of_a_photo_follows_from_the_faces_found(faces: list[int], said: list[str]):
    assert advice.for_photo(faces) == said


def test_a_face_model_is_not_praised_for_a_photo_without_a_face():
    assert "worse, not better" in GFPGAN.advise([])
    assert "only to enlarge" in CODEFORMER.advise([])
    assert "good first choice" in FLUX_KONTEXT.advise([])
    assert "No face" not in " ".join(model.advise([210]) for model in MODELS.values())


def test_no_model_is_called_safer_for_a_face():
    faces: tuple[list[int], ...] = ([], [34], [210], [210, 34])
    said = " ".join(
        sentence
        for widths in faces
        for sentence in [
            *advice.for_photo(widths),
            *(model.advise(widths) for model in MODELS.values()),
            *(one.why for one in presets(widths)),
        ]
    )
    assert not [word for word in ("safe", "identity", "trust", "preserve") if word in said.lower()]


def test_settings_are_told_in_the_members_words():
    assert (
        CODEFORMER.words_for({**CODEFORMER.defaults(), "background_enhance": False})
        == "fidelity 0.5; enlarge 2; background only resized; extra detail in faces"
    )
    with translation.override("de"):
        assert " 0,5; " in CODEFORMER.words_for(CODEFORMER.defaults())
    assert FLUX_KONTEXT.words_for(FLUX_KONTEXT.defaults()) == "file format: PNG, no loss"
    assert "content filter: Strictest" in FLUX_KONTEXT.words_for(
        {**FLUX_KONTEXT.defaults(), "safety_tolerance": 0}
    )
    assert GFPGAN.words_for(GFPGAN.defaults()) == "enlarge 2"  # one version is no choice


def test_keys_name_their_models():
    assert all(model.key == key for key, model in MODELS.items())


@pytest.mark.parametrize(
    ("micros", "words"),
    [
        (0, "$0.00"),
        (1, "$0.000001"),
        (4_355, "$0.004355"),
        (3_100, "$0.0031"),
        (40_000, "$0.04"),
        (5_000_000, "$5.00"),
        (1_234_500_000, "$1,234.50"),
    ],
)
def test_money_in_words_rounds_nothing_away(micros: int, words: str):
    assert dollars(micros) == words


def test_megapixels_never_say_zero():
    assert megapixels(3072) == "0.003 MP"


# --- The second vendor ----------------------------------------------------------------------
def test_fals_codeformer_is_told_the_same_in_fals_own_words():
    said = {**CODEFORMER.defaults(), "codeformer_fidelity": 0.7, "background_enhance": False}
    assert CODEFORMER.route("fal").payload(image_url="https://x.test/a", parameters=said) == {
        "image_url": "https://x.test/a",
        "fidelity": 0.7,
        "upscaling": 2,
        "face_upscale": True,
    }


def test_what_fal_has_no_word_for_is_never_left_out_of_an_order():
    fal = CODEFORMER.route("fal")
    assert not fal.serves(CODEFORMER.defaults())  # which sharpen the background
    assert fal.serves({**CODEFORMER.defaults(), "background_enhance": False})
    assert all(model.usual.serves(model.defaults()) for model in MODELS.values())


def test_only_codeformer_can_go_anywhere_else():
    ways = {key: [route.vendor for route in model.routes] for key, model in MODELS.items()}
    assert ways == {
        "gfpgan": ["pixazo"],
        "codeformer": ["pixazo", "fal"],
        "flux-kontext": ["pixazo"],
    }
    with pytest.raises(KeyError):
        GFPGAN.route("fal")


# --- Presets --------------------------------------------------------------------------------
def presets(
    faces: list[int], width: int = 1000, height: int = 1000, most: int = 100_000_000
) -> list[Preset]:
    return presets_for(face_widths=faces, width_px=width, height_px=height, most_pixels=most)


def filled(found: list[Preset]) -> dict[str, Any]:
    return {preset.key: preset.settings for preset in found}


def test_the_presets_follow_the_guide():
    archive = {"codeformer_fidelity": 0.85, "background_enhance": True, "upscale": 1}
    assert filled(presets([210])) == {
        "family": {"gfpgan": {"scale": 2}},
        "archive": {"codeformer": archive},
        "enlarge": {"codeformer": {"upscale": 4}},
        "compare": {"gfpgan": {"scale": 2}, "codeformer": {"upscale": 2}},
    }
    assert [one.is_comparison for one in presets([210])] == [False, False, False, True]


@pytest.mark.parametrize("faces", [[], [34]])
def test_without_a_face_worth_a_model_of_faces_the_family_gets_the_whole_scene(faces: list[int]):
    found = filled(presets(faces))
    assert found["family"] == {"flux-kontext": {}}
    assert "compare" not in found


def test_a_preset_says_only_what_the_model_knows():
    for preset in [*presets([210]), *presets([])]:
        assert preset.why
        for key, said in preset.settings.items():
            assert said.keys() <= MODELS[key].defaults().keys()


@pytest.mark.parametrize(
    ("side", "enlarges_to"),
    [(2_500, 4), (2_501, 3), (3_333, 3), (3_334, 2), (5_000, 2), (5_001, None)],
)
def test_nothing_is_enlarged_beyond_what_we_can_keep(side: int, enlarges_to: int | None):
    found = filled(presets([210], side, side))
    assert found.get("enlarge") == (
        None if enlarges_to is None else {"codeformer": {"upscale": enlarges_to}}
    )
    assert found["family"] == {"gfpgan": {"scale": 2 if side <= 5_000 else 1}}


def test_a_photo_larger_than_any_result_that_we_can_keep_has_no_presets():
    assert presets([210], 10_001, 10_000) == []


def test_a_print_is_told_in_centimetres_and_inches():
    assert print_size(3_000, 2_400) == "25.4 × 20.3 cm (10.0 × 8.0 in)"

"""jobs.forms: what may be filled in, and the words for what may not."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.datastructures import MultiValueDict

from jobs import catalog
from jobs.catalog import CODEFORMER, FLUX_KONTEXT, GFPGAN
from jobs.forms.consents import ConsentForm
from jobs.forms.orders import AgreedForm, BatchClickForm, ClickForm, ComparisonClickForm
from jobs.forms.restorations import RestorationForm, field_for
from jobs.forms.uploads import UploadForm
from jobs.models import ConsentNotice, Photo, Price

NOTICE = ConsentNotice(version=1, text="A copy is sent to Pixazo.")
LEAST_SAID = {
    "gfpgan": {"scale": "2", "version": "v1.4"},
    "codeformer": {"codeformer_fidelity": "0.5", "upscale": "2"},
    "flux-kontext": {"output_format": "png", "safety_tolerance": "2"},
}


def photo(width_px: int = 1000, height_px: int = 1000) -> Photo:
    return Photo(width_px=width_px, height_px=height_px)


def filled(model: catalog.RestorationModel, **said: Any) -> RestorationForm:
    """A bound form with the defaults, and what is said; None leaves a field out."""
    values = {**LEAST_SAID[model.key], **said}
    data = {f"{model.key}-{key}": value for key, value in values.items() if value is not None}
    return RestorationForm(model=model, photo=photo(), data=data)


# --- Every documented parameter -------------------------------------------------------------
@pytest.mark.parametrize(
    ("model", "key", "said", "meant"),
    [
        (GFPGAN, "scale", "1", 1),
        (GFPGAN, "scale", "4", 4),
        (GFPGAN, "version", "v1.4", "v1.4"),
        (CODEFORMER, "codeformer_fidelity", "0", 0.0),
        (CODEFORMER, "codeformer_fidelity", "0.35", 0.35),
        (CODEFORMER, "codeformer_fidelity", "1", 1.0),
        (CODEFORMER, "upscale", "1", 1),
        (CODEFORMER, "upscale", "8", 8),
        (CODEFORMER, "background_enhance", "on", True),
        (CODEFORMER, "background_enhance", None, False),
        (CODEFORMER, "face_upsample", "on", True),
        (CODEFORMER, "face_upsample", None, False),
        (FLUX_KONTEXT, "output_format", "png", "png"),
        (FLUX_KONTEXT, "output_format", "jpg", "jpg"),
        (FLUX_KONTEXT, "safety_tolerance", "0", 0),
        (FLUX_KONTEXT, "safety_tolerance", "1", 1),
        (FLUX_KONTEXT, "safety_tolerance", "2", 2),
        (FLUX_KONTEXT, "seed", "0", 0),
        (FLUX_KONTEXT, "seed", "2147483647", 2**31 - 1),
        (FLUX_KONTEXT, "seed", "", None),
        (FLUX_KONTEXT, "seed", None, None),
    ],
)
def test_what_the_vendor_documents_may_be_said_and_has_the_vendors_type(
    model: catalog.RestorationModel, key: str, said: str | None, meant: Any
):
    form = filled(model, **{key: said})
    assert form.errors == {}
    assert form.cleaned_data[key] == meant
    assert type(form.cleaned_data[key]) is type(meant)


@pytest.mark.parametrize(
    ("model", "key", "said"),
    [
        (GFPGAN, "scale", "0"),
        (GFPGAN, "scale", "5"),
        (GFPGAN, "scale", "-1"),
        (GFPGAN, "scale", "1.5"),
        (GFPGAN, "scale", "two"),
        (GFPGAN, "scale", ""),
        (GFPGAN, "scale", None),
        (GFPGAN, "version", "v9"),
        (GFPGAN, "version", None),
        (CODEFORMER, "codeformer_fidelity", "-0.01"),
        (CODEFORMER, "codeformer_fidelity", "1.01"),
        (CODEFORMER, "codeformer_fidelity", "NaN"),
        (CODEFORMER, "codeformer_fidelity", "Infinity"),
        (CODEFORMER, "codeformer_fidelity", ""),
        (CODEFORMER, "upscale", "0"),
        (CODEFORMER, "upscale", "9"),
        (CODEFORMER, "upscale", "1e3"),
        (CODEFORMER, "upscale", None),
        (FLUX_KONTEXT, "output_format", "webp"),
        (FLUX_KONTEXT, "output_format", "PNG"),
        (FLUX_KONTEXT, "safety_tolerance", "3"),
        (FLUX_KONTEXT, "safety_tolerance", "-1"),
        (FLUX_KONTEXT, "safety_tolerance", ""),
        (FLUX_KONTEXT, "seed", "-1"),
        (FLUX_KONTEXT, "seed", "2147483648"),
        (FLUX_KONTEXT, "seed", "3.5"),
        (FLUX_KONTEXT, "seed", "lucky"),
    ],
)
def test_anything_else_is_refused_at_its_own_field(
    model: catalog.RestorationModel, key: str, said: str | None
):
    assert list(filled(model, **{key: said}).errors) == [key]


@pytest.mark.parametrize("model", catalog.MODELS.values(), ids=lambda model: model.key)
def test_a_fresh_form_shows_what_the_vendor_assumes(model: catalog.RestorationModel):
    form = RestorationForm(model=model, photo=photo())
    assert {key: field.initial for key, field in form.fields.items()} == model.defaults()
    assert form.settings == model.defaults()


@pytest.mark.parametrize("model", catalog.MODELS.values(), ids=lambda model: model.key)
def test_a_form_has_just_the_documented_parameters_and_nothing_smuggled_in(
    model: catalog.RestorationModel,
):
    form = filled(model, webhook="https://evil.test/", img="https://evil.test/x.png")
    assert form.is_valid()
    assert set(form.cleaned_data) == {parameter.key for parameter in model.parameters}


def test_the_forms_of_one_page_do_not_read_each_others_fields():
    data = {"gfpgan-scale": "4", "gfpgan-version": "v1.4", "codeformer-upscale": "1"}
    assert RestorationForm(model=GFPGAN, photo=photo(), data=data).is_valid()
    other = RestorationForm(model=CODEFORMER, photo=photo(), data={"gfpgan-upscale": "2"})
    assert "upscale" in other.errors


def test_a_kind_of_parameter_without_a_field_is_noticed_at_once():
    with pytest.raises(TypeError, match="no field for Parameter"):
        field_for(catalog.Parameter(key="x", label="X", in_a_line="x %(value)s"))


def test_only_what_is_rarely_needed_stands_under_more_settings():
    advanced = {
        model.key: [p.key for p in model.parameters if p.advanced]
        for model in catalog.MODELS.values()
    }
    assert advanced == {
        "gfpgan": ["version"],
        "codeformer": [],
        "flux-kontext": ["safety_tolerance", "seed"],
    }
    assert not RestorationForm(model=CODEFORMER, photo=photo()).has_advanced


def test_what_is_filled_in_beforehand_is_what_is_quoted_and_shown():
    form = RestorationForm(model=CODEFORMER, photo=photo(), initial={"upscale": 4})
    assert form.settings == {**CODEFORMER.defaults(), "upscale": 4}
    assert form["upscale"].value() == 4
    price = Price(model_key="codeformer", price_micros=2_100, cost_micros=2_100)
    assert form.quote(price).total_micros == 16 * 2100


# --- The price, and results that we could not keep ------------------------------------------
def test_the_quote_is_of_what_is_filled_in():
    form = filled(CODEFORMER, upscale="4")
    assert form.is_valid()
    price = Price(model_key="codeformer", price_micros=2_100, cost_micros=2_100)
    assert form.quote(price).total_micros == 16 * 2100


def sized(model: catalog.RestorationModel, side_px: int, **said: Any) -> RestorationForm:
    values = {**LEAST_SAID[model.key], **said}
    return RestorationForm(
        model=model,
        photo=photo(side_px, side_px),
        data={f"{model.key}-{key}": value for key, value in values.items()},
    )


@pytest.mark.parametrize(
    ("model", "said", "words"),
    [
        (CODEFORMER, {"upscale": "8"}, "576.0 MP"),
        (GFPGAN, {"scale": "4"}, "144.0 MP"),
    ],
)
def test_a_result_too_large_to_keep_is_refused_before_it_is_paid(
    model: catalog.RestorationModel, said: dict[str, str], words: str
):
    form = sized(model, 3000, **said)
    assert form.non_field_errors() == [
        f"The result would have {words}; the most we can keep is 100 MP. Please enlarge less."
    ]


def test_a_result_of_just_the_most_pixels_is_fine_and_one_row_more_is_not():
    assert sized(GFPGAN, 5000, scale="2").is_valid()
    assert not sized(GFPGAN, 5001, scale="2").is_valid()


def test_a_field_that_is_wrong_is_named_without_a_word_on_the_size():
    form = sized(CODEFORMER, 9000, upscale="99")
    assert list(form.errors) == ["upscale"]


# --- The click ------------------------------------------------------------------------------
@pytest.mark.parametrize("data", [{}, {"click_key": ""}, {"click_key": "1"}])
def test_a_click_without_its_key_is_no_click(data: dict[str, str]):
    assert not ClickForm(data).is_valid()


@pytest.mark.parametrize("shown", [None, "", "0", "-3100", "0.0031", "x"])
def test_a_price_that_did_not_stand_there_was_not_agreed_to(shown: str | None):
    data = {} if shown is None else {"gfpgan-shown_micros": shown}
    assert not AgreedForm(data, prefix="gfpgan").is_valid()
    sent = {"click_key": str(uuid.uuid4())} | ({} if shown is None else {"total_micros": shown})
    assert not ComparisonClickForm(sent).is_valid()


A_PHOTO = "8f14e45f-ceea-467f-a0e6-0a1b2c3d4e5f"


def under_a_list(*lines: str) -> BatchClickForm:
    data: MultiValueDict[str, Any] = MultiValueDict({"click_key": [str(uuid.uuid4())]})
    data.setlist("line", list(lines))
    return BatchClickForm(data)


def test_the_button_under_a_list_says_what_stood_beside_each_photo():
    form = under_a_list(f"{A_PHOTO}:3100")
    assert form.is_valid()
    assert form.cleaned_data["line"] == {uuid.UUID(A_PHOTO): 3_100}


@pytest.mark.parametrize("lines", [[], [""], [A_PHOTO], [f"{A_PHOTO}:x"], ["1:2"], ["a:b:c"]])
def test_a_list_that_says_nothing_or_nonsense_orders_nothing(lines: list[str]):
    assert list(under_a_list(*lines).errors) == ["line"]


# --- Consent --------------------------------------------------------------------------------
def statement(**said: Any) -> ConsentForm:
    """A valid statement, and what is said instead; None leaves it out."""
    values = {
        "depicted": ["MYSELF"],
        "basis": "",
        "purpose_restore": "on",
        "purpose_pixazo": "on",
        "keep_until": "",
        **ConsentForm(notice=NOTICE).shown,
        **said,
    }
    data: MultiValueDict[str, Any] = MultiValueDict()
    for key, value in values.items():
        if value is not None:
            data.setlist(key, value if isinstance(value, list) else [value])
    return ConsentForm(data, notice=NOTICE)


def test_a_statement_about_oneself_needs_no_further_words():
    assert statement().errors == {}


def test_nothing_is_ticked_beforehand():
    form = ConsentForm(notice=NOTICE)
    asked = [field for field in form.fields.values() if not field.widget.is_hidden]
    assert [field.initial for field in asked] == [None] * len(asked)
    assert "checked" not in str(form)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("depicted", "Please say who is in the photo."),
        ("purpose_restore", "Without this we may not restore the photo."),
        ("purpose_pixazo", "The models run at Pixazo: without this we can’t restore."),
    ],
)
def test_what_is_not_ticked_is_not_agreed_to(field: str, words: str):
    assert statement(**{field: None}).errors == {field: [words]}


def test_nobody_can_be_recognised_excludes_everybody_else():
    for others in (["NOBODY", "MYSELF"], ["CHILD", "NOBODY"]):
        form = statement(depicted=others, basis="My son")
        assert form.errors == {
            "depicted": ["“Nobody can be recognised” can’t be true together with the others."]
        }
    assert statement(depicted=["NOBODY"]).is_valid()


@pytest.mark.parametrize("who", ["CHILD", "OTHER"])
@pytest.mark.parametrize("basis", [None, "", "   \n", "\u200b\u200b", "..."])
def test_a_child_or_somebody_else_needs_words_for_the_reviewer(who: str, basis: str | None):
    form = statement(depicted=[who], basis=basis)
    assert form.errors == {
        "basis": ["For a child or somebody else, please tell our reviewer in a few words."]
    }
    assert statement(depicted=["MYSELF", who], basis="My daughter").is_valid()


@pytest.mark.parametrize("who", ["ADULT_RELATIVE", "DECEASED"])
def test_adults_who_agreed_and_the_dead_need_no_words(who: str):
    assert statement(depicted=[who]).is_valid()


def test_somebody_unheard_of_cannot_be_depicted():
    assert "depicted" in statement(depicted=["MARTIAN"]).errors


def test_a_basis_has_an_end():
    assert statement(basis="x" * 500).is_valid()
    assert "basis" in statement(basis="x" * 501).errors


@time_machine.travel("2026-05-22 23:30:00Z", tick=False)
def test_consent_cannot_end_before_it_begins():
    today = date(2026, 5, 22)
    assert statement(keep_until=(today - timedelta(days=1)).isoformat()).errors == {
        "keep_until": ["Please choose a day in the future."]
    }
    form = statement(keep_until=today.isoformat())
    assert form.is_valid()
    assert form.cleaned_data["keep_until"] == today


def test_an_open_end_is_until_it_is_withdrawn():
    form = statement()
    assert form.is_valid()
    assert form.cleaned_data["keep_until"] is None


# --- Upload ---------------------------------------------------------------------------------
def upload(*files: SimpleUploadedFile) -> UploadForm:
    return UploadForm({}, MultiValueDict({"files": list(files)}))


def test_several_files_come_at_once():
    form = upload(SimpleUploadedFile("a.png", b"a"), SimpleUploadedFile("b.png", b"b"))
    assert form.is_valid()
    assert [file.name for file in form.cleaned_data["files"]] == ["a.png", "b.png"]


def test_an_empty_file_goes_on_to_intake_which_names_it():
    form = upload(SimpleUploadedFile("empty.png", b""))
    assert form.is_valid()
    assert form.cleaned_data["files"][0].size == 0


def test_no_file_is_said_so():
    assert upload().errors == {"files": ["Please choose at least one photo."]}


def test_too_many_files_are_said_so():
    files = [SimpleUploadedFile(f"{n}.png", b"x") for n in range(settings.UPLOAD_MAX_FILES + 1)]
    assert upload(*files).errors == {"files": ["Please choose at most 20 photos at a time."]}
    assert upload(*files[1:]).is_valid()

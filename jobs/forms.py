"""What members fill in. A model's form is made from its entry in the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import singledispatch
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from jobs import catalog
from jobs.models import Depicted, Photo


# --- Upload -----------------------------------------------------------------------------------
class ManyFilesInput(forms.ClearableFileInput):
    """A file picker that takes several files."""

    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Cleans to a list of uploaded files."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        files = data if isinstance(data, list | tuple) else [data]
        # Empty files go on to intake, which says so by name.
        return [file for file in files if file]


class UploadForm(forms.Form):
    """One or several photos. Each file is judged on its own, by `steps.intake`."""

    files = ManyFilesField(  # type: ignore[assignment]
        label="Photos",
        allow_empty_file=True,
        widget=ManyFilesInput(
            attrs={"accept": "image/jpeg,image/png,image/webp,image/gif,image/tiff"}
        ),
        help_text=(
            f"JPEG, PNG, WebP, GIF or TIFF, up to {settings.UPLOAD_MAX_BYTES // 1_048_576} MB "
            f"and {settings.UPLOAD_MAX_PIXELS // 1_000_000} megapixels each."
        ),
    )

    def clean_files(self) -> list[UploadedFile[Any]]:
        files: list[UploadedFile[Any]] = self.cleaned_data["files"]
        if not files:
            raise forms.ValidationError("Please choose at least one photo.")
        if len(files) > settings.UPLOAD_MAX_FILES:
            raise forms.ValidationError(
                f"Please choose at most {settings.UPLOAD_MAX_FILES} photos at a time."
            )
        return files


# --- Consent ----------------------------------------------------------------------------------
class ConsentForm(forms.Form):
    """The uploader's statement. Nothing is ticked beforehand."""

    depicted = forms.MultipleChoiceField(
        label="Who can be recognised in this photo?",
        choices=Depicted.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="Tick everything that is true.",
        error_messages={"required": "Please say who is in the photo."},
    )
    basis = forms.CharField(
        label="In your own words: why may this photo be restored?",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Needed for children and for somebody else; a reviewer reads it.",
    )
    purpose_restore = forms.BooleanField(
        label="This photo may be restored. I know that faces may change.",
        error_messages={"required": "Without this we may not restore the photo."},
    )
    purpose_vendor = forms.BooleanField(
        label="A copy without any hidden data may be sent to Pixazo for this.",
        error_messages={"required": "The models run at Pixazo: without this we can't restore."},
    )
    keep_until = forms.DateField(
        label="Allow this until",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Leave empty to allow it until you withdraw.",
    )

    def clean_keep_until(self) -> date | None:
        until: date | None = self.cleaned_data["keep_until"]
        if until is not None and until < timezone.localdate():
            raise forms.ValidationError("Please choose a day in the future.")
        return until

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        depicted = set(said.get("depicted", []))
        if Depicted.NOBODY in depicted and len(depicted) > 1:
            self.add_error(
                "depicted", "“Nobody can be recognised” can't be true together with the others."
            )
        if {Depicted.CHILD, Depicted.OTHER} & depicted and not said.get("basis", "").strip():
            self.add_error(
                "basis", "For a child or somebody else, please tell our reviewer in a few words."
            )
        return said


# --- Restoration ------------------------------------------------------------------------------
class RangeInput(forms.NumberInput):
    """A slider."""

    input_type = "range"


@singledispatch
def field_for(parameter: catalog.Parameter) -> forms.Field:
    """The form field of a catalogue parameter."""
    raise TypeError(f"no field for {type(parameter).__name__}")


@field_for.register
def _(parameter: catalog.Integer) -> forms.Field:
    return forms.IntegerField(
        label=parameter.label,
        help_text=parameter.help,
        required=not parameter.optional,
        min_value=parameter.lowest,
        max_value=parameter.highest,
        initial=parameter.default,
    )


@field_for.register
def _(parameter: catalog.Fraction) -> forms.Field:
    return forms.FloatField(
        label=parameter.label,
        help_text=parameter.help,
        min_value=0,
        max_value=1,
        initial=parameter.default,
        widget=RangeInput(attrs={"step": parameter.step}),
    )


@field_for.register
def _(parameter: catalog.Flag) -> forms.Field:
    return forms.BooleanField(
        label=parameter.label,
        help_text=parameter.help,
        required=False,
        initial=parameter.default,
    )


@field_for.register
def _(parameter: catalog.Choice) -> forms.Field:
    kind: Callable[[Any], Any] = type(parameter.default)
    return forms.TypedChoiceField(
        label=parameter.label,
        help_text=parameter.help,
        choices=parameter.values,
        initial=parameter.default,
        coerce=lambda value: kind(value),
    )


class RestorationForm(forms.Form):
    """One model's parameters for one photo."""

    def __init__(
        self,
        *,
        model: catalog.RestorationModel,
        photo: Photo,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, prefix=model.key)
        self.model, self.photo = model, photo
        for parameter in model.parameters:
            field = field_for(parameter)
            field.parameter = parameter  # type: ignore[attr-defined]  # templates ask it
            self.fields[parameter.key] = field

    @property
    def has_advanced(self) -> bool:
        """Whether anything stands under "More settings"."""
        return any(parameter.advanced for parameter in self.model.parameters)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if not self.errors:
            pixels = self.quote().output_pixels
            if pixels > settings.RESULT_MAX_PIXELS:
                raise forms.ValidationError(
                    f"The result would have {catalog.megapixels(pixels)}; the most we can keep "
                    f"is {settings.RESULT_MAX_PIXELS // 1_000_000} MP. Please enlarge less."
                )
        return said

    def quote(self) -> catalog.Quote:
        """The price of what is filled in (of the defaults, when nothing was sent)."""
        return self.model.quote(
            width_px=self.photo.width_px,
            height_px=self.photo.height_px,
            parameters=self.cleaned_data if self.is_bound else self.model.defaults(),
        )


class ClickForm(forms.Form):
    """What the button carries: which click it was, and the price that stood on it."""

    click_key = forms.UUIDField()
    shown_micros = forms.IntegerField(min_value=1)

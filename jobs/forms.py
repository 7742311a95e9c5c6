"""What members fill in. A model's form is made from its entry in the catalogue."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import date
from functools import singledispatch
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from accounts import words
from accounts.money import dollars
from jobs import catalog, vendors
from jobs.models import Depicted, Photo, Price
from jobs.steps import order, review, take_home


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
    """The uploader's statement. Each purpose is asked for by itself; nothing is ticked beforehand.

    A vendor is asked about only when this house can send to it.
    """

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
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        help_text=(
            "Needed for children and for somebody else; a reviewer reads it. "
            "Of somebody who has died, please say how you are related."
        ),
    )
    purpose_restore = forms.BooleanField(
        label="This photo may be restored. I know that faces may change.",
        error_messages={"required": "Without this we may not restore the photo."},
    )
    keep_until = forms.DateField(
        label="Keep it no longer than",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=(
            "From the day after, nothing is sent any more, and the photo and its results are "
            "erased. Leave empty to keep them until you withdraw."
        ),
    )
    notice_version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, photos: int = 1, **options: Any) -> None:
        super().__init__(*args, **options)
        usual, *others = self.asked_vendors = vendors.reachable()
        usual_name = catalog.VENDORS[usual]
        self.fields[f"purpose_{usual}"] = forms.BooleanField(
            label=f"A copy without any hidden data may be sent to {usual_name} for this.",
            error_messages={
                "required": f"The models run at {usual_name}: without this we can't restore."
            },
        )
        for vendor in others:
            self.fields[f"purpose_{vendor}"] = forms.BooleanField(
                label=f"While {usual_name} can't be used, the same copy may be sent to "
                f"{catalog.VENDORS[vendor]} instead.",
                help_text=f"{_what_runs_at(vendor)} Without this tick, your order waits for "
                f"{usual_name}. The price is the same.",
                required=False,
            )
        if photos > 1:
            self.fields["depicted"].label = "Who can be recognised in these photos?"
            self.fields["basis"].label = "In your own words: why may these photos be restored?"
            self.fields[
                "purpose_restore"
            ].label = "These photos may be restored. I know that faces may change."
            self.fields["keep_until"].label = "Keep them no longer than"

    @property
    def purposes(self) -> list[forms.BoundField]:
        """What may be done, each with its own box."""
        names = ["purpose_restore", *(f"purpose_{vendor}" for vendor in self.asked_vendors)]
        return [self[name] for name in names]

    @property
    def vendors(self) -> list[str]:
        """The vendors that a copy may be sent to."""
        return [name for name in self.asked_vendors if self.cleaned_data.get(f"purpose_{name}")]

    def read_anew(self, version: int) -> bool:
        """Show what was sent once more, beside this version of the notice.

        True if it is another than the member had read: nothing that they ticked counts for it
        then, and their words stay.
        """
        data = self.data.copy()  # type: ignore[attr-defined]
        is_another = bool(data.get("notice_version") != str(version))
        if is_another:
            for name in ("depicted", *(field.name for field in self.purposes)):
                data.pop(name, None)
        data["notice_version"] = str(version)
        self.data = data
        return is_another

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
        if {Depicted.CHILD, Depicted.OTHER} & depicted and not words.said(said.get("basis", "")):
            self.add_error(
                "basis", "For a child or somebody else, please tell our reviewer in a few words."
            )
        return said


def _what_runs_at(vendor: str) -> str:
    """Which models another vendor than the usual one runs, and which settings it does not take."""
    said = []
    for model in catalog.MODELS.values():
        for route in model.routes:
            if route.vendor == vendor:
                labels = [p.label for p in model.parameters if p.key in route.unsaid]
                without = f", without “{'”, “'.join(labels)}”" if labels else ""
                said.append(f"{model.name}{without}")
    return f"Only for {'; '.join(said)}."


class AnswerForm(forms.Form):
    """The answer to a reviewer's question."""

    text = forms.CharField(
        label="Your answer",
        max_length=review.ANSWER_MOST,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        error_messages={"required": "Please write an answer."},
    )

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if not words.said(text):
            raise forms.ValidationError("Please write an answer that can be read.")
        return text


# --- Leaving ----------------------------------------------------------------------------------
class CloseAccountForm(forms.Form):
    """Nothing is ticked beforehand. The amount that the page showed comes back with the tick."""

    understood = forms.BooleanField(
        label="I know that my photos and everything made from them are erased for good.",
        error_messages={"required": "Please tick this if you want to close your account."},
    )
    shown_micros = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    give_up = forms.BooleanField(required=False)

    def __init__(self, data: Mapping[str, Any] | None = None, *, left_micros: int) -> None:
        super().__init__(data, initial={"shown_micros": left_micros})
        self.left_micros = left_micros
        if left_micros:
            self.fields["give_up"].label = f"I give up the {dollars(left_micros)} in my wallet."
        else:
            del self.fields["give_up"]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if self.left_micros > said.get("shown_micros", 0):
            raise forms.ValidationError(
                "Your wallet has changed since this page was opened. Please look again."
            )
        if self.left_micros and not said.get("give_up"):
            self.add_error("give_up", "Ask us for it back first, or tick this to give it up.")
        return said

    @property
    def gives_up_micros(self) -> int:
        """What the member agreed to lose, once the form is valid."""
        return self.left_micros if self.cleaned_data.get("give_up") else 0


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


class SettingsForm(forms.Form):
    """One model's parameters."""

    def __init__(
        self, *, model: catalog.RestorationModel, data: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(data, prefix=model.key)
        self.model = model
        for parameter in model.parameters:
            field = field_for(parameter)
            field.parameter = parameter  # type: ignore[attr-defined]  # templates ask it
            self.fields[parameter.key] = field

    @property
    def has_advanced(self) -> bool:
        """Whether anything stands under "More settings"."""
        return any(parameter.advanced for parameter in self.model.parameters)

    @property
    def settings(self) -> dict[str, Any]:
        """What is filled in (the defaults, when nothing was sent)."""
        return self.cleaned_data if self.is_bound else self.model.defaults()

    @property
    def error(self) -> str:
        """Why there is no price, in the first words that the form has for it."""
        for name, problems in self.errors.items():
            field = self.fields.get(name)
            return f"{field.label}: {problems[0]}" if field else str(problems[0])
        return ""


class RestorationForm(SettingsForm):
    """One model's parameters for one photo."""

    def __init__(
        self,
        *,
        model: catalog.RestorationModel,
        photo: Photo,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(model=model, data=data)
        self.photo = photo

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if not self.errors:
            width, height = self.model.output_size(
                width_px=self.photo.width_px, height_px=self.photo.height_px, parameters=said
            )
            if words := order.too_large(width * height):
                raise forms.ValidationError(words)
        return said

    def quote(self, price: Price) -> catalog.Quote:
        """What it costs, as it is filled in, at this price."""
        return order.quote(
            photo=self.photo, model=self.model, parameters=self.settings, price=price
        )


class ClickForm(forms.Form):
    """What the button carries: which click it was, and the price that stood on it.

    `price_token` names the row of the price list; one that does not hold any more is judged by the
    view, which then shows today's price.
    """

    click_key = forms.UUIDField()
    shown_micros = forms.IntegerField(min_value=1)
    price_token = forms.CharField(required=False)


class LinesField(forms.Field):
    """Cleans `photo:micros`, as often as it was sent, to the price that stood beside each photo."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> dict[uuid.UUID, int]:
        try:
            pairs = [str(line).split(":") for line in value or []]
            agreed = {uuid.UUID(photo): int(micros) for photo, micros in pairs}
        except ValueError:
            raise forms.ValidationError("This is no line of the list.") from None
        if not agreed:
            raise forms.ValidationError("Nothing that can be ordered was selected.")
        return agreed


class BatchClickForm(forms.Form):
    """What the button under a list of photos carries: its key, and what stood beside each."""

    click_key = forms.UUIDField()
    line = LinesField()
    price_token = forms.CharField(required=False)


# --- Taking a result home ---------------------------------------------------------------------
class TakeHomeForm(forms.Form):
    """Which file; its names stand in the file's address."""

    format = forms.ChoiceField(label="Format", widget=forms.RadioSelect)
    with_place = forms.BooleanField(
        label="Take along where it was taken",
        required=False,
        help_text="Only if the original says so (GPS). Otherwise it stays with us.",
    )
    marked = forms.BooleanField(
        label=f"Write “{take_home.MARK}” into the corner",
        required=False,
        help_text="In the picture itself, for everybody to see.",
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, came_as: str) -> None:
        super().__init__(data, initial={"format": take_home.AS_IT_CAME})
        words = {
            take_home.AS_IT_CAME: f"As it was restored ({came_as})",
            "JPEG": "JPEG, for sending and printing",
            "PNG": "PNG, without loss",
            "WEBP": "WebP, the smallest",
            "TIFF": "TIFF, for archives: without loss, not packed",
        }
        field = self.fields["format"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(format, words[format]) for format in take_home.FORMATS]

    @property
    def wishes(self) -> take_home.Wishes:
        return take_home.Wishes(**self.cleaned_data)

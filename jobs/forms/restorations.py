"""A model's parameters, made from its entry in the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import singledispatch
from typing import Any

from django import forms

from jobs import catalog
from jobs.models import Photo, Price
from jobs.steps import orderable


class RangeInput(forms.NumberInput):
    """A slider."""

    input_type = "range"

    def use_required_attribute(self, initial: Any) -> bool:
        """It always has a value, so HTML allows no `required` here."""
        return False


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
        self,
        *,
        model: catalog.RestorationModel,
        data: Mapping[str, Any] | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, prefix=model.key, initial=dict(initial or {}))
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
        """What is filled in (when nothing was sent: what it began with, else the defaults)."""
        return self.cleaned_data if self.is_bound else {**self.model.defaults(), **self.initial}

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
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(model=model, data=data, initial=initial)
        self.photo = photo

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if not self.errors:
            width, height = self.model.output_size(
                width_px=self.photo.width_px, height_px=self.photo.height_px, parameters=said
            )
            if words := orderable.too_large(width * height):
                raise forms.ValidationError(words)
        return said

    def quote(self, price: Price) -> catalog.Quote:
        """What it costs, as it is filled in, at this price."""
        return orderable.quote(
            photo=self.photo, model=self.model, parameters=self.settings, price=price
        )

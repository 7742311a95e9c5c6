"""What a member says of a result that is not the person, and what to try in its stead."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs.catalog import RestorationModel
from jobs.catalog.presets import CLOSER
from jobs.forms.restorations import RestorationForm
from jobs.models import NotThemReason, RestorationJob
from jobs.steps import not_them


class NotThemForm(forms.Form):
    """The reason, and which model to try; none is chosen beforehand: no model is the safer one."""

    reason = forms.ChoiceField(
        label=_("What is wrong?"), choices=NotThemReason.choices, widget=forms.RadioSelect
    )
    words = forms.CharField(
        label=_("In your words"),
        help_text=_("Our staff reads it to see where models fail. Please name nobody."),
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    model = forms.ChoiceField(
        label=_("What shall we try?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose what we shall try.")},
    )
    click_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        models: Sequence[RestorationModel],
        offered: Collection[RestorationModel],
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=dict(initial or {}))
        field = self.fields["model"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(model.key, model.name) for model in models]
        self.offered = {model.key for model in offered}

    def clean_model(self) -> str:
        chosen: str = self.cleaned_data["model"]
        if chosen not in self.offered:
            raise forms.ValidationError(not_them.THE_SAME)
        return chosen


class RerunForm(RestorationForm):
    """One model's parameters, in a size that is free in this job's stead."""

    def __init__(
        self,
        *,
        job: RestorationJob,
        model: RestorationModel,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(model=model, photo=job.photo, data=data)
        self.job = job
        self.initial = other_settings(job, model)

    def clean(self) -> dict[str, Any]:
        said = super().clean()
        if not self.errors:
            size = self.model.output_size(
                width_px=self.photo.width_px, height_px=self.photo.height_px, parameters=said
            )
            if words := not_them.too_large(self.job, *size):
                self.add_error(self.model.scale_parameter, words)
        return said


def other_settings(job: RestorationJob, model: RestorationModel) -> dict[str, Any]:
    """Where the form begins: closer to the face if it is the same model, and in a size allowed."""
    settings = {**model.defaults(), **(job.parameters if model is job.model else {})}
    if "codeformer_fidelity" in settings:
        settings["codeformer_fidelity"] = max(CLOSER, settings["codeformer_fidelity"])
    if model.scale_parameter:
        most = job.quoted_width_px // max(1, job.photo.width_px)
        settings[model.scale_parameter] = max(1, min(settings[model.scale_parameter], most))
    return settings

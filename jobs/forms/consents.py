"""Consent: the uploader's statement, and the answer to a reviewer's question."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone

from accounts import words
from jobs import catalog, vendors
from jobs.models import Depicted
from jobs.steps import review


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

"""Consent: the uploader's statement, and the answer to a reviewer's question."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from accounts import languages, words
from accounts.fields import DayInput
from jobs import catalog, vendors
from jobs.models import ConsentNotice, Depicted
from jobs.steps import review
from jobs.wording import Words


class ConsentForm(forms.Form):
    """The uploader's statement. Each purpose is asked for by itself; nothing is ticked beforehand.

    Its words are those of `jobs.wording`. A vendor is asked about only when this house can send to
    it and the notice beside the form names it.
    """

    # The server says all that is missing, at once; a browser would say it box by box. It still
    # stops a day that is half typed, which would be sent as none (so no `novalidate`).
    use_required_attribute = False

    depicted = forms.MultipleChoiceField(
        choices=Depicted.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": lazy("Please say who is in the photo.")},
    )
    basis = forms.CharField(
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
    )
    purpose_restore = forms.BooleanField(
        error_messages={"required": lazy("Without this we may not restore the photo.")},
    )
    keep_until = forms.DateField(
        required=False,
        widget=DayInput(),
    )
    # What the page showed; it is no field's name in `wording`.
    notice_version = forms.CharField(widget=forms.HiddenInput)
    notice_language = forms.CharField(widget=forms.HiddenInput)
    words_sha256 = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, notice: ConsentNotice, photos: int = 1, **options: Any) -> None:
        super().__init__(*args, **options)
        self.notice = notice
        self.read = notice.in_language(languages.current())
        self.words = Words(vendors.to_ask_about(self.read.text), many=photos > 1)
        usual_name = catalog.VENDORS[catalog.USUAL_VENDOR]
        for vendor in self.words.vendors:
            is_usual = vendor == catalog.USUAL_VENDOR
            self.fields[f"purpose_{vendor}"] = forms.BooleanField(
                label=self.words.send_to(vendor),
                help_text=self.words.send_to_help(vendor),
                required=is_usual,
                error_messages={
                    "required": _("The models run at %(vendor)s: without this we can’t restore.")
                    % {"vendor": usual_name}
                },
            )
        for name, label, help_text in (
            ("depicted", self.words.depicted, self.words.depicted_help),
            ("basis", self.words.basis, self.words.basis_help),
            ("purpose_restore", self.words.restore, ""),
            ("keep_until", self.words.keep, self.words.keep_help),
        ):
            self.fields[name].label, self.fields[name].help_text = label, help_text
        for name, value in self.shown.items():
            self.fields[name].initial = value

    @property
    def shown(self) -> dict[str, str]:
        """What names the very words that this form shows, and the notice beside it."""
        return {
            "notice_version": str(self.notice.version),
            "notice_language": self.read.language,
            "words_sha256": self.words.sha256,
        }

    @property
    def is_what_was_read(self) -> bool:
        """Whether the page that was sent had this notice and these very words."""
        return all(self.data.get(name) == value for name, value in self.shown.items())

    @property
    def purposes(self) -> list[forms.BoundField]:
        """What may be done, each with its own box."""
        names = ["purpose_restore", *(f"purpose_{vendor}" for vendor in self.words.vendors)]
        return [self[name] for name in names]

    @property
    def vendors(self) -> list[str]:
        """The vendors that a copy may be sent to."""
        return [name for name in self.words.vendors if self.cleaned_data.get(f"purpose_{name}")]

    def shown_again(self, *, notice: ConsentNotice, photos: int) -> ConsentForm:
        """The form to send once more, about so many of the photos, beside this notice.

        Where other words stand now than the member had read, nothing that they ticked counts, and
        what they typed stays. That fewer photos are left is no reason to read again.
        """
        if notice == self.notice and self.is_what_was_read:
            data = self.data.copy()  # type: ignore[attr-defined]
            again = ConsentForm(data, notice=notice, photos=photos)
            for name, value in again.shown.items():
                data[name] = value
            return again
        typed = {name: self.data.get(name, "") for name in ("basis", "keep_until")}
        return ConsentForm(initial=typed, notice=notice, photos=photos)

    def clean_keep_until(self) -> date | None:
        until: date | None = self.cleaned_data["keep_until"]
        if until is not None and until < timezone.localdate(timezone=UTC):
            raise forms.ValidationError(_("Please choose a day in the future."))
        return until

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        depicted = set(said.get("depicted", []))
        if Depicted.NOBODY in depicted and len(depicted) > 1:
            self.add_error(
                "depicted", _("“Nobody can be recognised” can’t be true together with the others.")
            )
        if {Depicted.CHILD, Depicted.OTHER} & depicted and not words.said(said.get("basis", "")):
            self.add_error(
                "basis", _("For a child or somebody else, please tell our reviewer in a few words.")
            )
        return said


class AnswerForm(forms.Form):
    """The answer to a reviewer's question."""

    text = forms.CharField(
        label=lazy("Your answer"),
        max_length=review.ANSWER_MOST,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        error_messages={"required": lazy("Please write an answer.")},
    )

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if not words.said(text):
            raise forms.ValidationError(_("Please write an answer that can be read."))
        return text

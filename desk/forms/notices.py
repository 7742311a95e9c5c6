"""What a reviewer writes of the next notice, and the tick before it is out for good."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts import languages
from jobs.models import NoticeDraft
from jobs.notices import MOST_LETTERS, Translations


class DraftForm(forms.Form):
    """A draft's words, in the house's language and in each other. `seen` names the state shown.

    Another language may be left out; then its readers read the house's own.
    """

    seen = forms.DateTimeField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, draft: NoticeDraft | None = None) -> None:
        super().__init__(data, initial=_initial(draft) if draft else None)
        own = settings.LANGUAGE_CODE
        self.languages = [own, *(code for code, _name in languages.others())]
        for code in self.languages:
            attrs = {"lang": code}
            self.fields[_name("title", code)] = forms.CharField(
                label=_("Title (%(language)s)") % {"language": languages.name_of(code)},
                max_length=200,
                required=code == own,
                widget=forms.TextInput(attrs=attrs),
            )
            self.fields[_name("text", code)] = forms.CharField(
                label=_("Text (%(language)s)") % {"language": languages.name_of(code)},
                max_length=MOST_LETTERS,
                required=code == own,
                widget=forms.Textarea(attrs={"rows": 24, **attrs}),
                help_text=_("Plain words. An empty line begins a new paragraph.")
                if code == own
                else _("Leave both empty where there is no translation yet."),
            )

    def clean(self) -> dict[str, Any]:
        """A text without a title is no notice, and a title alone is none either."""
        said = super().clean() or self.cleaned_data
        for code in self.languages[1:]:
            names = [_name("title", code), _name("text", code)]
            if not any(name in self.errors for name in names):
                given = [bool(said.get(name, "").strip()) for name in names]
                if any(given) and not all(given):
                    missing = names[given.index(False)]
                    self.add_error(missing, _("Give both, a title and a text, or neither."))
        return said

    @property
    def words(self) -> list[forms.BoundField]:
        """What is written: a title and a text in each language."""
        return [self[_name(part, code)] for code in self.languages for part in ("title", "text")]

    @property
    def translations(self) -> Translations:
        """Those beside the house's own, once the form is valid."""
        said = self.cleaned_data
        return {
            code: {part: said[_name(part, code)] for part in ("title", "text")}
            for code in self.languages[1:]
            if said[_name("text", code)].strip()
        }


def _name(part: str, code: str) -> str:
    """The field's name: `title` and `text` are the house's own."""
    return part if code == settings.LANGUAGE_CODE else f"{part}_{code}"


def _initial(draft: NoticeDraft) -> dict[str, str]:
    said = {"seen": draft.edited_at.isoformat()}
    for one in draft.texts:
        said[_name("title", one.language)] = one.title
        said[_name("text", one.language)] = one.text
    return said


class PublishForm(forms.Form):
    """What the page showed when it was said to be right."""

    sha256 = forms.CharField(max_length=64, widget=forms.HiddenInput)
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    sure = forms.BooleanField(
        label=_("I have read the preview and the difference."),
        error_messages={"required": _("Please read both, and tick that you have.")},
    )

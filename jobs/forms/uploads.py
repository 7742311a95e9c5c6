"""The upload: one or several files."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from jobs import images

# By their endings, too: not every system knows what kind of file a HEIC is. An iPhone that finds
# image/heic here sends its photos as they are, and makes no JPEG of them.
ACCEPTED = ",".join([*images.CONTENT_TYPES.values(), "image/heif", ".heic", ".heif", ".avif"])


# What the script says while it sends; braces are filled in by it.
UPLOAD_WORDS = {
    "waiting": pgettext_lazy("upload", "Waiting"),
    "checking": _("Looking whether it is here already"),
    "sending": _("Sending, {percent} %"),
    "storing": _("Being looked at and stored"),
    "taken": _("Done"),
    "cancelled": _("Not sent"),
    "paused": _("Paused"),
    "lost": _("The connection was lost. Trying again in {seconds} s."),
    "later": _("{words} Trying again in {seconds} s."),
    "given_up": _(
        "The connection was lost. Nothing of this file is kept; try again when you like."
    ),
    "too_large": _("This file has {size}; the most we can take is {most}."),
    "empty": _("This file is empty."),
    "not_understood": _("Something went wrong on our side. Try again in a moment."),
    "signed_out": _("You are signed out. Sign in again in another window, then try again."),
    "total": _("{done} of {all} done"),
    "speed": _("{speed} a second, {left} left"),
    "finished": _("{taken} done, {not_taken} not taken"),
    "all_here": _("All done: {all}"),
    "seconds": _("{n} s"),
    "minutes": _("{n} min"),
    "pasted": _("pasted picture"),
}


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
        label=_("Photos"),
        allow_empty_file=True,
        widget=ManyFilesInput(attrs={"accept": ACCEPTED}),
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["files"].help_text = gettext(
            "%(formats)s. Up to %(megabytes)s MB and %(megapixels)s megapixels each."
        ) % {
            "formats": ", ".join(images.WELCOME),
            "megabytes": settings.UPLOAD_MAX_BYTES // 1_048_576,
            "megapixels": settings.UPLOAD_MAX_PIXELS // 1_000_000,
        }

    def clean_files(self) -> list[UploadedFile[Any]]:
        files: list[UploadedFile[Any]] = self.cleaned_data["files"]
        if not files:
            raise forms.ValidationError(gettext("Please choose at least one photo."))
        if len(files) > settings.UPLOAD_MAX_FILES:
            raise forms.ValidationError(
                gettext("Please choose at most %(most)s photos at a time.")
                % {"most": settings.UPLOAD_MAX_FILES}
            )
        return files

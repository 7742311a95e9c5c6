"""The upload: one or several files."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from jobs import images

# By their endings, too: not every system knows what kind of file a HEIC is. An iPhone that finds
# image/heic here sends its photos as they are, and makes no JPEG of them.
ACCEPTED = ",".join([*images.CONTENT_TYPES.values(), "image/heif", ".heic", ".heif", ".avif"])


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
        widget=ManyFilesInput(attrs={"accept": ACCEPTED}),
        help_text=(
            f"{', '.join(images.WELCOME)}; up to {settings.UPLOAD_MAX_BYTES // 1_048_576} MB "
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

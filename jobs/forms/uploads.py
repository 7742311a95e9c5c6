"""The upload: one or several files."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile


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

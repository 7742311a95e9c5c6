"""What the gallery shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs import catalog
from jobs.models import Album, Stage

ANY = ("", _("All"))


class GalleryForm(forms.Form):
    """Each choice narrows; one that can't be understood says nothing."""

    album = forms.ChoiceField(label=_("Album"), required=False)
    stage = forms.ChoiceField(label=_("Restored"), required=False, choices=[ANY, *Stage.choices])
    model = forms.ChoiceField(
        label=_("Restored with"),
        required=False,
        choices=[ANY, *((key, model.name) for key, model in catalog.MODELS.items())],
    )

    def __init__(self, data: Mapping[str, Any], *, albums: Iterable[Album]) -> None:
        super().__init__(data, auto_id="show_%s")
        field = self.fields["album"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [ANY, *((str(album.pk), album.name) for album in albums)]
        self.is_valid()

    @property
    def wishes(self) -> dict[str, str]:
        """Those that narrow, by name."""
        return {name: said for name, said in self.cleaned_data.items() if said}

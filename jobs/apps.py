from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    name = "jobs"
    verbose_name = _("Photos and restorations")

    def ready(self) -> None:
        from accounts import statements
        from jobs import titles

        statements.describe_with(titles.describe)

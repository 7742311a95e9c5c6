from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "jobs"
    verbose_name = "Photos and restorations"

    def ready(self) -> None:
        from accounts import statements
        from jobs import titles

        statements.describe_with(titles.describe)

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Members and money")

    def ready(self) -> None:
        from accounts import audit

        user_logged_in.connect(audit.signed_in, dispatch_uid="audit.signed_in")

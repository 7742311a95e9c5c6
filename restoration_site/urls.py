"""Every address of the site."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from django.utils.translation import gettext_lazy as _

from restoration_site import health, queues

admin.site.site_header = _("Heirloom staff")
admin.site.site_title = "Heirloom"
admin.site.index_title = _("The desk")
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", include("jobs.urls")),
    path("", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("desk/", include("desk.urls")),
    path("admin/queues/", include((queues.urlpatterns, "django_rq"))),
    path("admin/", admin.site.urls),
    path("health/", health.live, name="live"),
    path("health/ready/", health.ready, name="ready"),
]

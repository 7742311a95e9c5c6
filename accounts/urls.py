"""The member's own addresses; signing in and out are allauth's."""

from django.urls import path

from accounts.views import language, payments, wallet, zone

urlpatterns = [
    path("wallet/", wallet.wallet, name="wallet"),
    path("wallet/limits/", wallet.limits, name="wallet_limits"),
    path("wallet/statement.csv", wallet.statement_csv, name="statement_csv"),
    path("wallet/<int:year>-<int:month>/", wallet.month, name="wallet_month"),
    path("wallet/top-up/", payments.top_up_begin, name="top_up_begin"),
    path("wallet/top-up/<uuid:top_up_id>/", payments.top_up, name="top_up"),
    path("wallet/top-up/<uuid:top_up_id>/again/", payments.top_up_again, name="top_up_again"),
    path("account/time-zone/", zone.time_zone, name="time_zone"),
    path("account/language/", language.language, name="language"),
    path("language/", language.choose_language, name="choose_language"),
    path("webhooks/stripe/", payments.stripe_webhook, name="stripe_webhook"),
]

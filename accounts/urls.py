"""The member's own addresses; signing in and out are allauth's."""

from django.urls import path

from accounts import card_views, views

urlpatterns = [
    path("wallet/", views.wallet, name="wallet"),
    path("wallet/limits/", views.limits, name="wallet_limits"),
    path("wallet/statement.csv", views.statement_csv, name="statement_csv"),
    path("wallet/<int:year>-<int:month>/", views.month, name="wallet_month"),
    path("wallet/top-up/", card_views.top_up_begin, name="top_up_begin"),
    path("wallet/top-up/<uuid:top_up_id>/", card_views.top_up, name="top_up"),
    path("wallet/top-up/<uuid:top_up_id>/again/", card_views.top_up_again, name="top_up_again"),
    path("webhooks/stripe/", card_views.stripe_webhook, name="stripe_webhook"),
]

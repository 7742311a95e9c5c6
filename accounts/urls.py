"""The member's own addresses; signing in and out are allauth's."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("wallet/", views.wallet, name="wallet"),
    path("wallet/limits/", views.limits, name="wallet_limits"),
    path("wallet/statement.csv", views.statement_csv, name="statement_csv"),
    path("wallet/<int:year>-<int:month>/", views.month, name="wallet_month"),
]

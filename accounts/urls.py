"""The member's own addresses; signing in and out are allauth's."""

from django.urls import path

from accounts import views

urlpatterns = [path("wallet/", views.wallet, name="wallet")]

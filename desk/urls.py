"""The desk's addresses."""

from django.urls import path

from desk.views import front

urlpatterns = [path("", front.front, name="desk")]

"""The journey's addresses."""

from django.urls import path

from jobs.views import front, gallery, photo, webhooks

urlpatterns = [
    path("", front.front, name="front"),
    path("photos/", gallery.gallery, name="gallery"),
    path("photos/upload/", gallery.upload, name="upload"),
    path("photos/<uuid:photo_id>/", photo.photo, name="photo"),
    path("photos/<uuid:photo_id>/consent/", photo.consent, name="consent"),
    path("photos/<uuid:photo_id>/withdraw/", photo.withdraw, name="withdraw"),
    path("photos/<uuid:photo_id>/quote/<slug:model_key>/", photo.quote, name="quote"),
    path("photos/<uuid:photo_id>/restore/<slug:model_key>/", photo.restore, name="restore"),
    path("jobs/<uuid:job_id>/", photo.job, name="job"),
    path("jobs/<uuid:job_id>/photo/", photo.job_photo, name="job_photo"),
    path("jobs/<uuid:job_id>/cancel/", photo.job_cancel, name="job_cancel"),
    path("webhooks/pixazo/<str:token>/", webhooks.pixazo, name="pixazo_callback"),
]

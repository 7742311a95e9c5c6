"""The journey's addresses."""

from django.urls import path

from jobs.views import (
    account,
    batch,
    consent_records,
    consents,
    front,
    gallery,
    job,
    photo,
    restore,
    take_home,
    trash,
    webhooks,
)

urlpatterns = [
    path("", front.front, name="front"),
    path("photos/", gallery.gallery, name="gallery"),
    path("photos/upload/", gallery.upload, name="upload"),
    path("photos/trash/", trash.trash, name="trash"),
    path("photos/trash/put/", trash.put_many, name="trash_many"),
    path("photos/<uuid:photo_id>/trash/", trash.put, name="trash_photo"),
    path("photos/<uuid:photo_id>/put-back/", trash.put_back, name="put_back"),
    path("photos/<uuid:photo_id>/erase/", trash.erase_now, name="erase_now"),
    path("photos/<uuid:photo_id>/", photo.photo, name="photo"),
    path("photos/<uuid:photo_id>/consent/", consents.consent, name="consent"),
    path("photos/<uuid:photo_id>/consent/record/", consent_records.record, name="consent_record"),
    path("photos/<uuid:photo_id>/consent/answer/", consent_records.answer, name="consent_answer"),
    path("photos/<uuid:photo_id>/withdraw/", photo.withdraw, name="withdraw"),
    path("photos/<uuid:photo_id>/quote/<slug:model_key>/", restore.quote, name="quote"),
    path("photos/<uuid:photo_id>/restore/<slug:model_key>/", restore.restore, name="restore"),
    path("consents/", consent_records.consents, name="consents"),
    path("consents/give/", consents.consent_many, name="consent_many"),
    path(
        "consents/<uuid:consent_id>/receipt.json", consent_records.receipt, name="consent_receipt"
    ),
    path("restore/", batch.batch, name="batch"),
    path("restore/quote/", batch.batch_quote, name="batch_quote"),
    path("jobs/<uuid:job_id>/", job.job, name="job"),
    path("jobs/<uuid:job_id>/download/", take_home.keepsake, name="keepsake"),
    path("jobs/<uuid:job_id>/download/file", take_home.keepsake_file, name="keepsake_file"),
    path("jobs/<uuid:job_id>/photo/", job.job_photo, name="job_photo"),
    path("jobs/<uuid:job_id>/cancel/", job.job_cancel, name="job_cancel"),
    path("jobs/<uuid:job_id>/stop/", job.job_stop, name="job_stop"),
    path("account/data/", account.data, name="data"),
    path("account/data/heirloom-data.zip", account.data_download, name="data_download"),
    path("account/delete/", account.delete, name="account_delete"),
    path("account/left/", account.left, name="account_left"),
    path("webhooks/pixazo/<str:token>/", webhooks.pixazo, name="pixazo_callback"),
    path("webhooks/fal/<str:token>/", webhooks.fal, name="fal_callback"),
]

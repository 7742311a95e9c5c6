"""The desk's addresses."""

from django.urls import path

from desk.views import audit, corrections, front, members

urlpatterns = [
    path("", front.front, name="desk"),
    path("members/", members.members, name="desk_members"),
    path("members/<int:member_id>/", members.member, name="desk_member"),
    path("members/<int:member_id>/transfers/", members.transfers, name="desk_transfers"),
    path("members/<int:member_id>/adjust/", corrections.adjust, name="desk_adjust"),
    path("corrections/", corrections.waiting_and_decided, name="desk_corrections"),
    path("corrections/refund/<int:hold_id>/", corrections.refund, name="desk_refund"),
    path("corrections/<uuid:correction_id>/", corrections.decide, name="desk_decide"),
    path("audit/", audit.trail, name="desk_audit"),
    path("audit/trail.csv", audit.trail_csv, name="desk_audit_csv"),
]

"""The desk's addresses."""

from django.urls import path, register_converter

from desk.converters import DayConverter
from desk.views import (
    audit,
    corrections,
    front,
    gateway,
    members,
    notices,
    overview,
    prices,
    reconciliation,
    review,
)

register_converter(DayConverter, "day")

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
    path("overview/", overview.overview, name="desk_overview"),
    path("overview/month.csv", overview.month_csv, name="desk_overview_csv"),
    path("prices/", prices.overview, name="desk_prices"),
    path("prices/<slug:model_key>/", prices.publish, name="desk_publish_price"),
    path("reconciliation/", reconciliation.overview, name="desk_reconciliation"),
    path("reconciliation/import/", reconciliation.take, name="desk_usage_import"),
    path("reconciliation/findings.csv", reconciliation.findings_csv, name="desk_findings_csv"),
    path("reconciliation/<day:day>/", reconciliation.day, name="desk_day"),
    path("reconciliation/<day:day>/explain/", reconciliation.explain, name="desk_explain"),
    path("reconciliation/<day:day>/close/", reconciliation.close, name="desk_close_day"),
    path("gateway/", gateway.page, name="desk_gateway"),
    path("gateway/<slug:vendor>/try/", gateway.try_now, name="desk_gateway_try"),
    path("gateway/<slug:vendor>/close/", gateway.close, name="desk_gateway_close"),
    path("notices/", notices.versions, name="desk_notices"),
    path("notices/<int:version>/", notices.version, name="desk_notice"),
    path("notices/draft/", notices.start, name="desk_notice_start"),
    path("notices/draft/<int:draft_id>/", notices.draft, name="desk_notice_draft"),
    path("notices/draft/<int:draft_id>/publish/", notices.publish, name="desk_notice_publish"),
    path("notices/draft/<int:draft_id>/discard/", notices.discard, name="desk_notice_discard"),
    path("review/", review.queue, name="desk_reviews"),
    path("review/start/", review.start, name="desk_review_start"),
    path("review/figures/", review.figures, name="desk_review_figures"),
    path("review/keep/<uuid:consent_id>/", review.keep, name="desk_review_keep"),
    path("review/<uuid:consent_id>/", review.item, name="desk_review"),
    path("review/<uuid:consent_id>/claim/", review.claim, name="desk_review_claim"),
    path("review/<uuid:consent_id>/release/", review.release, name="desk_review_release"),
    path("review/<uuid:consent_id>/go/", review.go, name="desk_review_go"),
    path("review/<uuid:consent_id>/show/", review.show, name="desk_review_show"),
    path("review/<uuid:consent_id>/decide/", review.decide, name="desk_review_decide"),
]

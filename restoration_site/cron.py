"""What happens by the clock; `manage.py clock restoration_site.cron` runs it."""

from django.conf import settings
from rq import cron

from accounts import tasks as accounts_tasks
from jobs import tasks

cron.register(
    tasks.sweep,
    queue_name="default",
    interval=settings.SWEEP_INTERVAL_SECONDS,
    ttl=settings.SWEEP_INTERVAL_SECONDS * 2,  # an unanswered sweep is worth nothing later
    result_ttl=0,
    failure_ttl=3600,
)

cron.register(
    accounts_tasks.look_at_top_ups,
    queue_name="default",
    interval=settings.LOOK_AGAIN_EVERY_SECONDS,
    ttl=settings.LOOK_AGAIN_EVERY_SECONDS,
    result_ttl=0,
    failure_ttl=3600,
)

cron.register(
    accounts_tasks.check_books,  # looks whether a day has passed; the rows know
    queue_name="default",
    interval=settings.LOOK_AGAIN_EVERY_SECONDS,
    ttl=settings.LOOK_AGAIN_EVERY_SECONDS,
    result_ttl=0,
    failure_ttl=3600,
)

cron.register(
    tasks.keep_promises,  # what may be kept no longer is erased
    queue_name="default",
    interval=settings.KEEP_PROMISES_EVERY_SECONDS,
    ttl=settings.KEEP_PROMISES_EVERY_SECONDS,
    result_ttl=0,
    failure_ttl=3600,
)

cron.register(
    tasks.check_consents,  # once a day, as with the books
    queue_name="default",
    interval=settings.LOOK_AGAIN_EVERY_SECONDS,
    ttl=settings.LOOK_AGAIN_EVERY_SECONDS,
    result_ttl=0,
    failure_ttl=3600,
)

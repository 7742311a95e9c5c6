"""What happens by the clock; `manage.py clock restoration_site.cron` runs it."""

from collections.abc import Callable

from django.conf import settings
from rq import cron

from accounts import tasks as accounts_tasks
from jobs import tasks
from jobs.queues import HEAVY, QUICK


def ring(task: Callable[[], object], *, queue: str, every_seconds: int, lives_seconds: int) -> None:
    """Put a task in a queue by the clock; not taken up while it lives, it is worth nothing."""
    cron.register(
        task,
        queue_name=queue,
        interval=every_seconds,
        ttl=lives_seconds,
        result_ttl=0,
        failure_ttl=3600,
    )


ring(
    tasks.sweep,
    queue=QUICK,
    every_seconds=settings.SWEEP_INTERVAL_SECONDS,
    lives_seconds=settings.SWEEP_INTERVAL_SECONDS * 2,
)
# Each may look at all there is, or wait for Stripe or S3: none may hold up a sweep.
for task, every_seconds in (
    (accounts_tasks.look_at_top_ups, settings.LOOK_AGAIN_EVERY_SECONDS),
    # Each looks whether a day has passed; the rows know.
    (accounts_tasks.check_books, settings.LOOK_AGAIN_EVERY_SECONDS),
    (tasks.check_consents, settings.LOOK_AGAIN_EVERY_SECONDS),
    # What may be kept no longer is erased.
    (tasks.keep_promises, settings.KEEP_PROMISES_EVERY_SECONDS),
    (tasks.erase_orphans, settings.ORPHANS_EVERY_SECONDS),
):
    ring(task, queue=HEAVY, every_seconds=every_seconds, lives_seconds=every_seconds)

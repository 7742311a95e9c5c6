#!/usr/bin/env python
"""Django's command line. A setting that is missing is one sentence, not a stack trace."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "restoration_site.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        settings.INSTALLED_APPS  # noqa: B018  (read the settings once, here, to speak plainly)
    except ImproperlyConfigured as problem:
        sys.exit(f"Heirloom can't start: {problem}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

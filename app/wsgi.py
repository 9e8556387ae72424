"""What gunicorn loads: `app.wsgi:application`."""

from __future__ import annotations

import sys

from app import create_app
from core.errors import SlipwayError

try:
    application = create_app()
except SlipwayError as error:
    # gunicorn takes exit status 4 for "the application cannot be loaded" and stops instead of trying for ever.
    print(f"error: {error}", file=sys.stderr)  # noqa: T201  # the log is not set up if settings are malformed
    sys.exit(4)

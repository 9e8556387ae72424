"""When the server began: gunicorn's configuration imports this before there are workers, all of which inherit it."""

from __future__ import annotations

import time
from typing import Final

# In seconds since 1970.
STARTED: Final = time.time()

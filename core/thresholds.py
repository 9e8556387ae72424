"""From where on something is wrong, whoever looks: the numbers of monitoring/rules, to which a test holds them."""

from __future__ import annotations

from typing import Final

DAY_S: Final = 86_400
# Of the requests of the API so many may fail, of the predictions of one row so many take longer than this.
FAILED_MAY, SLOW_MAY, SLOW_S = 0.001, 0.01, 0.25
# So many times as fast as that may last, and more than so many of them.
BURN, LEAST = 14.4, 10
LAG_S: Final = 600
SPOOL_SHARE: Final = 0.8
DRIFT_DAYS: Final = 2
MODEL_DAYS: Final = 45
OUTCOME_DAYS: Final = 14
FALLBACK_SHARE, LEAST_FALLBACKS = 0.05, 20
STORE_SHARE: Final = 0.8
MONTH_DAYS, MONTH_GB = 30, 100
# A sign of life comes once an hour.
SILENT_AFTER_S: Final = 3 * 3600

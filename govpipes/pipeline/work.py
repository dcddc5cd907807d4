"""Work: dataset-days that are to be run, as the reconciler and the backfill planner ask for them.

Here: the value alone. Who decides that it is to be done is in reconcile.py and backfill.py; who runs it, orchestration.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Work:
    """Periods of datasets of one calendar, to be run one after the other.

    days: first days of consecutive periods, oldest first. from_landing: what is landed is standardized, judged and
    published again; the source is not read.
    """

    datasets: tuple[str, ...]
    days: tuple[date, ...]
    from_landing: bool = False

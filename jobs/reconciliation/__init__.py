"""The vendor's bill against our books: bring in an export, name every difference, close the day.

Days are UTC. A line belongs to the day of its time; an attempt to the day on which we learned that
the vendor completed it (`Attempt.completed_at`). What is asked of them:

- **DOUBLED**: the line's request stood in an earlier line, of this export or another. Nothing else
  is asked of such a line: it should not be.
- **EXTRA**: we know no such request. Should an attempt adopt it later, the next import says so,
  closes the finding and judges the line anew.
- **MISPRICED**: we know the request as completed, and the cost is not the one frozen into its job,
  or the model is another.
- **ORPHANED**: it costs something and no member paid: the vendor billed what it never completed,
  or the job ended without a charge, or another attempt is the one that brought the picture. Only
  said once the job has ended. A line can be MISPRICED and ORPHANED: each needs its own explanation.
- **MISSING**: we know the attempt as completed, and no line of any import, of whatever day, names
  it. So a line just after midnight serves an attempt completed just before. A finding whose line
  comes in a later import closes itself.

Which days an import speaks for: all from the day of its first line to that of its last, or those
that the clerk names. MISSING is asked for these days alone; on a day that is not over, up to the
last line. Closing a day asks everything once more, whatever was imported.
"""

from jobs.reconciliation.closing import MOST_LETTERS, close_day, explain, explain_all
from jobs.reconciliation.days import ONE_DAY, VENDOR, DayTotals, start_of, totals_of
from jobs.reconciliation.errors import CannotClose, CannotExplain, CannotImport
from jobs.reconciliation.importing import Imported, import_usage

__all__ = [
    "MOST_LETTERS",
    "ONE_DAY",
    "VENDOR",
    "CannotClose",
    "CannotExplain",
    "CannotImport",
    "DayTotals",
    "Imported",
    "close_day",
    "explain",
    "explain_all",
    "import_usage",
    "start_of",
    "totals_of",
]

"""The two queues, and which step waits in which: the one place that says so.

A worker does one step at a time, so what may take a minute must not stand before what takes a
moment. HEAVY is whatever decodes pictures or moves whole files, and so may be held up by a result
that drips in or a store that hangs; all else is QUICK. Each has a worker process of its own; the
pictures that are decoded at one time are the heavy one's alone.
"""

from __future__ import annotations

QUICK, HEAVY = "quick", "heavy"

QUEUES = {
    "prepare": HEAVY,
    "submit": QUICK,
    "observe": QUICK,
    "collect": HEAVY,
    "tell": QUICK,
    "send": QUICK,
    "erase": HEAVY,
    "learn": QUICK,
}

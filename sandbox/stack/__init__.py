"""The house as processes: what runs, where it answers, how it starts and how it ends.

`python -m sandbox.stack` is the launcher behind `make run`; `running()` gives a test or a demo a
house of its own.
"""

from sandbox.stack.errors import StackError
from sandbox.stack.plan import Addresses
from sandbox.stack.running import running

__all__ = ["Addresses", "StackError", "running"]

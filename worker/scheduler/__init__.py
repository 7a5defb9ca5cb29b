"""When: a tick a mailbox, hints from IDLE, and a clean end on SIGTERM."""

from worker.scheduler.polls import Polls
from worker.scheduler.run import run

__all__ = ["Polls", "run"]

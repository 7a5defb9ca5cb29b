"""What a worker does by the clock beside polling: escalate, send canaries, forget what is old."""

from __future__ import annotations

import structlog

from worker.canaries import Canaries
from worker.escalations import escalate
from worker.house import House
from worker.replies import Post
from worker.retention import forget_or_tell

log = structlog.get_logger(__name__)

MINUTE_S = 60.0
HOUR_S = 3600.0


class Chores:
    """Each is safe to repeat and to be done by several workers; a fault is logged, and the next time comes."""

    def __init__(self, house: House) -> None:
        self._house = house
        settings = house.settings
        post = Post(settings.smtp.server) if settings.smtp else None
        self._flock = (
            Canaries(settings.canaries, house.ledger, house.tokens, post.send)
            if settings.canaries and house.tokens and post
            else None
        )

    def minutely(self) -> None:
        """Escalations, once a minute among all workers; canaries that are due."""
        self.escalate(MINUTE_S)
        if self._flock and not self._house.stopping.is_set():
            self._flock.tick()

    def hourly(self) -> None:
        """Retention."""
        forget_or_tell(self._house)

    def escalate(self, every_s: float = 0.0) -> None:
        """Do what is due; ``every_s``: unless another worker has looked within that time."""
        if not self._house.settings.escalations:
            return
        for told in escalate(self._house, every_s=every_s):
            if told.problem:
                log.error("escalation_trouble", connector=told.connector, why=told.problem)
            elif told.applied or told.refused:
                log.info("escalated", connector=told.connector, applied=told.applied, refused=told.refused)

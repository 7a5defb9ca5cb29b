"""Where: on a shared PostgreSQL, polls go to whichever worker is free (the only Procrastinate)."""

from worker.fleet.duty import duties
from worker.fleet.fleet import Fleet
from worker.fleet.room import SCHEMA, prepare

__all__ = ["SCHEMA", "Fleet", "duties", "prepare"]

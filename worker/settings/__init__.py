"""settings.toml and the environment to one frozen Settings; every mistake named, all at once."""

from worker.settings.model import (
    ConnectorSettings,
    MailboxSettings,
    OAuth,
    Policy,
    Route,
    Settings,
    WorkerSettings,
)

__all__ = [
    "ConnectorSettings",
    "MailboxSettings",
    "OAuth",
    "Policy",
    "Route",
    "Settings",
    "WorkerSettings",
]

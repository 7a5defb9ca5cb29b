"""settings.toml and the environment to one frozen Settings; every mistake named, all at once."""

from worker.settings.load import load
from worker.settings.model import (
    ConnectorSettings,
    MailboxSettings,
    OAuth,
    Policy,
    Route,
    Settings,
    WorkerSettings,
)
from worker.settings.problems import Problem, SettingsError

__all__ = [
    "ConnectorSettings",
    "MailboxSettings",
    "OAuth",
    "Policy",
    "Problem",
    "Route",
    "Settings",
    "SettingsError",
    "WorkerSettings",
    "load",
]

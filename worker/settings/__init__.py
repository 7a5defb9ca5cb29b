"""settings.toml and the environment to one frozen Settings; every mistake named, all at once."""

from worker.settings.load import load
from worker.settings.model import (
    ConnectorSettings,
    MailboxSettings,
    Settings,
    WorkerSettings,
)
from worker.settings.oauth import OAuth
from worker.settings.problems import Problem, SettingsError
from worker.settings.route import Policy, Route

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

"""Jira: cases are its issues, messages its comments, keys a label and a property written in the same call."""

from connectors.jira.connector import Jira

__all__ = ["Jira"]

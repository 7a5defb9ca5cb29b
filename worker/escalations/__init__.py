"""What is due by the calendar, and the change it makes to the case: each rule once for each time a customer waits."""

from worker.escalations.rules import Occasion, Rule, RuleMistake, change_key, findings, occasion_of, rules_of, waits
from worker.escalations.tick import Escalated, escalate

__all__ = [
    "Escalated",
    "Occasion",
    "Rule",
    "RuleMistake",
    "change_key",
    "escalate",
    "findings",
    "occasion_of",
    "rules_of",
    "waits",
]

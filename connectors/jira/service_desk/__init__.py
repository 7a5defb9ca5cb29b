"""Jira Service Management: cases are its requests, raised on behalf of the sender where Jira lets us."""

from connectors.jira.service_desk.customers import Customers
from connectors.jira.service_desk.desk import Desk
from connectors.jira.service_desk.health import DeskExamination
from connectors.jira.service_desk.marks import DeskMarks
from connectors.jira.service_desk.preview import desk_requests
from connectors.jira.service_desk.rules import DeskRules
from connectors.jira.service_desk.writing import DeskWriter

__all__ = ["Customers", "Desk", "DeskExamination", "DeskMarks", "DeskRules", "DeskWriter", "desk_requests"]

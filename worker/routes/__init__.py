"""Which routing address leads to which connector: evidence from the headers, first match wins, the trace is kept."""

from worker.routes.conditions import told
from worker.routes.evidence import Evidence, evidence
from worker.routes.language import language_of
from worker.routes.router import Check, Router, RoutingDecision, TraceLine, compile_routes
from worker.routes.sight import Sight

__all__ = [
    "Check",
    "Evidence",
    "Router",
    "RoutingDecision",
    "Sight",
    "TraceLine",
    "compile_routes",
    "evidence",
    "language_of",
    "told",
]

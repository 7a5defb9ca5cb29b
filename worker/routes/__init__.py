"""Which routing address leads to which connector: evidence from the headers, first match wins, the trace is kept."""

from worker.routes.evidence import Evidence, evidence
from worker.routes.router import Router, RoutingDecision, TraceLine, compile_routes

__all__ = ["Evidence", "Router", "RoutingDecision", "TraceLine", "compile_routes", "evidence"]

"""Submit one message; one table from reply code to error: what the forward connector and the auto-responses send by."""

from connectors.smtp.address import address_problem, path_of
from connectors.smtp.server import Security, Server, server_problem
from connectors.smtp.submit import Submission, probe, submit

__all__ = ["Security", "Server", "Submission", "address_problem", "path_of", "probe", "server_problem", "submit"]

"""One HTTP client, one clock per call, one table from status to error: what every web connector stands on."""

from connectors.http.answer import Answer, Call, Upload, json_body
from connectors.http.auth import Auth, ClientCredentials, FixedAuth, Token
from connectors.http.client import HttpClient
from connectors.http.errors import Rules, retry_after_s
from connectors.http.hygiene import Secrets
from connectors.http.limits import Limits
from connectors.http.url import url_problem

__all__ = [
    "Answer",
    "Auth",
    "Call",
    "ClientCredentials",
    "FixedAuth",
    "HttpClient",
    "Limits",
    "Rules",
    "Secrets",
    "Token",
    "Upload",
    "json_body",
    "retry_after_s",
    "url_problem",
]

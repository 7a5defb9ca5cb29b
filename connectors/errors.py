"""What a connector may raise: each error says whether it happened, whether it ever can, and for whom."""

from __future__ import annotations


class ConnectorError(Exception):
    """Base of what a connector raises. ``str(error)`` is safe to log: no secret, no message text.

    ConnectorError
    ├── Retryable       nothing happened; the same call may work later
    │   └── Throttled   … and so for every delivery of this connector (or of one bucket) until then
    ├── InDoubt         the request left, no answer came: it may have happened; find() first
    ├── Rejected        never, for this delivery as it is; the others go on
    │   └── CaseGone    delivery.case is deleted, merged or locked; as a new case it may work
    └── Unusable        never, for any delivery, until a person changes something
        └── AuthFailed  the CRM does not know us, or no longer
    """


class Retryable(ConnectorError):
    """Nothing happened; the same call may work later. ``retry_after_s``: None leaves the wait to the worker."""

    def __init__(self, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Throttled(Retryable):
    """Nothing happened, and the whole connector must wait; or, when ``bucket`` is named, only what falls into that.

    A bucket is a case's id, or a name of the connector's own for one kind of call.
    """

    def __init__(self, detail: str, retry_after_s: float, bucket: str = "") -> None:
        super().__init__(detail, retry_after_s)
        self.bucket = bucket


class InDoubt(ConnectorError):
    """The request left and no clear answer came: it may have happened."""


class Rejected(ConnectorError):
    """The CRM will never take this delivery as it is."""


class CaseGone(Rejected):
    """The case is deleted, merged or locked; the worker opens a new one that follows it."""


class Unusable(ConnectorError):
    """Nothing gets through until a person changes something; the text names what, and the cure."""


class AuthFailed(Unusable):
    """The CRM does not know us, or no longer."""

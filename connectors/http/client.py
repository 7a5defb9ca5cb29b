"""Sends one call: authorised, timed, read in full, never twice unless a second copy does no harm."""

from __future__ import annotations

import threading
from urllib.parse import urlsplit

import httpcore2
import httpx2
import tenacity

from connectors.contract import ConnectorError, InDoubt, Rejected, Retryable, Throttled, Unusable
from connectors.http.answer import Answer, Call
from connectors.http.auth import Auth
from connectors.http.deadline import Transport, within
from connectors.http.errors import Rules
from connectors.http.hygiene import Secrets
from connectors.http.limits import Limits

_CONNECT_S = 10.0
_CALL_S = 30.0
#: an upload gets more time, at this slowest rate we put up with
_SLOWEST_BYTES_PER_S = 100_000
_TRIES = 3
_TRIES_WITHIN_S = 15.0
_WAIT = tenacity.wait_random_exponential(multiplier=0.2, max=3.0)
_ANSWER_BYTES = 10 << 20
_DOOR_CLOSED_S = 15.0


class _NeverSent(Throttled):
    """The door could not even be reached: safe to try again whatever the call."""


class HttpClient:
    """For one CRM. ``base`` is its address without a final slash; safe for many threads."""

    def __init__(self, base: str, rules: Rules, secrets: Secrets, *, connections: int = 20) -> None:
        self.base = base.rstrip("/")
        self.host = urlsplit(self.base).netloc
        self.rules = rules
        self.secrets = secrets
        self.auth: Auth | None = None
        self.limits = Limits()
        self._connections = connections
        self._client: httpx2.Client | None = None
        self._lock = threading.Lock()

    def _opened(self) -> httpx2.Client:
        with self._lock:
            if self._client is None:
                transport = Transport(tls=self.base.startswith("https:"), connections=self._connections)
                timeout = httpx2.Timeout(_CALL_S, connect=_CONNECT_S, pool=_CALL_S)
                self._client = httpx2.Client(transport=transport, timeout=timeout, trust_env=False)
            return self._client

    def send(self, call: Call) -> Answer:
        """The answer, whose status is 2xx. Raises the ConnectorError that its status or its lack means.

        Reads and calls that never left are tried up to three times in 15 seconds, as are those that are
        declared safe to repeat. Once a try is in doubt so is the call, unless the CRM then refuses clearly.
        """
        doubts: list[InDoubt] = []
        with within(_CALL_S + (call.upload.size_bytes / _SLOWEST_BYTES_PER_S if call.upload else 0)):
            try:
                return self._tries(call, doubts)
            except (InDoubt, Rejected):
                raise
            except ConnectorError as error:
                if doubts:
                    raise InDoubt(f"{doubts[0]}; then: {error}") from error
                raise

    def _tries(self, call: Call, doubts: list[InDoubt]) -> Answer:
        for attempt in tenacity.Retrying(
            stop=tenacity.stop_after_attempt(_TRIES) | tenacity.stop_after_delay(_TRIES_WITHIN_S),
            wait=_WAIT,
            retry=tenacity.retry_if_exception(lambda error: _may_repeat(call, error)),
            reraise=True,
        ):
            with attempt:
                try:
                    return self._try(call)
                except InDoubt as doubt:
                    doubts.append(doubt)
                    raise
        raise AssertionError("tenacity neither returned nor raised")

    def _try(self, call: Call) -> Answer:
        header = self.auth.header() if self.auth and call.authorized else ""
        self.limits.admit(call.buckets)
        answer = self._exchange(call, header)
        if answer.status == 401 and self.auth and header and self.auth.renew(header):
            # A 401 is given before anything is done, so that even a write may be sent again; the CRM counts both.
            self.limits.admit(call.buckets)
            answer = self._exchange(call, self.auth.header())
        self.rules.observe(answer, self.limits)
        error = self.rules.error(answer, self.secrets)
        if error is not None:
            raise error
        return answer

    def _exchange(self, call: Call, authorization: str) -> Answer:
        try:
            return self._raw_exchange(call, authorization)
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout, httpcore2.ProxyError) as error:
            raise _NeverSent(self._told(call, f"cannot reach {self.host}", error), _DOOR_CLOSED_S) from error
        except httpcore2.PoolTimeout as error:
            raise Retryable(self._told(call, "no free connection", error)) from error
        except httpcore2.LocalProtocolError:
            # The text of this error would show the header it complains of, which may be a credential.
            cure = "look for stray characters in the connector's credentials"
            raise Unusable(f"{call.place}: cannot be sent; {cure}") from None
        except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            raise call.unclear(self._told(call, "no answer", error)) from error
        except httpx2.DecodingError as error:
            raise call.unclear(self._told(call, "garbled answer", error)) from error

    def _raw_exchange(self, call: Call, authorization: str) -> Answer:
        client = self._opened()
        request = client.build_request(
            call.method,
            self.base + call.path,
            content=call.upload.chunks() if call.upload else call.body or None,
            headers=self._headers(call, authorization),
        )
        response = client.send(request, stream=True, follow_redirects=False)
        try:
            body = self._read(call, response)
        finally:
            response.close()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(call, response.status_code, headers, body)

    def _read(self, call: Call, response: httpx2.Response) -> bytes:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > _ANSWER_BYTES:
                raise call.unclear(f"{call.place}: the answer is over 10 MiB")
        return bytes(body)

    def _headers(self, call: Call, authorization: str) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "mail-to-case", **call.headers}
        if call.upload:
            headers |= {
                "Content-Type": call.upload.content_type,
                "Content-Length": str(call.upload.size_bytes),
            }
        elif call.body:
            headers["Content-Type"] = "application/json"
        return headers | ({"Authorization": authorization} if authorization else {})

    def _told(self, call: Call, what: str, error: Exception) -> str:
        return self.secrets.excerpt(f"{call.place}: {what} ({error or type(error).__name__})")

    def close(self) -> None:
        """Let go of every connection; the next call opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()


def _may_repeat(call: Call, error: BaseException) -> bool:
    if isinstance(error, _NeverSent):
        return True
    if isinstance(error, Throttled) or not isinstance(error, Retryable | InDoubt):
        return False
    return call.safe_to_repeat or not call.writes

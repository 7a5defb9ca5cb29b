"""Structured logs: one event a line, nothing of a mail that could forge one, and never a secret."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import queue
import re
import select
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any, TextIO

import structlog

MASK = "***"
LONGEST_VALUE_CHARS = 200
LONGEST_TRACEBACK_CHARS = 8_000
#: shorter secrets would mask ordinary words
_SHORTEST_SECRET_CHARS = 4
_QUEUED_LINES = 10_000
_LAST_WORDS_S = 1.0

# C0, C1, line separators, zero-width and bidirectional controls (H36).
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
# What these libraries tell as warnings quotes mail, or repeats what their callers handle and log themselves.
_QUIET = ("imapclient", "httpx2", "httpcore2", "mailparser", "tnefparse", "charset_normalizer", "asyncio", "mail.log")

Event = MutableMapping[str, Any]
_secrets: set[str] = set()
_patient: list[Patient] = []
#: descriptors whose reader does not read
_stuck: set[int] = set()
_STUCK_S = 2.0
_PIPE_CHARS = 1000


def configure(*, verbose: bool = False, to_stderr: bool = False, environ: Mapping[str, str] | None = None) -> None:
    """Set up logging for this process; may be called again.

    ``run`` logs to stdout, as platforms expect; verbs that print facts log to stderr. ``LOG_FORMAT=text|json`` decides
    the form, else JSON unless the stream is a terminal. The worker's log is written by a thread of its own: when nobody
    reads the pipe, lines are dropped and counted rather than the work held up.
    """
    environ = os.environ if environ is None else environ
    stream = sys.stderr if to_stderr else sys.stdout
    level = logging.DEBUG if verbose else logging.INFO
    write = _write_to_stderr if to_stderr else _patiently(stream)
    render = _renderer(_is_text(stream, environ), colours=stream.isatty())
    structlog.configure(
        processors=[*_common(), render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Lines(write),
        cache_logger_on_first_use=False,
    )
    _bridge(write, render)


def hide(secrets: Iterable[str]) -> None:
    """Mask these values wherever they turn up in a log, should anything ever try to print them."""
    _secrets.update(secret for secret in secrets if len(secret) >= _SHORTEST_SECRET_CHARS)


def _is_text(stream: TextIO, environ: Mapping[str, str]) -> bool:
    wanted = environ.get("LOG_FORMAT", "").strip().lower()
    return wanted == "text" if wanted in ("text", "json") else stream.isatty()


def _common() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # A plain traceback: no local variables, which may hold secrets.
        structlog.processors.format_exc_info,
        safe_values,
    ]


def _renderer(as_text: bool, *, colours: bool) -> Any:
    if as_text:
        return structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)
    return structlog.processors.JSONRenderer(ensure_ascii=False)


def safe_values(_logger: object, _method: str, event: Event) -> Event:
    """Processor: mask secrets, escape control characters, cut long values; in keys and in nested values too."""
    return {_safe(key): _traceback(value) if key == "exception" else _safe_value(value) for key, value in event.items()}


def _safe_value(value: object, depth: int = 3) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth and isinstance(value, Mapping):
        return {_safe(key): _safe_value(inner, depth - 1) for key, inner in list(value.items())[:LONGEST_VALUE_CHARS]}
    if depth and isinstance(value, list | tuple | set | frozenset):
        return [_safe_value(inner, depth - 1) for inner in list(value)[:LONGEST_VALUE_CHARS]]
    return _safe(value)


def _safe(value: object, longest: int = LONGEST_VALUE_CHARS) -> str:
    text = _masked(str(value))
    cut = text if len(text) <= longest else f"{text[:longest]}…"
    return _UNSAFE.sub(_escaped, cut)


def _traceback(value: object) -> str:
    """A traceback keeps its lines: only what is within a line is escaped."""
    text = _masked(str(value))[-LONGEST_TRACEBACK_CHARS:]
    return "\n".join(_UNSAFE.sub(_escaped, line) for line in text.split("\n"))


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("ascii", "backslashreplace").decode("ascii") if ord(match[0]) > 127 else repr(match[0])[1:-1]


def _masked(text: str) -> str:
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


class _Lines:
    """structlog's idea of a logger: one method a level, each given a rendered line."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self.msg = self.debug = self.info = self.warning = self.error = self.critical = self.exception = write


def _write_to_stderr(line: str) -> None:
    """To whatever is stderr at that moment; a reader that has gone away, or reads no more, is no reason to stop."""
    with contextlib.suppress(OSError, ValueError):
        # A pipe that is ready takes so much without blocking (POSIX.1, PIPE_BUF).
        for start in range(0, len(line) + 1, _PIPE_CHARS):
            if _takes_more(sys.stderr):
                sys.stderr.write(f"{line}\n"[start : start + _PIPE_CHARS])
                sys.stderr.flush()


def _takes_more(stream: TextIO) -> bool:
    """Whether writing would not block; a reader that let us wait once is not waited for again."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    ready = bool(poll.poll(0 if descriptor in _stuck else _STUCK_S * 1000))
    (_stuck.discard if ready else _stuck.add)(descriptor)
    return ready


def _patiently(stream: TextIO) -> Callable[[str], None]:
    _patient.append(Patient(stream))
    return _patient[-1].write


@atexit.register
def flush(wait_s: float = _LAST_WORDS_S) -> None:
    """Have all lines written, within a second; to be called before ``os._exit``, which asks no one."""
    for patient in _patient:
        patient.flush(wait_s)


class Patient:
    """Writes lines to a stream from a thread of its own, so that a stuck pipe never holds up a mail (P15)."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: queue.Queue[str] = queue.Queue(_QUEUED_LINES)
        self._dropped = 0
        self._counting = threading.Lock()
        threading.Thread(target=self._work, name="log", daemon=True).start()

    def write(self, line: str) -> None:
        """Queue one line, or count it as dropped when the reader is 10,000 lines behind."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            with self._counting:
                self._dropped += 1

    def flush(self, wait_s: float) -> None:
        """Wait until all is written, or until the time is over."""
        end = time.monotonic() + wait_s
        while self._lines.unfinished_tasks and time.monotonic() < end:
            time.sleep(0.005)

    def _work(self) -> None:
        while True:
            line = self._lines.get()
            with contextlib.suppress(OSError, ValueError):
                self._stream.write(f"{line}\n{self._excuse()}")
                self._stream.flush()
            self._lines.task_done()

    def _excuse(self) -> str:
        with self._counting:
            dropped, self._dropped = self._dropped, 0
        return f'{{"event":"log lines dropped","level":"warning","lines":{dropped}}}\n' if dropped else ""


class _Bridge(logging.Handler):
    """Standard logging of libraries, through the same processors into the same stream."""

    def __init__(self, write: Callable[[str], None], render: Any) -> None:
        super().__init__(logging.WARNING)
        self._write = write
        self._render = render

    def emit(self, record: logging.LogRecord) -> None:
        """One event a record; a record that cannot be formatted is told without its arguments."""
        try:
            words = record.getMessage()
        except (TypeError, ValueError):
            words = str(record.msg)
        event: Event = {"event": words, "logger": record.name}
        if record.exc_info:
            event["exc_info"] = record.exc_info
        level = record.levelname.lower()
        for process in (*_common()[1:], self._render):
            event = process(None, level, event)
        self._write(str(event))


def _bridge(write: Callable[[str], None], render: Any) -> None:
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, _Bridge)]:
        root.removeHandler(handler)
    root.addHandler(_Bridge(write, render))
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)

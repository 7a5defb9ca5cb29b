"""H36, H71, P15: one event a line, no secret, no forged line, and nobody waits for a reader."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

from worker.log import Patient, hide, safe_values

PROGRAM = """
import logging, structlog
from worker.log import configure, hide
configure(verbose={verbose}, to_stderr={to_stderr})
hide(["s3cret-value"])
{body}
"""


def ran(body: str, *, verbose: bool = False, to_stderr: bool = False, **environ: str) -> tuple[str, str]:
    """Standard output and standard error of a program that logs."""
    program = PROGRAM.format(body=body, verbose=verbose, to_stderr=to_stderr)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout, done.stderr


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


BODY = r"""
log = structlog.get_logger()
log.info("taken", subject="a\nlevel=error\x1b[31m\u202e" + "z" * 300, nested={"pass": ["x s3cret-value"]})
log.debug("detail")
try:
    password = "local-of-a-frame"
    raise ValueError("no s3cret-value here")
except ValueError:
    log.exception("failed")
logging.getLogger("lib").warning("watch\nout %s", "s3cret-value")
logging.getLogger("lib").info("chatter")
logging.getLogger("imapclient").error("LOGIN s3cret-value")
"""


def test_json_lines_on_stdout_for_the_worker() -> None:
    out, err = ran(BODY)
    assert err == ""
    assert "s3cret" not in out
    assert "local-of-a-frame" not in out
    taken, failed, bridged = events(out)
    assert taken["event"] == "taken"
    assert taken["subject"].startswith(r"a\nlevel=error\x1b[31m\u202ezzz")
    assert len(taken["subject"]) < 230
    assert taken["nested"] == {"pass": ["x ***"]}
    assert taken["timestamp"].endswith("Z")
    assert "no *** here" in failed["exception"]
    assert (bridged["event"], bridged["level"], bridged["logger"]) == (r"watch\nout ***", "warning", "lib")


def test_facts_keep_stdout_for_themselves_and_verbose_tells_more() -> None:
    out, err = ran(BODY, verbose=True, to_stderr=True)
    assert out == ""
    assert [event["event"] for event in events(err)] == ["taken", "detail", "failed", r"watch\nout ***"]


def test_text_when_asked_for() -> None:
    out, _ = ran('structlog.get_logger().info("taken", mailbox="support")', LOG_FORMAT="text")
    assert "taken" in out
    assert "mailbox=support" in out
    assert not out.startswith("{")


@pytest.mark.parametrize("value", ["x\r\ny", "\u2028", "\u0085", "\ud800", "\x00", "\u200b", "\ufeff"])
def test_h25_nothing_breaks_a_line_or_an_encoding(value: str) -> None:
    event = safe_values(None, "info", {"event": value, value: value})
    text = json.dumps(event, ensure_ascii=False)
    assert text.encode("utf-8")
    assert text.isprintable()


def test_values_of_any_kind_are_told() -> None:
    class Odd:
        def __str__(self) -> str:
            return "odd\n"

    deep: Mapping[str, object] = {"a": {"b": {"c": {"d": 1}}}}
    event = safe_values(
        None, "info", {"n": 1, "f": 1.5, "none": None, "odd": Odd(), "deep": deep, "list": ["x"] * 10_000}
    )
    assert (event["n"], event["f"], event["none"], event["odd"]) == (1, 1.5, None, r"odd\n")
    assert len(event["list"]) == 200
    json.dumps(event)


def test_short_words_are_never_taken_for_secrets() -> None:
    hide(["", "a", "in"])
    assert safe_values(None, "info", {"event": "a mail in hand"})["event"] == "a mail in hand"


def test_p15_a_stuck_pipe_holds_nobody_up() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader) as read_end, os.fdopen(writer, "w") as write_end:
        log = Patient(write_end)
        begun = time.monotonic()
        for _ in range(20_000):
            log.write("x" * 100)
        log.flush(wait_s=0.2)
        assert time.monotonic() - begun < 1.5
        # Somebody reads again: the gap is told, and the log goes on.
        lines: list[str] = []
        again = threading.Thread(target=lambda: lines.extend(read_end))
        again.start()
        log.flush(wait_s=20)
        log.write("the last")
        log.flush(wait_s=20)
        write_end.close()
        again.join(20)
    told = [line for line in lines if "log lines dropped" in line]
    assert sum(json.loads(line)["lines"] for line in told) + len(lines) - len(told) == 20_001
    assert lines[-1] == "the last\n"


def test_a_reader_that_went_away_stops_nothing() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as write_end:
        log = Patient(write_end)
        log.write("nobody reads this")
        log.flush(wait_s=5)
        assert not log._lines.unfinished_tasks
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, write_end.fileno())
        os.close(null)


def test_root_level_stays_at_warning() -> None:
    assert logging.getLogger().getEffectiveLevel() >= logging.WARNING

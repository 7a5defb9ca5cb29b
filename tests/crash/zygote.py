"""A process that has imported everything and does nothing, from which workers are forked: no import is paid for twice.

Reads one JSON object a line, answers with one; ends with its input. It has one thread, so forking it is safe.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

_ROOMS = (
    "alembic.command", "alembic.runtime.migration", "apscheduler.schedulers.background", "connectors.desk",
    "connectors.hubspot", "connectors.jira", "connectors.salesforce", "connectors.zendesk", "connectors.smtp",
    "imapclient", "psycopg", "sqlalchemy.dialects.sqlite", "sqlalchemy.dialects.postgresql.psycopg",
    "tests.crash.effects", "tests.crash.forked", "worker.cli.work", "worker.message.child", "worker.scheduler",
    "worker.ledger.migrate",
)  # fmt: skip


def main() -> None:
    for room in _ROOMS:
        importlib.import_module(room)
    handlers: dict[str, Callable[[dict[str, Any]], object]] = {"start": _start, "wait": _wait}
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(handlers[asked.pop("op")](asked)), flush=True)


def _start(job: dict[str, Any]) -> int:
    """Fork a worker; its process id."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        code = _live(job)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _wait(asked: dict[str, Any]) -> int | None:
    """The wait status of a child that ended or was stopped; None when neither happens in time."""
    end = time.monotonic() + asked["timeout_s"]
    while time.monotonic() < end:
        pid, status = os.waitpid(asked["pid"], os.WNOHANG | os.WUNTRACED)
        if pid:
            return status
        time.sleep(0.002)
    return None


def _live(job: dict[str, Any]) -> int:
    """The worker's whole life in this process: the verb's exit code."""
    import typer

    from tests.crash.effects import Plan, Seam
    from tests.crash.forked import install
    from worker.cli import work

    os.setsid()
    os.chdir(job["folder"])
    _redirect(job["out"], 1)
    _redirect(job["err"], 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.update(job["env"])
    for place, value in job["patches"].items():
        room, _, name = place.rpartition(".")
        setattr(importlib.import_module(room), name, value)
    for name, limit in job["limits"].items():
        resource.setrlimit(getattr(resource, name), (limit, resource.getrlimit(getattr(resource, name))[1]))
    install()
    _show_at_once()
    Seam(Plan(**job["plan"])).install()
    path = Path(job["settings"])
    try:
        if job["verb"] == "run":
            return work.run(path, verbose=False)
        return work.once(path, "", as_json=True, verbose=False)
    except typer.Exit as exit_:
        return exit_.exit_code


def _show_at_once() -> None:
    """The fakes show at once what they hold, so that nobody needs to wait until a search would find it."""
    import worker.cli.opening as opening

    build = opening.build

    def built(*arguments: Any, **more: Any) -> Any:
        connector = build(*arguments, **more)
        connector.capabilities = replace(connector.capabilities, visible_after_s=0.0)
        return connector

    opening.build = built


def _redirect(path: str, number: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(handle, number)
    os.close(handle)


if __name__ == "__main__":
    main()

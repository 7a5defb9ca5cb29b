"""A delivery made in a process of its own, so that its memory is the connector's and not the rig's."""

from __future__ import annotations

import json
import os
import select
import signal
import time
import tracemalloc
import warnings
from collections.abc import Callable

from connectors.contract import CaseRef, Connector, Delivery

_PATIENCE_S = 100.0


def in_a_process_of_its_own(
    fresh_connector: Callable[[], Connector], first: Delivery, then: Delivery
) -> tuple[CaseRef, int]:
    """The case of ``then``, and the bytes by which the process grew at most while it was created.

    ``first`` is delivered before, so that a login, imports and pools are not counted.
    """
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # The rig's own threads only wait for requests; the child touches nothing of theirs.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _answer(writing, fresh_connector, first, then)
    os.close(writing)
    try:
        told = json.loads(_read(reading))
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert "error" not in told, told
    return CaseRef(told["id"], told["number"]), int(told["peak_bytes"])


def _answer(pipe: int, fresh_connector: Callable[[], Connector], first: Delivery, then: Delivery) -> None:
    """The child's whole life; it must end without running what belongs to its parent."""
    try:
        told = _measure(fresh_connector(), first, then)
    except BaseException as error:
        told = {"error": f"{type(error).__name__}: {error}"}
    os.write(pipe, json.dumps(told).encode())
    os._exit(0)


def _measure(connector: Connector, first: Delivery, then: Delivery) -> dict[str, str | int]:
    connector.create(first)
    tracemalloc.start()
    case = connector.create(then)
    return {"id": case.id, "number": case.number, "peak_bytes": tracemalloc.get_traced_memory()[1]}


def _read(pipe: int) -> bytes:
    """What the child has to say. Raises TimeoutError rather than wait for ever."""
    said, end = b"", time.monotonic() + _PATIENCE_S
    while select.select([pipe], [], [], max(end - time.monotonic(), 0))[0]:
        piece = os.read(pipe, 1 << 16)
        if not piece:
            return said
        said += piece
    raise TimeoutError(f"no end after {_PATIENCE_S:g} s")

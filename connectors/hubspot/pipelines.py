"""Pipelines and their stages: by name or number, and which of them are closed."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from connectors.contract import Rejected, Unusable
from connectors.hubspot.records import Records
from connectors.recent import Recent

_LIVES_S = 3600.0


@dataclass(frozen=True)
class Stage:
    """One stage, which is what HubSpot has for a status."""

    id: str
    label: str
    closed: bool


@dataclass(frozen=True)
class Pipeline:
    """``stages`` in their order."""

    id: str
    label: str
    stages: tuple[Stage, ...]

    @property
    def first_open(self) -> Stage:
        """Where a ticket begins, or begins again. Raises Rejected when every stage is a closed one."""
        found = next((one for one in self.stages if not one.closed), None)
        if found is None:
            raise Rejected(f"every stage of the pipeline {self.label!r} is a closed one")
        return found

    def stage(self, name: str) -> Stage:
        """By number or label. Raises Rejected when there is none."""
        found = _named(self.stages, name)
        if found is None:
            known = ", ".join(one.label for one in self.stages)
            raise Rejected(f"the pipeline {self.label!r} has no stage {name!r}; it has: {known}")
        return found


Named = TypeVar("Named", Pipeline, Stage)


class Pipelines:
    """Read once an hour, and again when a name is asked for that was not there."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._read: Recent[tuple[Pipeline, ...]] = Recent(1, _LIVES_S)
        self._turn = threading.Lock()

    def all(self) -> tuple[Pipeline, ...]:
        """Those of tickets, in their order."""
        with self._turn:
            known = self._read.get("")
            if known is None:
                answer = self._records.get(f"/crm/pipelines/{self._records.version}/tickets")
                live = [one for one in answer.items("results") if not one.get("archived")]
                known = tuple(_pipeline(one) for one in sorted(live, key=_order))
                self._read.put("", known)
            return known

    def pipeline(self, name: str) -> Pipeline:
        """By number or label; "" is the first one. Raises Rejected when there is none."""
        found = self._look(name)
        if found is None:
            self._read.forget("")
            found = self._look(name)
        if found is None:
            known = ", ".join(one.label for one in self.all())
            raise Rejected(f"HubSpot has no ticket pipeline {name!r}; it has: {known}")
        return found

    def _look(self, name: str) -> Pipeline | None:
        return _named(self.all(), name) if name else next(iter(self.all()), None)

    def entry(self, pipeline: str, stage: str) -> tuple[Pipeline, Stage]:
        """Where the settings want new tickets. Raises Unusable when they name what is not there."""
        try:
            found = self.pipeline(pipeline)
            if not stage:
                return found, found.first_open
            try:
                return found, found.stage(stage)
            except Rejected:
                self._read.forget("")
                found = self.pipeline(pipeline)
                return found, found.stage(stage)
        except Rejected as error:
            raise Unusable(f"{error}; set pipeline and stage to names that HubSpot's settings show") from error

    def holding(self, stage_id: str) -> tuple[Pipeline, Stage] | None:
        """The stage with that number, and the pipeline it is in."""
        return next(((one, stage) for one, stage in self._stages() if stage.id == stage_id), None)

    def _stages(self) -> Iterator[tuple[Pipeline, Stage]]:
        for one in self.all():
            for stage in one.stages:
                yield one, stage


def _named(found: Iterable[Named], name: str) -> Named | None:
    """By number first: a label may look like one."""
    listed = list(found)
    by_id = (one for one in listed if one.id == name)
    by_label = (one for one in listed if one.label.casefold() == name.casefold())
    return next(by_id, None) or next(by_label, None)


def _pipeline(found: dict[str, Any]) -> Pipeline:
    stages = found.get("stages")
    live = [one for one in stages if isinstance(one, dict) and not one.get("archived")] if stages else []
    ordered = sorted(live, key=_order)
    return Pipeline(str(found.get("id")), str(found.get("label")), tuple(_stage(one) for one in ordered))


def _stage(found: dict[str, Any]) -> Stage:
    metadata = found.get("metadata")
    told = metadata if isinstance(metadata, dict) else {}
    closed = told.get("ticketState") == "CLOSED" or str(told.get("isClosed")).lower() == "true"
    return Stage(str(found.get("id")), str(found.get("label")), closed)


def _order(found: dict[str, Any]) -> float:
    order = found.get("displayOrder")
    return float(order) if isinstance(order, int) else float("inf")

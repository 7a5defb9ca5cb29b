"""From a route's or an escalation's words to a ticket's properties."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from connectors.contract import Rejected, Unusable
from connectors.hubspot.owners import Owners
from connectors.hubspot.pipelines import Pipeline, Pipelines
from connectors.hubspot.tickets import Place
from connectors.hubspot.words import clean

_PRIORITIES: Final = ("LOW", "MEDIUM", "HIGH", "URGENT")
_PIPELINE: Final = ("pipeline", "queue")
_STAGE: Final = ("stage", "status")
_OWNER: Final = ("owner", "assignee")
_PROPERTY = re.compile(r"[a-z][a-z0-9_]{0,99}")
_NOT_OURS_TO_SET: Final = frozenset({"hs_object_id", "createdate", "hs_lastmodifieddate"})


class Fields:
    """``entry``: the settings' pipeline and stage, maybe empty; ``owner``: that of new tickets, maybe empty."""

    def __init__(self, pipelines: Pipelines, owners: Owners, entry: tuple[str, str], owner: str) -> None:
        self._pipelines = pipelines
        self._owners = owners
        self._entry = entry
        self._owner = owner

    def of_new(self, fields: Mapping[str, str]) -> dict[str, str]:
        """Of a new ticket. Raises Rejected for what the route asked, Unusable for what the settings ask."""
        found = self._plain(fields)
        queue, status = _first(fields, _PIPELINE), _first(fields, _STAGE)
        if queue:
            pipeline = self._pipelines.pipeline(queue)
            stage = pipeline.stage(status) if status else pipeline.first_open
        else:
            pipeline, stage = self._pipelines.entry(*self._entry)
            stage = pipeline.stage(status) if status else stage
        found |= {"hs_pipeline": pipeline.id, "hs_pipeline_stage": stage.id}
        if "hubspot_owner_id" not in found and self._owner:
            found["hubspot_owner_id"] = self.own_owner()
        return found

    def of_change(self, fields: Mapping[str, str], place: Place) -> dict[str, str]:
        """Of a ticket that stands there. Raises Rejected."""
        found = self._plain(fields)
        queue, status = _first(fields, _PIPELINE), _first(fields, _STAGE)
        if not queue and not status:
            return found
        pipeline = self._pipelines.pipeline(queue or place.pipeline)
        moved = pipeline.id != place.pipeline
        if moved:
            found["hs_pipeline"] = pipeline.id
        if status or moved:
            found["hs_pipeline_stage"] = (pipeline.stage(status) if status else pipeline.first_open).id
        return found

    def own_owner(self) -> str:
        """The settings' owner by number. Raises Unusable when nobody bears the name."""
        try:
            return self._owners.number(self._owner)
        except Rejected as error:
            raise Unusable(f"{error}; set owner to the e-mail address of one") from error

    def reopening(self, place: Place, wanted: str) -> dict[str, str]:
        """What reopens a ticket that stands there; {} when it is open. ``wanted``: the settings' stage, or ""."""
        found = self._pipelines.holding(place.stage)
        if found is None or not found[1].closed:
            return {}
        return {"hs_pipeline_stage": self._reopened(found[0], wanted)}

    def _reopened(self, pipeline: Pipeline, wanted: str) -> str:
        for name in filter(None, (wanted, self._entry[1])):
            try:
                stage = pipeline.stage(name)
            except Rejected:
                # An agent may have moved the ticket to a pipeline whose stages have other names.
                continue
            if not stage.closed:
                return stage.id
        return pipeline.first_open.id

    def _plain(self, fields: Mapping[str, str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, value in fields.items():
            if name == "priority":
                found["hs_ticket_priority"] = _priority(value)
            elif name in _OWNER:
                found["hubspot_owner_id"] = self._owners.number(value)
            elif name == "category":
                found["hs_ticket_category"] = clean(value)
            elif name not in (*_PIPELINE, *_STAGE):
                found[_property(name)] = clean(value)
        return found


def _first(fields: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((fields[name] for name in names if fields.get(name)), "")


def _priority(value: str) -> str:
    if value.upper() not in _PRIORITIES:
        raise Rejected(f"priority {value!r} is none of HubSpot's: {', '.join(_PRIORITIES)}")
    return value.upper()


def _property(name: str) -> str:
    """Any other name is a ticket property's own; whether it exists, HubSpot will say."""
    if not _PROPERTY.fullmatch(name) or name in _NOT_OURS_TO_SET or name.startswith("e2c_"):
        raise Rejected(f"HubSpot's tickets have no field {name!r}; known: priority, owner, queue, status, category")
    return name

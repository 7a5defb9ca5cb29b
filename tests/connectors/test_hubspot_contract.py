"""Requests of the connector and answers of the fake, held to the models of HubSpot's own SDK."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.conformance import delivery, file_of
from connectors.contract import Change, ConnectorError, Person
from connectors.hubspot import HubSpot
from tests.fakes.http_server import Reply, Seen
from tests.fakes.hubspot import HubSpotFake

pytestmark = pytest.mark.contracts

_TICKETS, _CONTACTS = "hubspot.crm.tickets.models", "hubspot.crm.contacts.models"
_PROPERTIES, _FILES = "hubspot.crm.properties.models", "hubspot.files.models"
_OBJECT, _BATCH = "SimplePublicObject", "BatchResponseSimplePublicObject"
#: request line → room of models, of the request's body, of the answer
_MODELS = (
    ("POST /crm/objects/.*/(tickets|emails|notes)", _TICKETS, "SimplePublicObjectInputForCreate", _OBJECT),
    ("PATCH /crm/objects/.*/tickets/[0-9]+", _TICKETS, "SimplePublicObjectInput", _OBJECT),
    ("GET /crm/objects/.*/(tickets|emails|notes)/[^/]+", _TICKETS, "", "SimplePublicObjectWithAssociations"),
    ("POST .*/batch/read", _TICKETS, "BatchReadInputSimplePublicObjectId", _BATCH),
    ("POST .*/batch/update", _CONTACTS, "BatchInputSimplePublicObjectBatchInput", _BATCH),
    (
        "POST .*/batch/upsert",
        _CONTACTS,
        "BatchInputSimplePublicObjectBatchInputUpsert",
        "BatchResponseSimplePublicUpsertObject",
    ),
    (
        "POST .*/tickets/search",
        _TICKETS,
        "PublicObjectSearchRequest",
        "CollectionResponseWithTotalSimplePublicObjectForwardPaging",
    ),
    (
        "PUT .*/associations/default/.*",
        "hubspot.crm.associations.v4.models",
        "",
        "BatchResponsePublicDefaultAssociation",
    ),
    ("POST /crm/properties/.*/groups", _PROPERTIES, "PropertyGroupCreate", "PropertyGroup"),
    ("POST /crm/properties/.*", _PROPERTIES, "PropertyCreate", "ModelProperty"),
    ("GET /crm/properties/.*", _PROPERTIES, "", "ModelProperty"),
    ("GET /crm/pipelines/.*", "hubspot.crm.pipelines.models", "", "CollectionResponsePipelineNoPaging"),
    ("GET /crm/owners/.*", "hubspot.crm.owners.models", "", "CollectionResponsePublicOwnerForwardPaging"),
    ("GET /files/.*/stat/.*", _FILES, "", "FileStat"),
    ("POST /files/.*", _FILES, "", "File"),
    ("POST /oauth/[0-9-]+/token", "hubspot.oauth.models", "", "TokenResponseIF"),
)


class Recording(HubSpotFake):
    """Keeps the answers too."""

    def __init__(self) -> None:
        super().__init__()
        self.exchanges: list[tuple[Seen, Reply]] = []

    def answer(self, seen: Seen) -> Reply:
        reply = super().answer(seen)
        self.exchanges.append((seen, reply))
        return reply


@pytest.fixture
def fake() -> Iterator[Recording]:
    server = Recording().start()
    yield server
    server.stop()


def _misfits(room: str, kind: str, value: Any, where: str) -> list[str]:
    """Whether the value is one of the SDK's kind: a model's name, or ``list[…]``, ``dict[str, …]`` and the like."""
    if found := re.fullmatch(r"list\[(.*)\]", kind):
        if not isinstance(value, list):
            return [f"{where}: no list"]
        return [one for item in value for one in _misfits(room, found[1], item, f"{where}[]")]
    if found := re.fullmatch(r"dict\[str, (.*)\]", kind):
        if not isinstance(value, dict):
            return [f"{where}: no object"]
        return [one for name, item in value.items() for one in _misfits(room, found[1], item, f"{where}.{name}")]
    plain = {"str": str, "int": int, "bool": bool, "datetime": str, "float": float, "object": object, "date": str}
    if kind in plain:
        # Properties without a value are null, though the models know only text.
        fits = isinstance(value, plain[kind]) or (value is None and ".properties." in where)
        return [] if fits else [f"{where}: {type(value).__name__} is no {kind}"]
    return _misfits_of_model(room, kind, value, where)


def _misfits_of_model(room: str, kind: str, value: Any, where: str) -> list[str]:
    model = getattr(importlib.import_module(room), kind)
    names = {wire: name for name, wire in model.attribute_map.items()}
    if not isinstance(value, dict):
        return [f"{where}: no object"]
    found = [f"{where}: {kind} has no {name}" for name in value if name not in names]
    for wire in set(value) & set(names):
        found += _misfits(room, model.openapi_types[names[wire]], value[wire], f"{where}.{wire}")
    try:
        # The model itself knows which of its attributes are a must, and which values some may have.
        strict = importlib.import_module(room.removesuffix(".models")).Configuration()
        strict.client_side_validation = True
        given = {names[wire]: given for wire, given in value.items() if wire in names}
        model(**given, local_vars_configuration=strict)
    except ValueError as error:
        found.append(f"{where}: {error}")
    return found


def _judge(seen: Seen, reply: Reply) -> tuple[bool, list[str]]:
    """Whether a model is known for it, and what does not fit."""
    line = f"{seen.method} {seen.path}"
    found = next((one for one in _MODELS if re.fullmatch(one[0], line)), None)
    if found is None:
        return False, []
    _, room, asked, answered = found
    problems = _misfits(room, asked, seen.json, f"{line} request") if asked else []
    if reply.status >= 400:
        # The models leave out the word "error" that every refusal begins with.
        said = {name: value for name, value in reply.body.items() if name != "status"}
        return True, problems + _misfits(_TICKETS, "Error", said, f"{line} {reply.status}")
    if reply.status == 207:
        answered += "WithErrors"
    return True, problems + _misfits(room, answered, reply.body, f"{line} answer")


def _live(fake: Recording) -> None:
    """Every call that the connector knows, and answers of every kind."""
    fake.portal.properties["notes"].clear()
    hubspot = HubSpot(**fake.oauth_options, pipeline="Billing", stage="Arrived", owner="Tier 2")
    hubspot.check()
    hubspot.prepare()
    sent = delivery(attachments=(file_of(b"x"), file_of(b"", "")), recipient="help@example.com")
    case = hubspot.create(sent)
    hubspot.create(delivery(requester=Person("Odd", "odd@localhost")))
    fake.portal.records["tickets"][case.id].properties["hs_pipeline_stage"] = "703"
    reply = delivery(case=case, html="<p>x</p>", message_id=sent.message_id)
    hubspot.append(reply)
    hubspot.append(delivery(case=case, public=False))
    hubspot.update(case, Change(key=delivery().key, fields={"status": "Looked at"}, note="late"))
    hubspot.correlate([sent.message_id, "unknown@example.com"])
    list(hubspot.read_back(datetime(2026, 1, 1, tzinfo=UTC)))
    fake.portal.records["tickets"][case.id].archived = True
    fresh = HubSpot(**fake.oauth_options)
    assert fresh.find(sent) is None
    fresh.create(sent)
    fake.fail("reset_after", "POST /files/")
    fresh.create(delivery(attachments=(file_of(b"looked up"),)))
    with pytest.raises(ConnectorError):
        fresh.create(delivery(fields={"no_such_property": "x"}))
    hubspot.close()
    fresh.close()


def test_every_exchange_fits_the_models(fake: Recording) -> None:
    _live(fake)
    judged = [(seen, reply, *_judge(seen, reply)) for seen, reply in fake.exchanges]
    patterns = {
        one[0] for one in _MODELS for seen, _, _, _ in judged if re.fullmatch(one[0], f"{seen.method} {seen.path}")
    }
    assert patterns == {one[0] for one in _MODELS}
    assert {200, 201, 207, 400, 404, 409} <= {reply.status for _, reply in fake.exchanges}
    unknown = {seen.path.partition("2026-03")[2] or seen.path for seen, _, known, _ in judged if not known}
    # The SDK has no models of the account's details and meters, nor of a token's, nor of plain lists.
    assert unknown <= {"/details", "/api-usage/daily/private-apps", "/token/introspect", "/tickets", "/emails"}
    assert [problem for _, _, _, problems in judged for problem in problems] == []


_WRONG = (
    ("", {"propertys": {}}),
    ("", {"properties": {"a": 1}}),
    ("", {"properties": {}, "associations": [{"to": {"id": 5}}]}),
    ("/search", {"filterGroups": [{"filters": [{"propertyName": "a", "operator": "LIKE"}]}]}),
    ("/batch/read", {"properties": []}),
)


def test_the_models_would_notice() -> None:
    """The check above can fail: a wrong name, a wrong kind, a value that is not allowed, a lacking must."""
    for rest, wrong in _WRONG:
        body = json.dumps(wrong).encode()
        seen = Seen("POST", f"/crm/objects/2026-03/tickets{rest}", {}, {}, body, len(body), "")
        assert [one for one in _judge(seen, Reply(201, {}))[1] if "request" in one], wrong
    answer = Reply(201, {"id": 1, "properties": {}, "extra": True})
    seen = Seen("POST", "/crm/objects/2026-03/tickets", {}, {}, b'{"properties":{}}', 17, "")
    assert len(_judge(seen, answer)[1]) >= 2

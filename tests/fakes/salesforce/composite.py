"""The fake Salesforce's composite: references filled in, all or nothing, one call of the allowance."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.fakes.salesforce.store import Store
from tests.fakes.salesforce.strict import Refusal

_REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.[A-Za-z0-9_\[\]]+)+)\}")
_HALTED = "The transaction was rolled back since another operation in the same transaction failed."
_KNOWN = {"method", "url", "referenceId", "body", "httpHeaders"}

#: method, path, body, headers → status and body
Run = Callable[[str, str, Any, dict[str, str]], tuple[int, Any]]


def run_composite(store: Store, given: Any, run: Run) -> dict[str, Any]:
    parts = _checked(given)
    store.transaction()
    answers: list[dict[str, Any]] = []
    values: dict[str, Any] = {}
    failed = False
    for part in parts:
        if failed:
            answers.append(_answer(part, 400, [{"errorCode": "PROCESSING_HALTED", "message": _HALTED}]))
            continue
        status, body = _one(part, values, run)
        values[part["referenceId"]] = body
        answers.append(_answer(part, status, body))
        failed = status >= 300
    if failed and given["allOrNone"]:
        store.roll_back()
        halted = [{"errorCode": "PROCESSING_HALTED", "message": _HALTED}]
        answers = [
            one if one["httpStatusCode"] >= 300 else one | {"httpStatusCode": 400, "body": halted} for one in answers
        ]
    return {"compositeResponse": answers}


def _checked(given: Any) -> list[dict[str, Any]]:
    parts = given.get("compositeRequest") if isinstance(given, dict) else None
    if not isinstance(parts, list) or not 1 <= len(parts) <= 25 or set(given) - {"allOrNone", "compositeRequest"}:
        raise Refusal(400, "JSON_PARSER_ERROR", "compositeRequest must hold 1 to 25 subrequests")
    if given.get("allOrNone") is not True:
        raise Refusal(400, "JSON_PARSER_ERROR", "this org insists on allOrNone")
    names = [part.get("referenceId") for part in parts]
    if len(set(names)) < len(names) or not all(re.fullmatch(r"[A-Za-z0-9_]+", str(name)) for name in names):
        raise Refusal(400, "JSON_PARSER_ERROR", "referenceId must be given once, of letters, digits, underscores")
    if any(set(part) - _KNOWN for part in parts):
        raise Refusal(400, "JSON_PARSER_ERROR", "Unrecognized field in a subrequest")
    return parts


def _one(part: dict[str, Any], values: dict[str, Any], run: Run) -> tuple[int, Any]:
    headers = {name.lower(): value for name, value in part.get("httpHeaders", {}).items()}
    try:
        return run(part["method"], _filled(part["url"], values), _filled(part.get("body"), values), headers)
    except Refusal as refusal:
        return refusal.status, refusal.body


def _filled(value: Any, values: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(one, values) for name, one in value.items()}
    return _REFERENCE.sub(lambda found: _looked_up(found, values), value) if isinstance(value, str) else value


def _looked_up(found: re.Match[str], values: dict[str, Any]) -> str:
    body, name = values.get(found[1]), found[2].removeprefix(".")
    if not isinstance(body, dict) or name not in body:
        raise Refusal(
            400, "PROCESSING_HALTED_REFERENCE", f"Invalid reference specified. No value for {name} found in {found[1]}"
        )
    return str(body[name])


def _answer(part: dict[str, Any], status: int, body: Any) -> dict[str, Any]:
    return {"body": body, "httpHeaders": {}, "httpStatusCode": status, "referenceId": part["referenceId"]}

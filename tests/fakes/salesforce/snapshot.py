"""The fake Salesforce's cases as a person would see them."""

from __future__ import annotations

from typing import Any

from tests.fakes.salesforce.org import Org
from tests.fakes.salesforce.store import Row


def messages(org: Org, case: Row, key_field: str) -> list[dict[str, Any]]:
    """Oldest first: e-mails and public comments; in an org without e-mails the description comes before them."""
    kept = [_email(org, one, key_field) for one in org.store.living("EmailMessage") if one["ParentId"] == case["Id"]]
    if not kept:
        files = org.files(case["Id"])
        first = {"text": case.get("Description", ""), "html": "", "public": True, "key": case.get(key_field, "")}
        kept.append(first | {"attachments": [_file(one) for one in files]})
    for one in org.store.living("CaseComment"):
        if one["ParentId"] == case["Id"]:
            said = {"text": one["CommentBody"], "html": "", "public": one["IsPublished"], "key": "", "attachments": []}
            kept.append(said)
    return kept


def _email(org: Org, row: Row, key_field: str) -> dict[str, Any]:
    shown = {"text": row.get("TextBody", ""), "html": row.get("HtmlBody", ""), "key": row.get(key_field, "")}
    shown |= {"from": row.get("FromAddress", ""), "public": row.get("IsExternallyVisible", True)}
    return shown | {"attachments": [_file(one) for one in org.files(row["Id"])]}


def _file(row: Row) -> dict[str, Any]:
    return {"name": row["Title"], "size": row["ContentSize"], "sha256": row["sha256"]}


def snapshot(org: Org, key_field: str) -> dict[str, Any]:
    cases = []
    for case in org.store.living("Case"):
        shown = {"id": case["Id"], "number": case["CaseNumber"], "subject": case.get("Subject", "")}
        shown |= {"status": case["Status"], "priority": case["Priority"], "owner": case["OwnerId"]}
        cases.append(shown | {"key": case.get(key_field, ""), "messages": messages(org, case, key_field)})
    return {"cases": cases}

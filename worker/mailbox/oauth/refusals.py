"""Why a mail server lets a good token in and then does nothing for it, and other refusals with a known cure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from worker.mailbox.oauth.account import Account
from worker.mailbox.oauth.claims import claims_of

NOT_CONNECTED = "authenticated but not connected"
_APP_ROLE, _USER_SCOPE = "IMAP.AccessAsApp", "IMAP.AccessAsUser.All"
_EXCHANGE = ("https://outlook.office365.com", "https://outlook.office.com", "00000002-0000-0ff1-ce00-000000000000")
_PERMISSIONS = "Entra admin centre, App registrations, API permissions"
#: words of mail servers, in lower case → the cure
_SAID = (
    (
        NOT_CONNECTED,
        "Exchange does not open this mailbox to a good token; `mail-to-case check` names the cures",
    ),
    ("imap access is disabled", "turn on IMAP: Google Admin console, Apps, Google Workspace, Gmail, End user access"),
    ("not enabled for imap", "turn on IMAP: Gmail, Settings, Forwarding and POP/IMAP"),
    ("has been disabled", "turn the service on for this user: Google Admin console, Apps, Google Workspace, Gmail"),
    ("application-specific password", "make an app password, or use [mailboxes.NAME.oauth] with provider google"),
    ("basicauthblocked", "Exchange Online takes no passwords: use [mailboxes.NAME.oauth] with provider microsoft"),
    ("basic authentication is disabled", "use [mailboxes.NAME.oauth] with provider microsoft"),
)


def cure_of(words: str, mailbox: str) -> str:
    """What to do about a mail server's words, or "" when nothing is known of them."""
    said = words.lower()
    return next((cure.replace("NAME", mailbox) for known, cure in _SAID if known in said), "")


def explained(token: str, account: Account | None, user: str) -> Iterator[tuple[str, str]]:
    """Fact and cure, for Microsoft's "User is authenticated but not connected": what the token itself tells, first.

    Microsoft says the same of a wrong scope, a missing permission, a disabled protocol and a mailbox without a licence.
    """
    claims = claims_of(token)
    told = list(_told_by(claims, user))
    yield from told
    if not told:
        yield from _possible(claims, account, user)


def _told_by(claims: Mapping[str, Any], user: str) -> Iterator[tuple[str, str]]:
    """What is wrong for sure."""
    if claims and str(claims.get("aud", "")).rstrip("/") not in _EXCHANGE:
        yield (
            f"the token is for {str(claims.get('aud'))[:80]!r}, not for Exchange",
            "leave out scope, or write https://outlook.office365.com/.default",
        )
    is_app = _is_app(claims)
    if claims and is_app and _APP_ROLE not in _listed(claims.get("roles")):
        cure = f"add the application permission {_APP_ROLE} of Office 365 Exchange Online ({_PERMISSIONS})"
        yield f"the application's token lacks the role {_APP_ROLE}", cure
    if claims and not is_app and _USER_SCOPE not in str(claims.get("scp", "")).split():
        cure = f"add the delegated permission {_USER_SCOPE} ({_PERMISSIONS}), and log in again"
        yield f"the user's token lacks the scope {_USER_SCOPE}", cure
    who = str(claims.get("upn") or claims.get("preferred_username") or "")
    if who and not is_app and who.casefold() != user.casefold():
        cure = f"PowerShell: Add-MailboxPermission -Identity {user} -User {who} -AccessRights FullAccess"
        yield f"{who} logged in, and {user} is to be read: a shared mailbox needs full access", cure


def _possible(claims: Mapping[str, Any], account: Account | None, user: str) -> Iterator[tuple[str, str]]:
    """What may be wrong, the most frequent first."""
    if _is_app(claims) or (not claims and account is not None and account.grant == "client_credentials"):
        app = str(claims.get("appid") or (account.client_id if account else "") or "APPLICATION_ID")
        service = str(claims.get("oid") or "OBJECT_ID of the enterprise application")
        yield (
            "the application may not have been made known to Exchange, or may not open this mailbox",
            f"PowerShell: New-ServicePrincipal -AppId {app} -ObjectId {service}; "
            f"Add-MailboxPermission -Identity {user} -User {service} -AccessRights FullAccess",
        )
        yield (
            "an application access policy may leave this mailbox out",
            f"PowerShell: Test-ApplicationAccessPolicy -Identity {user} -AppId {app}; "
            f"if it says Denied, add {user} to the policy's group",
        )
    yield "IMAP may be off for this mailbox", f"PowerShell: Set-CASMailbox -Identity {user} -ImapEnabled $true"
    yield (
        f"{user} may be no mailbox with a licence (a shared mailbox over 50 GB, an archive, a group)",
        f"PowerShell: Get-Mailbox -Identity {user} | Format-List RecipientTypeDetails, then assign a licence, "
        "or correct user: it is the mailbox's own address, not an alias",
    )


def _is_app(claims: Mapping[str, Any]) -> bool:
    return claims.get("idtyp") == "app" or ("roles" in claims and "scp" not in claims)


def _listed(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []

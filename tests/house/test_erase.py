"""`erase`, and what is never there to be erased: no word of any mail in the ledger's file or in the log."""

from __future__ import annotations

from pathlib import Path

from tests.house.installation import Operator, mail

CANARIES = ("canaryname", "canarylocal", "canarysubject", "canarytext", "canarycopied")


def canary_mail(number: int, to: str = "help@example.com", **headers: str) -> bytes:
    content = mail(f"CanarySubject {number}", to, Cc="CanaryCopied <canarycopied@customer.example>", **headers)
    content = content.replace(b"Ann Lee <ann@customer.example>", b"CanaryName <canarylocal@customer.example>")
    return content.replace(b"Text of", b"CanaryText of")


def test_no_word_of_a_mail_is_in_ledger_or_log(tmp_path: Path) -> None:
    """Delivered, appended, held as spam, held without a route, unreadable; with every step logged (I18)."""
    operator = Operator(tmp_path)
    operator.receive(
        canary_mail(1),
        canary_mail(2, In_Reply_To="<CanarySubject-1@customer.example>"),
        canary_mail(3, X_Spam_Flag="YES"),
        canary_mail(4, to="nobody@elsewhere.example"),
        b"From: CanaryName <canarylocal@customer.example\r\nSubject: =?utf-8?B?CanarySubject\r\n\r\n\xff\x00",
    )
    done = operator.house.verb("once", "--json", "--verbose")
    assert done.tally["listed"] == 5
    left = done.stdout + done.stderr + "".join(map(_text, tmp_path.glob("ledger.db*")))
    assert [one for one in CANARIES if one in left.casefold()] == []
    assert "customer.example" not in done.stderr


def _text(path: Path) -> str:
    """The raw bytes of a file, those of SQLite's log among them."""
    return path.read_bytes().decode("latin-1")


def test_erase_forgets_and_says_what_remains(tmp_path: Path) -> None:
    operator = Operator(tmp_path)
    operator.receive(mail("Broken lamp"), mail("Another lamp"))
    operator.types("once", "--json")
    assert len(operator.asks("where", "ann@customer.example")["trails"]) == 2
    told = operator.asks("erase", "Ann@customer.example")
    assert (told["forgotten"]["messages"], told["forgotten"]["participations"]) == (2, 2)
    folders = {one["folder"]: (one["sent_by"], one["sent_to"]) for one in told["remains"]["mailboxes"]}
    assert folders == {"INBOX": (0, 0), "Processed": (2, 0)}
    assert [case["connector"] for case in told["remains"]["cases"]] == ["crm", "crm"]
    assert told["remains"]["under_way"] == 0
    assert operator.types("where", "ann@customer.example").code == 1
    # Mail that lies in its folder again makes no second case.
    assert operator.asks("once")["mailboxes"][0]["delivered"] == 0
    again = operator.types("erase", "ann@customer.example")
    assert again.code == 0
    assert "messages=0" in again.stdout


def test_erase_wants_an_address(tmp_path: Path) -> None:
    done = Operator(tmp_path).types("erase", "Ann Lee")
    assert done.code == 2
    assert "ann@example.com" in done.stderr


def test_a_mailbox_that_cannot_be_reached_does_not_keep_the_ledger_from_forgetting(tmp_path: Path) -> None:
    operator = Operator(tmp_path)
    operator.receive(mail("Broken lamp"))
    operator.types("once", "--json")
    (tmp_path / "mail").rename(tmp_path / "elsewhere")
    operator.mailbox = {"host": "127.0.0.1", "port": 1, "security": "plaintext", "user": "u", "password_env": "HOUSE"}
    operator.mailbox["password_env"] = "PATH"
    told = operator.asks("erase", "ann@customer.example")
    assert told["forgotten"]["messages"] == 1
    assert all(one["sent_by"] is None and one["problem"] for one in told["remains"]["mailboxes"])

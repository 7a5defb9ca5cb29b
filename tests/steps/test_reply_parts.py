"""The new part of a reply: answers between quotes, signatures, lists, lawyers, helpdesks, and what HTML tells."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.steps.reply_blocks import ANNOUNCED, HEADERS, LOOK_ALIKES, SENT_FROM
from tests.steps.reply_shapes import ATTRIBUTIONS
from worker.parsing.html import html_to_text
from worker.parsing.reply import new_part
from worker.parsing.reply.page import old_opening

SAID = "On Wed, Apr 30, 2025 at 3:19 PM Ann Example <ann@example.com> wrote:"
BLOCK = "From: Ann <ann@example.com>\nSent: Wednesday, April 30, 2025 3:19 PM\nTo: Help\nSubject: Lamp"


@pytest.mark.parametrize(
    ("text", "new"),
    [
        # answers between quotes keep what they answer, and no more
        ("> Which?\nRed.\n> How many?\nTwo.\n> Regards\n> Ann", "> Which?\nRed.\n> How many?\nTwo."),
        (f"Hi,\n\n{SAID}\n> Which?\n\nRed.\n\n> Many?\n\nTwo.", "Hi,\n\n> Which?\n\nRed.\n\n> Many?\n\nTwo."),
        (f"{SAID}\n> Which?\n\nRed.", "Red."),
        (f"Hi,\n{SAID}\n> Which?\n> Ann\n\nRed.", "Hi,\n\nRed."),
        # the end of a long line that a mailer cut is part of the quote
        (f"Yes.\n\n> {'word ' * 14}that was\ncut off\n> {'word ' * 14}", "Yes."),
        ("> Is it broken?\nyes\n> Since when?\nyesterday", "> Is it broken?\nyes\n> Since when?\nyesterday"),
        # signatures
        ("Hi\n-- \nAnn\n+49 30 1234", "Hi"),
        ("Hi\n--\nAnn", "Hi"),
        (f"Hi\n\n-- \nAnn\n\n{SAID}\n> old", "Hi"),
        (f"-- \nAnn\n\n{SAID}\n> old\n\nnew", "new"),
        ("Thanks,\nAnn", "Thanks,\nAnn"),
        # lists
        ("Hi\n_______________________________________________\nx mailing list\nx@lists.example.com", "Hi"),
        ("Hi\n\n-- \nYou received this message because you are subscribed to the group x.", "Hi"),
        ("Hi\n---\nTo unsubscribe, go to https://example.com", "Hi"),
        ("First\n\n----------\n\nSecond", "First\n\n----------\n\nSecond"),
        # helpdesks
        ("Hi\n\n##- Please type your reply above this line -##\n\nold", "Hi"),
        ("Hi\n\n--- Reply above this line ---\nold", "Hi"),
        ("Hi\n\n=-=-= Bitte antworten Sie oberhalb dieser Zeile =-=-=\nalt", "Hi"),
        ("Hi\n> ##- Please type your reply above this line -##\n> old", "Hi"),
        ("Hi\n\n—-—-—-—\nReply above this line.\n\nold", "Hi"),
        ("好的\n\n------------------&nbsp;原始邮件&nbsp;------------------\n旧", "好的"),
        # lawyers
        (
            "Hi\n\nThis e-mail and its attachments are confidential and intended solely for the person named. "
            "If you have received it in error, notify the sender and delete it.",
            "Hi",
        ),
        (
            "Hi\n\nDiese E-Mail enthält vertrauliche und rechtlich geschützte Informationen. Wenn Sie "
            "nicht der richtige Adressat sind, informieren Sie bitte den Absender und vernichten Sie diese Mail.",
            "Hi",
        ),
        ("Hi\n\nPlease consider the environment before printing this e-mail.", "Hi"),
        ("Is this e-mail confidential?", "Is this e-mail confidential?"),
        # copied headers that are none
        ("From: Paris\nTo: Rome\nDate: 3 May\n\nTwo seats.", "From: Paris\nTo: Rome\nDate: 3 May\n\nTwo seats."),
        ("Order\n\nFrom: Paris\nTo: Rome\nDate: 3 May\n\nOK?", "Order\n\nFrom: Paris\nTo: Rome\nDate: 3 May\n\nOK?"),
        ("Name: Ann\nSubject: Lamp\nTo: you\n\nIt broke.", "Name: Ann\nSubject: Lamp\nTo: you\n\nIt broke."),
        # those that are
        (f"Hi\n\n________________________________\n{BLOCK}\n\nold", "Hi"),
        ("Hi\n\n________________________________\nMitt: a@example.com\nKuna: 15:19\nKelle: b\nMis: c\n\nold", "Hi"),
        ("# Original message\n\nlost", "# Original message\n\nlost"),
        ("- original message\n- forwarded message\nlost", "- original message\n- forwarded message\nlost"),
        ("Hi\n\nBob\n----- Forwarded by Bob/Sales on 04/30/2025 03:19 PM -----\nold", "Hi\n\nBob"),
        ("Hi\n\n| 发件人 | Ann<ann@example.com> |\n| 主题 | x |\n| 收件人 | y |\nold", "Hi"),
        ("Hi\n\nDate: Wed, 30 Apr 2025\nSubject: x\nFrom: ann@example.com\nTo: b@example.com\n\nold", "Hi"),
        (f"Hi\n\n{BLOCK.replace('Help', 'a@example.com;' + chr(10) + 'b@example.com')}\n\nold", "Hi"),
        # nothing but old text stays as it is
        (f"{SAID}\n> old", f"{SAID}\n> old"),
        (f"-----Original Message-----\n{BLOCK}\n\nthe point", "the point"),
        ("Sent from my iPhone", "Sent from my iPhone"),
        # an mbox file's mark is no quote
        ("It came back.\n>From there it went on.", "It came back.\n>From there it went on."),
        ("", ""),
        ("\n\n", ""),
    ],
)
def test_new_part(text, new):
    assert new_part(text) == new


@pytest.mark.parametrize(
    ("page", "new"),
    [
        ('<p>Hi</p><div id="divRplyFwdMsg"><b>Lähtaja:</b> Ann</div><div>old</div>', "Hi"),
        ("<div>Hi</div><div class='yahoo_quoted'><div>Ann kirjutas</div><div>old</div></div>", "Hi"),
        ('<div>Hi</div><div class="gmail_quote gmail_quote_container">Ann skribis:<br>old</div>', "Hi"),
        ('<div>Hi</div><div class="moz-cite-prefix">Ann skribis</div><blockquote>old</blockquote>', "Hi"),
        ('<p>Hi</p><div style="border:none;border-top:solid #E1E1E1 1.0pt"><p>Ann</p></div><p>old</p>', "Hi"),
        ('<span id="OLK_SRC_BODY_SECTION">all there is</span>', "all there is"),
        ("<p>Hi</p><blockquote>my own words</blockquote><p>Bye</p>", "Hi\n\n\nBye"),
        ("<p>Hi</p>", "Hi"),
    ],
)
def test_what_the_markup_tells(page, new):
    """Boxes of mail programs cut where no word of a table does."""
    assert new_part(html_to_text(page), old_opening(page)) == new


def test_a_box_that_opens_the_mail_cuts_nothing():
    assert new_part("Ann wrote a letter\n\nHi", "Ann wrote a letter") == "Ann wrote a letter\n\nHi"


SHAPES = st.one_of(
    st.sampled_from([line for lines in ATTRIBUTIONS.values() for line in lines]),
    st.sampled_from([*LOOK_ALIKES, *SENT_FROM, "-- ", "________________________________", BLOCK]),
    st.sampled_from([f"----- {words} -----" for pair in ANNOUNCED.values() for words in pair]),
    st.sampled_from([f"{name}: x" for names in HEADERS.values() for name in names]),
    st.sampled_from(["", "> quoted", "> > twice", ">", "text", "  indented", "\u200b", "wrote:", "|", ":", ">:"]),
    st.text(max_size=30),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(SHAPES, max_size=30), st.text(max_size=10))
def test_never_raises_and_invents_nothing(pieces, hint):
    """Whatever the text: each line of the answer is one of the text's, in order, and text does not become nothing."""
    text = "\n".join(pieces)
    got = new_part(text, hint)
    lines = iter(line.strip() for line in text.strip().split("\n"))
    assert all(line.strip() in lines for line in got.split("\n"))
    assert bool(got) == bool(text.strip())


@pytest.mark.parametrize(
    "line",
    [
        "> quoted text of some length that goes on\n",
        "> q\na\n",
        "On 1 May 2025 at 10:00 somebody, \n",
        "wrote:\n",
        "a: b\n",
        "From: a\n",
        "From: a@example.com\n\n",
        "Subject: b\n\n",
        "-----\n",
        "Sent from\n",
        "-- \n",
        "\n",
        "x" * 400 + ":\n",
        "<" * 300 + "@" * 100 + ":\n",
        "写道：\n",
        "a b c d e f@ g h i j k l wrote " * 12 + ":\n",
        "This e-mail is confidential\n\n",
        "| a | b\n",
    ],
)
def test_time_grows_with_the_size_only(line):
    """time(2n) / time(n) < 2.5, up to a megabyte or the number of lines that are looked at."""
    count = min(18_000, 1_000_000 // len(line))

    def seconds(times: int) -> float:
        text = line * times
        best = 99.0
        for _ in range(2):
            began = time.process_time()
            new_part(text)
            best = min(best, time.process_time() - began)
        return best

    whole = seconds(count)
    assert whole < 2.5 * seconds(count // 2) + 0.05
    assert whole < 2.0


def test_time_of_the_markup_grows_with_the_size_only():
    def seconds(times: int) -> float:
        page = "<div class='x' style='border-top: 1px' " * times
        began = time.perf_counter()
        old_opening(page)
        return time.perf_counter() - began

    seconds(100)
    assert min(seconds(20_000) for _ in range(3)) < 2.5 * min(seconds(10_000) for _ in range(3)) + 0.05

"""The desk's tables: cases, their messages, and what was attached to those."""

from typing import Final

#: stored as SQLite's user_version; a desk refuses a database with a higher one
SCHEMA_VERSION: Final = 2

#: The tables as the first version made them; ``UPGRADES`` brings these, and every older file, up to date.
#: Times are ISO 8601, UTC. Rows are never removed, so a case's id, and with it the number, only ever grows,
#: and a key is remembered even after an agent has deleted the case.
SCHEMA: Final = (
    """
    CREATE TABLE cases (
        id INTEGER PRIMARY KEY,
        subject TEXT NOT NULL,
        status TEXT NOT NULL,
        priority TEXT NOT NULL,
        owner TEXT NOT NULL,
        queue TEXT NOT NULL,
        requester_name TEXT NOT NULL,
        requester_address TEXT NOT NULL,
        key TEXT NOT NULL UNIQUE,
        follows TEXT NOT NULL,
        created_at TEXT NOT NULL,
        deleted INTEGER NOT NULL DEFAULT 0
    ) STRICT
    """,
    """
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY,
        case_id INTEGER NOT NULL REFERENCES cases (id),
        author_name TEXT NOT NULL,
        author_address TEXT NOT NULL,
        text TEXT NOT NULL,
        html TEXT NOT NULL,
        public INTEGER NOT NULL,
        key TEXT NOT NULL UNIQUE,
        message_id TEXT NOT NULL,
        sent_at TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX messages_of_case ON messages (case_id)",
    "CREATE INDEX messages_by_message_id ON messages (message_id) WHERE message_id <> ''",
    """
    CREATE TABLE attachments (
        id INTEGER PRIMARY KEY,
        message INTEGER NOT NULL REFERENCES messages (id),
        name TEXT NOT NULL,
        content_type TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        sha256 TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX attachments_of_message ON attachments (message)",
)

#: by the version that they lead to
UPGRADES: Final = {
    2: (
        "ALTER TABLE cases ADD COLUMN changed_at TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE cases ADD COLUMN closed_at TEXT NOT NULL DEFAULT ''",
        # What an agent did before this version was not written down; the case is as old as its last known fact.
        "UPDATE cases SET changed_at = created_at",
        "ALTER TABLE messages ADD COLUMN written_at TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE messages ADD COLUMN by_agent INTEGER NOT NULL DEFAULT 0",
        "CREATE INDEX cases_by_change ON cases (changed_at)",
        # A change's key is remembered, so that a retry cannot undo what an agent did since.
        "CREATE TABLE changes (key TEXT PRIMARY KEY, case_id INTEGER NOT NULL REFERENCES cases (id)) STRICT",
    ),
}

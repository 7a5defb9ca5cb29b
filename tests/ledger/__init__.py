"""One suite for the ledger, on SQLite and on PostgreSQL."""

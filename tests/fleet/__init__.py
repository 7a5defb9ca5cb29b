"""Many workers on one PostgreSQL."""

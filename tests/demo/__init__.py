"""Tests of the test mailbox: what a real server keeps, it has to keep."""

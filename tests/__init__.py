"""The tests: pure steps, the kit per connector, one ledger suite on both databases, and the whole house."""

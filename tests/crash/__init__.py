"""Fail the n-th effect, for every n: what proves that nothing is lost and nothing doubled."""

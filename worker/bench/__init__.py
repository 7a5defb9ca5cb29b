"""Measuring ourselves against real servers on this machine."""

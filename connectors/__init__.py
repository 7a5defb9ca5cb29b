"""Connectors: what a CRM must promise, and one module for each CRM that keeps the promise."""

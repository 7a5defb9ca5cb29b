"""Salesforce Service Cloud: cases are its Cases, messages its EmailMessages, keys a unique field of both."""

from connectors.salesforce.connector import Salesforce

__all__ = ["Salesforce"]

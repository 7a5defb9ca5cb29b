"""The worker: from a mailbox over IMAP to a case in a CRM, exactly once."""

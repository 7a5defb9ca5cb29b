"""The model house: a test mailbox over a folder of .eml files, sample mails, and the demo."""

"""Sample mails, written for the demo: several languages, and the odd things that real mailboxes hold."""

from worker.demo.samples.catalogue import Sample, samples

__all__ = ["Sample", "samples"]

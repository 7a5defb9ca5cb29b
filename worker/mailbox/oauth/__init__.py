"""Bearer tokens for mailboxes: asked for, renewed in time, shared by all who use the same account, kept safely."""

from worker.mailbox.oauth.bearer import Bearer, Keyring
from worker.mailbox.oauth.prompt import Prompt
from worker.mailbox.oauth.vault import Shelf, Vault, vault_of

__all__ = ["Bearer", "Keyring", "Prompt", "Shelf", "Vault", "vault_of"]

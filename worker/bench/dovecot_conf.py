"""What a Dovecot of our own serves, and the configuration that makes it do so."""

from __future__ import annotations

import grp
import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

HOST = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What to serve, and how."""

    users: tuple[str, ...] = ("support",)
    format: Literal["maildir", "sdbox", "mdbox"] = "maildir"
    #: PEM files of certificate and key; without them no TLS
    certificate: tuple[Path, Path] | None = None
    #: the capabilities to announce after login, all of them; "" for Dovecot's own
    capability: str = ""
    connections_per_user: int = 100
    #: rights of the owner in all folders (RFC 4314); "" for all. Without "w" no keyword is kept.
    rights: str = ""
    #: further lines for the configuration
    extra: str = ""


@dataclass(frozen=True)
class Configuration:
    """dovecot.conf, as text by ``str``."""

    root: Path
    options: Options
    owner: pwd.struct_passwd
    imap: int
    imaps: int
    lmtp: int

    @property
    def mail(self) -> Path:
        """Holds a folder for each user."""
        return self.root / "mail"

    def __str__(self) -> str:
        blocks = [self._general(), self._services(), self._tls(), self._plugins(), self.options.extra]
        return "\n".join(blocks) + "\n"

    def _general(self) -> str:
        options = self.options
        limit = f"  mail_max_userip_connections = {options.connections_per_user}\n"
        shown = f"  imap_capability = {options.capability}\n" if options.capability else ""
        return f"""
base_dir = {self.root}/run
state_dir = {self.root}/run
log_path = {self.root}/log
protocols = imap lmtp
listen = {HOST}
auth_mechanisms = plain login
mail_location = {options.format}:{self.mail}/%u
mail_uid = {self.owner.pw_uid}
mail_gid = {self.owner.pw_gid}
first_valid_uid = 1
first_valid_gid = 0
mail_fsync = never
# An IDLE must hear of new mail even when the machine has no inotify instance left.
mailbox_idle_check_interval = 1 secs
login_trusted_networks = 127.0.0.0/8
disable_plaintext_auth = no
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {self.root}/users
}}
userdb {{
  driver = static
  args = uid={self.owner.pw_uid} gid={self.owner.pw_gid} home={self.mail}/%u
}}
protocol imap {{
{limit}{shown}}}"""

    def _services(self) -> str:
        """Listeners; as an ordinary user, nothing that needs root to change user or root folder."""
        me = self.owner.pw_name
        unprivileged = f"""
default_internal_user = {me}
default_login_user = {me}
default_internal_group = {grp.getgrgid(self.owner.pw_gid).gr_name}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}"""
        return f"""{unprivileged if os.getuid() else ""}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {self.imap}
  }}
  inet_listener imaps {{
    port = {self.imaps if self.options.certificate else 0}
    ssl = yes
  }}
}}
# Without the growing delay after wrong passwords, which would meet every client of this address.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {self.lmtp}
  }}
}}"""

    def _tls(self) -> str:
        if self.options.certificate is None:
            return "ssl = no"
        certificate, key = self.options.certificate
        return f"ssl = yes\nssl_cert = <{certificate}\nssl_key = <{key}"

    def _plugins(self) -> str:
        if not self.options.rights:
            return ""
        return f"mail_plugins = acl\nplugin {{\n  acl = vfile:{self.root}/acl\n}}"

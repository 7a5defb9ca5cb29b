#!/bin/sh
# The Debian packages that the tests need: installed when root, else named.
set -eu

missing=
need() {
    for path in $2; do
        if [ -x "$path" ]; then
            return
        fi
    done
    missing="$missing $1"
}

need dovecot-imapd "/usr/lib/dovecot/imap"
need dovecot-lmtpd "/usr/lib/dovecot/lmtp"
need postgresql "/usr/lib/postgresql/*/bin/initdb"

if [ -z "$missing" ]; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "The tests need these Debian packages:$missing" >&2
    echo "Install them as root: apt-get install --no-install-recommends$missing" >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
# Installing must not start servers, or take ports, on the machine of a tester.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq
# shellcheck disable=SC2086 # a list of packages, meant to be split
apt-get install -qq -y --no-install-recommends $missing

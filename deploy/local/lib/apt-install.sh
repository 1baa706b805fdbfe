# shellcheck shell=bash
# Run as root with the names of the packages. The servers' packages would start system services; these are not wanted:
# the stack brings its own. policy-rc.d (invoke-rc.d(8)) forbids it, only as long as this process lives, so that nothing
# stays forbidden if it is killed. A policy of the machine's own is left alone.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nkill -0 %d 2>/dev/null && exit 101\nexit 0\n' "$$" >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
fi
# Standard input is this script, which apt must not read.
apt-get update </dev/null
apt-get install -y --no-install-recommends "$@" </dev/null

#!/bin/bash
# tests/package/clean_root.sh: proves ./dev on a Debian that has nothing installed, with the commit that is checked out.
# SPDX-License-Identifier: MIT
set -euo pipefail

usage() {
  cat <<'EOF'
usage: clean_root.sh [COMMAND...]

Makes a minimal Debian in a temporary directory (debootstrap), puts a `git archive` of the repository in it, and runs each
COMMAND there with sh, in the repository's root; './dev demo' and './dev test' where none is given. Needs root, debootstrap and
some 2 GB. Takes packages from where the host's apt takes them. It is no part of the default tests.

PYASYNC_SUITE   the Debian release (default: bookworm); the host's apt has to know it
PYASYNC_REF     the commit to test (default: HEAD)
PYASYNC_FILE    a file to put in it besides, in /
PYASYNC_KEEP    set to keep the directory, to look at what failed
TMPDIR          where the directory is made; not on a file system mounted noexec or nodev
EOF
}

case ${1:-} in -h|--help) usage; exit ;; esac
[ $# -gt 0 ] || set -- './dev demo' './dev test'
[ "$(id -u)" -eq 0 ] || { echo "clean_root: has to run as root" >&2; exit 2; }
command -v debootstrap >/dev/null || { echo "clean_root: needs debootstrap (apt-get install debootstrap)" >&2; exit 2; }

suite=${PYASYNC_SUITE:-bookworm}
repository=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
root=$(mktemp -d -t pyasync_clean_root.XXXXXXXX)
chmod 755 "$root"      # it becomes /, which apt's own user has to enter

# shellcheck disable=SC2317  # called by the trap
clean_up() {
  rm -f "$root.log"
  # Never delete through a mount: what is behind /dev is the host's.
  for directory in dev proc; do
    if mountpoint -q "$root/$directory"; then
      umount -R "$root/$directory" || umount -R -l "$root/$directory"
    fi
  done
  if [ -n "${PYASYNC_KEEP:-}" ]; then
    echo "clean_root: kept $root"
  else
    rm -rf --one-file-system "$root"
  fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# The suite's package sources as the host's apt has them: "deb URI SUITE COMPONENT", updates and security too.
# shellcheck disable=SC2016  # apt-get fills these in
host_sources() {
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
    awk -v suite="$suite" '$4 == "Debian" && ($2 == suite || index($2, suite "-") == 1) { print "deb", $1, $2, $3 }' | sort -u
}

sources=$(host_sources)
if [ -z "$sources" ]; then
  apt-get -qq update      # the sources are only listed once they were read
  sources=$(host_sources)
fi
mirror=$(awk -v suite="$suite" '$3 == suite { print $2; exit }' <<<"$sources")
[ -n "$mirror" ] || { echo "clean_root: the host's apt has no source for $suite" >&2; exit 2; }

# apt's proxy, TLS and date settings may be what makes the mirror reachable from here.
settings=$(apt-config dump | grep -E '^Acquire::(https?(::.*)?|ForceIPv[46]|Retries|Check-(Date|Valid-Until)) "..*";$' || true)
proxy=$(sed -n 's/^Acquire::http::Proxy "\(.*\)";$/\1/p' <<<"$settings")
https_options=()
if [[ $mirror == https:* ]]; then
  https_options=(--include=ca-certificates)
fi

echo "clean_root: $suite from $mirror in $root"
${proxy:+env http_proxy="$proxy" https_proxy="$proxy"} \
  debootstrap --variant=minbase "${https_options[@]}" "$suite" "$root" "$mirror" >"$root.log" 2>&1 ||
  { tail -n 20 "$root.log" >&2; exit 1; }

echo "$sources" >"$root/etc/apt/sources.list"
echo "$settings" >"$root/etc/apt/apt.conf.d/90host"
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
  # The host may trust an authority of its own, its proxy's for one.
  mkdir -p "$root/etc/ssl/certs"
  cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
fi
if [ -d /etc/apt/auth.conf.d ]; then
  cp -R /etc/apt/auth.conf.d "$root/etc/apt/"
fi

mkdir "$root/pyasync"
git -C "$repository" archive "${PYASYNC_REF:-HEAD}" | tar -x -C "$root/pyasync"

if [ -n "${PYASYNC_FILE:-}" ]; then
  cp "$PYASYNC_FILE" "$root/"
fi

mount -t proc proc "$root/proc"
mount --rbind --make-rslave /dev "$root/dev"

failed=0
report=
for command; do
  echo "clean_root: running $command"
  start=$SECONDS
  if chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
       sh -c "cd /pyasync && $command" </dev/null; then
    outcome=passed
  else
    outcome="FAILED ($?)"
    failed=1
  fi
  report+="clean_root: $command: $outcome, $((SECONDS - start)) s"$'\n'
done
printf '\n%s' "$report"
exit $failed

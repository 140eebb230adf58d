#!/bin/sh
# tests/package/deb.sh: makes the .deb, and proves it in a Debian that has nothing else.
# SPDX-License-Identifier: MIT
# New projects and the outside project are built and tested there. As root; needs debootstrap and lintian. Takes some
# minutes, since it builds the framework, and what it installs in the new Debian is a compiler.
set -eu
cd "$(dirname "$0")/../.."

cmake --workflow --preset deb
deb=$(find build/deb -maxdepth 1 -name 'libpyasync-dev_*.deb')
dpkg-deb --info "$deb"
lintian --fail-on error,warning "$deb"

# What a new project's own CI does in the end.
build_and_test='cmake --preset default && cmake --build --preset default && ctest --preset default'
outside='-S /pyasync/tests/package/outside -G Ninja -DBY=find_package'
PYASYNC_FILE=$deb exec tests/package/clean_root.sh \
  "apt-get -qq update && apt-get -qq install -y --no-install-recommends /$(basename "$deb")" \
  "cd /tmp && pyasync-new x && cd x && $build_and_test && build/default/x" \
  "cd /tmp && pyasync-new y --module && cd y && $build_and_test" \
  "cmake $outside -B /tmp/outside && cmake --build /tmp/outside && ctest --test-dir /tmp/outside" \
  '/tmp/outside/outside_app' \
  'c++ -std=c++20 tests/package/outside/app.cpp -o /tmp/by_pkg_config $(pkg-config --cflags --libs pyasync)' \
  'cp tests/package/outside/outside_python.py /tmp && /tmp/by_pkg_config' \
  "apt-get -qq install -y --no-install-recommends libssl-dev && cmake $outside -B /tmp/outside" \
  'cmake --build /tmp/outside && /tmp/outside/outside_tls'

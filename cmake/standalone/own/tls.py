# cmake/standalone/own/tls.py: which certificate authorities a standalone executable trusts.
# SPDX-License-Identifier: MIT
"""OpenSSL looks where the machine that it was built on has them. Here it is, in this order: what the environment names
(SSL_CERT_FILE, SSL_CERT_DIR), as everywhere; what the executable has in it (CA_BUNDLE); what this machine has."""

import contextlib
import os
from collections.abc import Callable
from typing import Any

import _pyasync_archive as archive

BUNDLE = "_pyasync/ca.pem"
FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # RHEL and its like, newer
    "/etc/ssl/cert.pem",  # Alpine, BSD
)
FOLDERS = ("/etc/ssl/certs", "/etc/pki/tls/certs")


def first(paths: tuple[str, ...], exists: Callable[[str], bool]) -> str | None:
    return next((each for each in paths if exists(each)), None)


def adapt(ssl: Any) -> None:
    defaults = ssl.get_default_verify_paths
    load_defaults = ssl.SSLContext.set_default_verify_paths

    def environment_says() -> bool:
        known = defaults()
        return any(os.environ.get(each) for each in (known.openssl_cafile_env, known.openssl_capath_env))

    def get_default_verify_paths() -> Any:
        if environment_says():
            return defaults()
        return defaults()._replace(cafile=first(FILES, os.path.isfile), capath=first(FOLDERS, os.path.isdir))

    def set_default_verify_paths(self: Any) -> None:
        bundle = archive.data(BUNDLE)
        if environment_says():
            load_defaults(self)
        elif bundle is not None:
            # Beside the certificates there are names in many letters, which OpenSSL would pass over and Python refuses.
            self.load_verify_locations(cadata=bundle.decode("ascii", "ignore"))
        else:
            known = get_default_verify_paths()
            # As OpenSSL has it: what cannot be read there is passed over.
            for place in ({"cafile": known.cafile}, {"capath": known.capath}):
                with contextlib.suppress(OSError, TypeError):
                    self.load_verify_locations(**place)

    ssl.get_default_verify_paths = get_default_verify_paths
    ssl.SSLContext.set_default_verify_paths = set_default_verify_paths

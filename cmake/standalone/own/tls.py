# cmake/standalone/own/tls.py: which certificate authorities a standalone executable trusts.
# SPDX-License-Identifier: MIT
"""OpenSSL looks where the machine that it was built on has them. Here it is, in this order: what the environment names
(SSL_CERT_FILE, SSL_CERT_DIR), as everywhere; what the executable has in it (CA_BUNDLE); what this machine has."""

import os
from types import ModuleType

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


def first(paths: tuple[str, ...], exists: object) -> str | None:
    return next((each for each in paths if exists(each)), None)  # type: ignore[operator]


def adapt(ssl: ModuleType) -> None:
    defaults = ssl.get_default_verify_paths

    def get_default_verify_paths() -> object:
        known = defaults()
        file = os.environ.get(known.openssl_cafile_env) or first(FILES, os.path.isfile)
        folder = os.environ.get(known.openssl_capath_env) or first(FOLDERS, os.path.isdir)
        return known._replace(cafile=file, capath=folder)

    def set_default_verify_paths(self: object) -> None:
        known = get_default_verify_paths()
        named = any(os.environ.get(each) for each in (known.openssl_cafile_env, known.openssl_capath_env))  # type: ignore[attr-defined]
        bundle = None if named else archive.data(BUNDLE)
        if bundle is not None:
            self.load_verify_locations(cadata=bundle.decode())  # type: ignore[attr-defined]
        elif known.cafile or known.capath:  # type: ignore[attr-defined]
            self.load_verify_locations(known.cafile, known.capath)  # type: ignore[attr-defined]

    ssl.get_default_verify_paths = get_default_verify_paths  # type: ignore[attr-defined]
    ssl.SSLContext.set_default_verify_paths = set_default_verify_paths

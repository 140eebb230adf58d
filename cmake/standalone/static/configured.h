// cmake/standalone/static/configured.h: pyconfig.h, less what CPython was configured with and the extension modules do not need.
// SPDX-License-Identifier: MIT

// Included before all else that is compiled by build_extensions.py.
#include <pyconfig.h>

// _ssl takes a header of _socket's for the few fields that it shares with it; Bluetooth's addresses are none of them.
#if !__has_include(<bluetooth/bluetooth.h>)
#undef HAVE_BLUETOOTH_BLUETOOTH_H
#endif
#if !__has_include(<bluetooth.h>)
#undef HAVE_BLUETOOTH_H
#endif

// pkg-config says in which folder uuid.h is; the other name needs no such word.
#if !__has_include(<uuid.h>) && __has_include(<uuid/uuid.h>)
#undef HAVE_UUID_H
#define HAVE_UUID_UUID_H 1
#endif

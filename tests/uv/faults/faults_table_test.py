# tests/uv/faults/faults_table_test.py: what pyasync calls of libuv can be made to fail, or cannot.
# SPDX-License-Identifier: MIT
"""Usage: faults_table_test.py FAULTS_TEST NM ARCHIVE..."""

import re
import subprocess
import sys

CANNOT_FAIL = {
    # They give nothing back.
    "uv_close",
    "uv_freeaddrinfo",
    "uv_fs_req_cleanup",
    "uv_pipe_connect",
    "uv_walk",
    # They only look.
    "uv_backend_fd",
    "uv_buf_init",
    "uv_fileno",  # of an open handle
    "uv_is_closing",
    "uv_strerror",
    # They give an int, and libuv says of it that it is always 0.
    "uv_poll_stop",
    "uv_read_stop",
    "uv_signal_stop",
    "uv_udp_recv_stop",
    # What it gives says how much there is left to do.
    "uv_run",
    # They fail where there is too little room, and they are given enough.
    "uv_ip4_name",
    "uv_ip6_name",
    # It fails only while there are handles, and then the caller is wrong.
    "uv_loop_close",
}


def output_of(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> int:
    program, nm, *archives = sys.argv[1:]
    can_fail = set(output_of(program, "--functions").split())
    used = set(re.findall(r"\bU (uv_\w+)$", output_of(nm, "-u", *archives), re.MULTILINE))
    complaints = [f"{name}: make it fail, or say why it cannot" for name in used - can_fail - CANNOT_FAIL]
    complaints += [f"{name}: is in both lists" for name in can_fail & CANNOT_FAIL]
    complaints += [f"{name}: nothing calls it" for name in (can_fail | CANNOT_FAIL) - used]
    print(*sorted(complaints), f"{len(used)} functions of libuv's are called", sep="\n")
    return 1 if complaints or not used else 0


if __name__ == "__main__":
    sys.exit(main())

# tests/python/test_processes.py: how processes begin and end that have imported the module.
# SPDX-License-Identifier: MIT
"""Exit, fork, spawn, sub-interpreters, an application of pyasync's."""

import asyncio
import multiprocessing
import os
import subprocess
import sys

import native
import pytest


def python(code, *options):
    return subprocess.run(
        [sys.executable, *options, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


def run_in_child(code, *options):
    done = python(code, *options)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_import_starts_no_thread():
    assert run_in_child("import os, native; print(len(os.listdir('/proc/self/task')))") == "1\n"


def test_one_thread_from_first_use_on():
    code = """
import asyncio, os, native
asyncio.run(native.sleep(0))
asyncio.run(native.sleep(0))
threads = [open(f'/proc/self/task/{t}/comm').read().strip() for t in os.listdir('/proc/self/task')]
print(len(threads), threads.count('pyasync-uv'))
"""
    assert run_in_child(code) == "2 1\n"


@pytest.mark.parametrize(
    "code",
    [
        "import native",
        "import native; native.CppError",
        "import asyncio, native; asyncio.run(native.sleep(0))",
        "import asyncio, native\nasync def main(): asyncio.create_task(native.sleep(3600)); await asyncio.sleep(0.01)\nasyncio.run(main())",
        # A loop that is neither run to the end nor closed, with work in flight.
        "import asyncio, native; loop = asyncio.new_event_loop()\nkept = native.hot_on(loop, 3600); loop.run_until_complete(asyncio.sleep(0.01))",
        "import asyncio, native, sys\nasync def main(): await native.sleep(0); sys.exit(0)\nasyncio.run(main())",
        "import asyncio, native, threading\nthreading.Thread(target=lambda: asyncio.run(native.sleep(0.05))).start()",
        "import asyncio, native, threading, time\nthreading.Thread(target=lambda: asyncio.run(native.sleep(3600)), daemon=True).start(); time.sleep(0.05)",
        "import asyncio, atexit, native\natexit.register(lambda: asyncio.run(native.sleep(0)))",
    ],
)
def test_exits(code):
    assert run_in_child(code, "-W", "ignore::ResourceWarning") == ""


def test_after_exit_has_begun():
    code = """
import atexit
def late():
    try: asyncio.run(native.sleep(1))
    except RuntimeError as error: print(error)
atexit.register(late)
import asyncio, native
asyncio.run(native.sleep(0))
"""
    assert "the libuv loops have stopped" in run_in_child(code)


def test_fork_before_first_use_works():
    code = """
import asyncio, os, native
child = os.fork()
assert asyncio.run(native.sleep(0.001)) == 42
if child: assert os.waitpid(child, 0)[1] == 0
"""
    run_in_child(code)


def test_fork_after_first_use_is_an_error_that_says_what_to_do():
    code = """
import asyncio, os, native
asyncio.run(native.sleep(0))
child = os.fork()
if child:
    assert os.waitpid(child, 0)[1] == 0
    assert asyncio.run(native.sleep(0.001)) == 42
else:
    try: asyncio.run(native.sleep(0))
    except RuntimeError as error: print(error, flush=True)
"""
    printed = run_in_child(code, "-W", "ignore::DeprecationWarning")
    assert "did not follow into this forked child" in printed and "spawn" in printed


def test_fork_while_somebody_waits_at_a_channel():
    code = """
import asyncio, os, native
async def main():
    numbers = native.make_channel(1)
    waiting = asyncio.create_task(numbers.receive())
    await native.sleep(0)
    child = os.fork()
    if child == 0:
        try: numbers.send_nowait(1)
        except RuntimeError as error: print(error, flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    numbers.send_nowait(2)
    assert await waiting == 2
asyncio.run(main())
"""
    printed = run_in_child(code, "-W", "ignore::DeprecationWarning")
    assert "did not follow into this forked child" in printed


def sleep_in_child(length):
    return asyncio.run(native.sleep(length))


def test_multiprocessing_with_spawn():
    asyncio.run(native.sleep(0))
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(sleep_in_child, [0.001, 0.001]) == [42, 42]


def test_sub_interpreters_are_refused():
    code = """
import _xxsubinterpreters as interpreters
other = interpreters.create()
try: interpreters.run_string(other, "import native")
except Exception as error: print(error)
"""
    if sys.version_info >= (3, 13):
        code = code.replace("_xxsubinterpreters", "_interpreters").replace(
            'try: interpreters.run_string(other, "import native")',
            'try: print(interpreters.run_string(other, "import native"))',
        )
    printed = python(code).stdout
    assert "main interpreter only" in printed or "subinterpreters" in printed


def test_an_application_imports_the_module():
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(native.__file__)}
    done = subprocess.run(
        [os.environ["PYASYNC_IMPORTING_APP"]], capture_output=True, text=True, timeout=60, env=environment, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "the module's C++: 42\nits exception: true\n"


def test_nothing_is_needed_but_libc_and_friends():
    needed = subprocess.run(["objdump", "-p", native.__file__], capture_output=True, text=True, check=True).stdout
    libraries = [line.split()[1] for line in needed.splitlines() if "NEEDED" in line]
    friends = ["libc.so", "libm.so", "libstdc++.so", "libgcc_s.so", "libpthread.so", "libdl.so", "librt.so", "ld-linux"]
    if os.environ["PYASYNC_LIBUV"] == "PkgConfig::pyasync_libuv":  # no archive that can be in a module
        friends.append("libuv.so")
    assert [library for library in libraries if not library.startswith(tuple(friends))] == []
    symbols = subprocess.run(
        ["nm", "-D", "--defined-only", native.__file__], capture_output=True, text=True, check=True
    )
    exported = {line.split()[-1] for line in symbols.stdout.splitlines()}
    assert exported == {"PyInit_native"}

# tests/standalone/probes/python.py: how Python is set up, and what is known of modules.
# SPDX-License-Identifier: MIT
import datetime
import encodings
import importlib.resources
import inspect
import json
import os
import pkgutil
import subprocess
import sys
import sysconfig
import threading
import zoneinfo


def setup() -> None:
    """All that something outside of the executable could have bent."""
    print(json.dumps({
        "executable": sys.executable, "path": sys.path, "prefix": sys.prefix, "frozen": sys.frozen,  # type: ignore[attr-defined]
        "isolated": sys.flags.isolated, "no_site": sys.flags.no_site, "site": "site" in sys.modules, "encoding": sys.stdout.encoding,
        "argv": sys.argv, "of_library": [os.__file__, encodings.__file__, json.__file__],
        "modules": sorted(name for name, each in sys.modules.items() if not getattr(each, "__spec__", None)),
    }))  # fmt: skip


def where() -> None:
    """Says nothing."""


def outside(name: str) -> None:
    """Tries to import what only the surroundings have."""
    try:
        __import__(name)
    except ModuleNotFoundError as error:
        print(error)
    else:
        print("imported")


def inspected() -> None:
    print(inspect.getsource(outside).splitlines()[0])
    print(sorted(each.name for each in pkgutil.iter_modules(sys.modules["probes"].__path__)))
    print("json" in {each.name for each in pkgutil.iter_modules()})
    print(pkgutil.get_data("probes", "data/note.txt"))
    print(__spec__.loader.get_data(__file__)[:20])
    print(__spec__.loader.get_code(__name__).co_filename == __file__)


def found_in_folders() -> None:
    """As plug-ins are looked for."""
    for finder, name, _ in pkgutil.iter_modules(sys.modules["probes"].__path__):
        spec = finder.find_spec(name)
        print(spec.name, end=" ")
    print(pkgutil.extend_path(sys.modules["probes"].__path__, "probes") == sys.modules["probes"].__path__)


def parts(folder: str, name: str) -> None:
    """A folder of the executable's without modules, and another one of that name outside."""
    sys.path.append(folder)
    print(importlib.import_module(name).__file__)
    print(sorted(each.name for each in importlib.resources.files("spread").iterdir() if "_" not in each.name))


def resources() -> None:
    files = importlib.resources.files("probes")
    print(sorted(each.name for each in files.iterdir()))
    print(files.joinpath("data", "note.txt").read_text())
    with importlib.resources.as_file(files / "data/note.txt") as path:
        print(path.read_text(), path.exists())
    print((files / "data").is_dir(), (files / "none").is_file(), (files / "none").is_dir())
    print((files / "python.py").read_text().splitlines()[0])
    print(repr(importlib.resources.files("spread").joinpath("lines.txt").read_text()))
    # From Python 3.12 on, `files` takes a module that is no package, too.
    print(__spec__.loader.get_resource_reader(__name__).files().joinpath("data/note.txt").read_text())


def folders_of_data() -> None:
    """A folder without modules is a package to who asks for its resources."""
    print(importlib.resources.files("probes.data").joinpath("note.txt").read_text())


def fail() -> None:
    raise ValueError("on purpose")  # this line is shown


def fail_in_library() -> None:
    os.makedirs("/dev/null/folder")


def fail_in_thread() -> None:
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()


def miss() -> None:
    import no_such_module  # type: ignore[import-not-found]  # noqa: F401


def environment() -> None:
    """What a child process inherits."""
    print(subprocess.run(["/usr/bin/env"], capture_output=True, text=True, check=True).stdout)


def leave() -> None:
    quit(3)


def fail_in_finaliser() -> None:
    class Failing:
        def __del__(self) -> None:
            fail()

    Failing()


def zone() -> None:
    print(zoneinfo.ZoneInfo("Europe/Berlin").utcoffset(datetime.datetime(2026, 1, 1)))


def configuration() -> None:
    print(sysconfig.get_config_var("EXT_SUFFIX"), sys.version_info[:2])

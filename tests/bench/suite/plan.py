# tests/bench/suite/plan.py: the table: what is measured, in which configurations, and how often.
# SPDX-License-Identifier: MIT
"""`BENCHES`; how far they must get stands in `targets`. docs/benchmarks.md says what dominates each cost."""

from collections.abc import Iterable, Iterator

from .model import (
    CPU_TIME,
    P50,
    P99,
    PROCESS_TIME,
    TIME,
    Bench,
    Check,
    Config,
    Counts,
    Run,
    value,
)

LOOPS = ("asyncio", "uvloop")

# `reader`: a stock loop that somebody else has made, as an extension module finds it.
OURS = [Config(f"ours {loop}", "ours", (f"loop={loop}",)) for loop in (*LOOPS, "reader")]
# The library as its documentation has it: tokio's own number of blocking threads, a thread state for each visit.
DEFAULTS = ("blocking=512", "thread_states=new")
RUST = [
    Config(f"rust {runtime} {loop}", "rust", (f"runtime={runtime}", f"loop={loop}", *DEFAULTS))
    for runtime in ("multi", "current")
    for loop in LOOPS
]
BEST_TUNED = [RUST[0], RUST[3]]  # on asyncio and on uvloop
NANOBIND = [Config(f"nanobind {loop}", "nanobind", (f"loop={loop}",)) for loop in LOOPS]
PYTHON = [Config(f"python {loop}", "python", (f"loop={loop}",)) for loop in LOOPS]
ON_ASYNCIO = slice(0, 1)  # the first of each of these
TUNED = ("blocking=2", "thread_states=kept")  # by who knows its inside; the second takes unsafe code
LIMITS = Config("limit", "limits")
HELLO = Config("python -c", "hello")
# The same Python by the shared library, which is what programs that embed it use.
EMBEDDED = Config("embedded python", "embedded")
EMBEDDED_HELLO = Config("embedded python -c", "embedded hello")


def runs(
    configs: Iterable[Config],
    bench: str,
    counts: Counts,
    *arguments: str,
    label: str = "",
    check: Check = Check.NUMBERS,
    repeats: bool = False,
    optional: bool = False,
    seldom: bool = False,
) -> tuple[Run, ...]:
    """A run of each of these configurations, told from others by a `label`."""
    return tuple(
        Run(f"{config.name} {label}".strip(), config, bench, counts, arguments, check, repeats, optional, seldom)
        for config in configs
    )


def compared(
    configs: Iterable[Config],
    bench: str,
    counts: Counts,
    *arguments: str,
    label: str = "",
    check: Check = Check.NUMBERS,
) -> tuple[Run, ...]:
    """Runs that nothing must hold beside: other ways to write a peer, other peers."""
    return runs(configs, bench, counts, *arguments, label=label, check=check, seldom=True)


def limits(bench: str) -> tuple[Run, ...]:
    """What no bridge between two threads can get below."""
    return tuple(
        run
        for way, counts in (
            ("eventfd", SOME),
            ("atomics", MANY),
            ("libuv", SOME),
            ("libuv_poll", SOME),
            ("c_call", MANY),
        )
        for run in compared([LIMITS], bench, counts, f"way={way}", label=way)
    )


FEW = Counts(300, 20)  # what takes a hundred microseconds
SOME = Counts(1000, 50)
BATCHES = Counts(4000, 2000)
MANY = Counts(50_000, 500)
MANY_BATCHES = Counts(50_000, 2000)
INLINE = Counts(300_000, 1000)


def python_awaits() -> Iterator[Bench]:
    """B1, B2."""
    yield Bench(
        "b1",
        "Python awaits a native coroutine on the native thread, one after another",
        runs(OURS, "b1", MANY)
        + runs(RUST, "b1", SOME)
        + compared(BEST_TUNED, "b1", SOME, *TUNED, label="tuned")
        + compared(RUST, "b1", SOME, "way=async_fn", label="async_fn")
        + compared(NANOBIND, "b1", SOME)
        + compared(NANOBIND[ON_ASYNCIO], "b1", FEW, "way=executor", label="executor")
        + runs(PYTHON, "b1", MANY)
        + compared(PYTHON[ON_ASYNCIO], "b1", FEW, "way=executor", label="run_in_executor")
        + compared(PYTHON[ON_ASYNCIO], "b1", FEW, "way=to_thread", label="to_thread")
        + limits("b1"),
    )
    yield Bench(
        "b2",
        "the same, 1,000 at once with gather",
        runs(OURS, "b2", MANY_BATCHES)
        + runs(RUST, "b2", BATCHES)
        + compared(BEST_TUNED, "b2", BATCHES, *TUNED, label="tuned")
        + compared(RUST, "b2", BATCHES, "way=async_fn", label="async_fn")
        + compared(NANOBIND, "b2", BATCHES)
        + compared(NANOBIND[ON_ASYNCIO], "b2", BATCHES, "way=executor", label="executor")
        + runs(PYTHON, "b2", MANY_BATCHES)
        + compared(PYTHON[ON_ASYNCIO], "b2", BATCHES, "way=executor", label="run_in_executor"),
    )


def native_awaits() -> Iterator[Bench]:
    """B3, B4, B5."""
    yield Bench(
        "b3",
        "native code awaits a trivial Python coroutine, one after another",
        runs(OURS, "b3", MANY)
        + runs(RUST, "b3", SOME)
        + compared(BEST_TUNED, "b3", SOME, *TUNED, label="tuned")
        + compared(NANOBIND, "b3", SOME)
        + runs(PYTHON, "b3", MANY)
        + compared(PYTHON[ON_ASYNCIO], "b3", FEW, "way=threadsafe", label="run_coroutine_threadsafe")
        + limits("b3"),
    )
    yield Bench(
        "b4",
        "the same, 1,000 at once",
        runs(OURS, "b4", MANY_BATCHES)
        + runs(RUST, "b4", BATCHES)
        + compared(BEST_TUNED, "b4", BATCHES, *TUNED, label="tuned")
        + compared(RUST, "b4", BATCHES, "way=joined", label="joined")
        + runs(RUST, "b4", BATCHES, "way=batched", label="batched")
        + compared(NANOBIND, "b4", BATCHES)
        + compared(NANOBIND, "b4", BATCHES, "way=batched", label="batched")
        + runs(PYTHON, "b4", MANY_BATCHES)
        + compared(PYTHON[ON_ASYNCIO], "b4", BATCHES, "way=threadsafe", label="run_coroutine_threadsafe")
        + compared([LIMITS], "b4", MANY_BATCHES, "way=eventfd"),
    )
    yield Bench(
        "b5_sequential",
        "native code awaits asyncio.sleep(0), one after another",
        runs(OURS, "b5_sequential", MANY, check=Check.ONES)
        + runs(RUST, "b5_sequential", SOME, check=Check.ONES)
        + runs(PYTHON, "b5_sequential", MANY, check=Check.ONES),
    )
    yield Bench(
        "b5_at_once",
        "the same, 1,000 at once",
        runs(OURS, "b5_at_once", MANY_BATCHES, check=Check.ONES)
        + runs(RUST, "b5_at_once", BATCHES, check=Check.ONES)
        + compared(RUST, "b5_at_once", BATCHES, "way=joined", label="joined", check=Check.ONES)
        + compared(RUST, "b5_at_once", BATCHES, "way=batched", label="batched", check=Check.ONES)
        + runs(PYTHON, "b5_at_once", MANY_BATCHES, check=Check.ONES),
    )


def beside_others() -> Iterator[Bench]:
    """B6, B7."""
    beside = Counts(4000, 100)
    slow = Counts(60, 10)
    yield Bench(
        "b6_b1",
        "b1 while another Python thread burns CPU",
        runs(OURS, "b6_b1", beside) + runs(RUST, "b6_b1", slow) + runs(PYTHON, "b6_b1", beside),
        (TIME, P50, P99, CPU_TIME),
    )
    yield Bench(
        "b6_b3",
        "b3 while another Python thread burns CPU",
        runs(OURS, "b6_b3", beside) + runs(RUST, "b6_b3", slow),
    )
    yield Bench(
        "b6_burner",
        "a computing Python thread while native code is awaited beside it, with spinning and without",
        tuple(
            run
            for spin in ("adaptive", "off")
            for run in runs(OURS[ON_ASYNCIO], "b6_burner", Counts(300, 50), f"spin={spin}", label=f"spin={spin}")
        ),
        (value("us an iteration", "iterations_per_second", lambda rate: 1e6 / rate),),
    )
    yield Bench(
        "b7",
        "lateness of a 1 ms native timer while the asyncio thread is busy in pure Python",
        runs(OURS, "b7", Counts(300, 20), check=Check.COUNT_ONLY)
        + runs(RUST, "b7", Counts(300, 20), check=Check.COUNT_ONLY)
        + runs(OURS[ON_ASYNCIO], "b7", Counts(300, 20), "way=thread", label="thread", check=Check.COUNT_ONLY)
        + runs(RUST, "b7", Counts(300, 20), "way=timerfd", label="timerfd", check=Check.COUNT_ONLY)
        + runs([LIMITS], "b7", Counts(300, 20), "way=timerfd", label="timerfd", check=Check.COUNT_ONLY)
        + compared([LIMITS], "b7", Counts(300, 20), "way=uv_timer", label="uv_timer", check=Check.COUNT_ONLY),
        (P50, P99),
    )


def footprint() -> Iterator[Bench]:
    """B8, B10."""
    for name, title, way in (
        ("b8_python_awaits", "memory of 100,000 awaits in flight: Python awaits native code", "async_fn"),
        ("b8_native_awaits", "memory of 100,000 awaits in flight: native code awaits Python", "batched"),
    ):
        counts = Counts(100_000, 2000)
        yield Bench(
            name,
            title,
            runs([*OURS, *RUST], name, counts, check=Check.BEGUN)
            + runs(RUST, name, counts, f"way={way}", label=way, check=Check.BEGUN)
            + runs(PYTHON, name, counts, check=Check.BEGUN),
            (value("bytes", "bytes"),),
            most_rounds=1,
        )
    yield Bench(
        "b10",
        "hello, from start to exit",
        runs(OURS, "b10", Counts(1, 1), check=Check.COUNT_ONLY)
        + runs(OURS[ON_ASYNCIO], "b10", Counts(1, 1), "way=full", label="full", check=Check.COUNT_ONLY)
        + runs(RUST, "b10", Counts(1, 1), check=Check.COUNT_ONLY)
        + runs(RUST, "b10", Counts(1, 1), "way=full", label="full", check=Check.COUNT_ONLY)
        + runs([HELLO, EMBEDDED_HELLO], "b10", Counts(1, 1), check=Check.SILENT),
        (PROCESS_TIME,),
    )


def there_and_back() -> Iterator[Bench]:
    """B9."""
    yield Bench(
        "b9_sequential",
        "there and back: native code awaits Python, which awaits native code, one after another",
        runs(OURS, "b9_sequential", MANY)
        + runs(RUST, "b9_sequential", SOME)
        + compared(NANOBIND, "b9_sequential", SOME)
        + runs(PYTHON, "b9_sequential", MANY),
    )
    yield Bench(
        "b9_at_once",
        "the same, 1,000 at once",
        runs(OURS, "b9_at_once", MANY_BATCHES)
        + runs(RUST, "b9_at_once", BATCHES)
        + compared(NANOBIND, "b9_at_once", BATCHES)
        + runs(PYTHON, "b9_at_once", MANY_BATCHES),
    )


def streams_and_inline() -> Iterator[Bench]:
    """B11, B12."""
    yield Bench(
        "b11_python_to_native",
        "an item of a stream, native code consumes a Python generator",
        runs(OURS, "b11_python_to_native", MANY)
        + runs(RUST, "b11_python_to_native", SOME, "way=v1", label="v1")
        + runs(RUST, "b11_python_to_native", Counts(20_000, 100), "way=v2", label="v2")
        + compared(RUST, "b11_python_to_native", Counts(20_000, 100), "way=v2_chunks", label="v2_chunks")
        + runs(PYTHON, "b11_python_to_native", MANY),
    )
    yield Bench(
        "b11_native_to_python",
        "an item of a stream, Python consumes a native one",
        runs(OURS, "b11_native_to_python", MANY)
        + runs(RUST, "b11_native_to_python", SOME)
        + compared(RUST, "b11_native_to_python", SOME, "way=async_fn", label="async_fn")
        + runs(PYTHON, "b11_native_to_python", MANY),
    )
    yield Bench(
        "b12",
        "Python awaits a native coroutine that does not suspend, on its own thread",
        runs(OURS, "b12", INLINE, check=Check.ONES) + runs([*RUST, *PYTHON, EMBEDDED], "b12", INLINE, check=Check.ONES),
    )


def at_rest() -> Iterator[Bench]:
    """B13, B14."""
    yield Bench(
        "b13_idle",
        "ten idle seconds",
        runs([OURS[0], PYTHON[0]], "b13_idle", Counts(10, 1), check=Check.COUNT_ONLY),
        (value("cpu us in all", "cpu_us"), value("wake-ups", "wakeups")),
        most_rounds=1,
    )
    yield Bench(
        "b13_paced",
        "CPU time of a crossing, at one a millisecond",
        runs([*OURS, *RUST], "b13_paced", Counts(200, 20)),
        (value(CPU_TIME.unit, "cpu_us_per_crossing"),),
    )
    yield Bench(
        "b14_fair",
        "lateness of a 1 ms asyncio timer while a task awaits native code without pause",
        runs([*OURS, *RUST], "b14_fair", Counts(200, 20), check=Check.HAMMERED),
        (P50, P99),
    )
    yield Bench(
        "b14_flood",
        "the same while 1,000 native tasks call Python and 1,000 send messages; of asyncio alone, with 1,000 tasks of its own",
        runs([*OURS, *PYTHON], "b14_flood", Counts(200, 20), check=Check.HAMMERED)
        + compared(
            PYTHON[ON_ASYNCIO], "b14_flood", Counts(200, 20), "way=at_rest", label="at_rest", check=Check.COUNT_ONLY
        ),
        (P50, P99),
    )
    yield Bench(
        "b14_plain",
        "plain asyncio work without crossings",
        runs([*OURS, *PYTHON, EMBEDDED], "b14_plain", Counts(50_000, 1000)),
    )


SIZES = (1, 10, 100, 1000, 10_000, 100_000, 1_000_000)
QUICK_SIZES = (1, 1000)
GROWTH_CONFIGS = (*OURS[:2], *RUST[:3], NANOBIND[0], PYTHON[0])


def growth() -> Iterator[Bench]:
    """B15; more than fits into seconds is left to who can do it."""
    most = {"ours": 1_000_000, "python": 100_000}
    for size in SIZES:
        configs = [config for config in GROWTH_CONFIGS if size <= most.get(config.program, 10_000)]
        yield Bench(
            growth_name(size),
            f"an await of native code, {size:,} at once",
            runs(configs, "b15", Counts(size, size), f"in_flight={size}", repeats=True),
            in_quick=size in QUICK_SIZES,
            most_rounds=10 if size < 100_000 else 2,
        )


def growth_name(size: int) -> str:
    """The bench of one size."""
    return f"b15_{size}"


TIMERS = (100, 10_000, 100_000, 1_000_000)


def timers() -> Iterator[Bench]:
    """B16."""
    for size in TIMERS:
        arguments = (f"in_flight={size}",)
        yield Bench(
            timers_name(size),
            f"a timer is stopped and started anew while {size:,} wait",
            runs(OURS[ON_ASYNCIO], "b16", Counts(1_000_000, 1000), *arguments, check=Check.COUNT_ONLY)
            + runs(
                [LIMITS],
                "b16",
                Counts(1_000_000, 1000),
                "way=uv_timer",
                *arguments,
                label="uv_timer",
                check=Check.COUNT_ONLY,
            ),
            (TIME,),
            in_quick=size == TIMERS[0],
        )


def timers_name(size: int) -> str:
    """The bench of so many timers."""
    return f"b16_{size}"


BENCHES: tuple[Bench, ...] = (
    *python_awaits(),
    *native_awaits(),
    *beside_others(),
    *footprint(),
    *there_and_back(),
    *streams_and_inline(),
    *at_rest(),
    *growth(),
    *timers(),
)

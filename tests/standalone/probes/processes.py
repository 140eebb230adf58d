# tests/standalone/probes/processes.py: multiprocessing, which runs the executable again.
# SPDX-License-Identifier: MIT
import concurrent.futures
import multiprocessing
import multiprocessing.shared_memory
import os


def square(number: int) -> tuple[int, int]:
    return number * number, os.getpid()


def fill(name: str) -> None:
    memory = multiprocessing.shared_memory.SharedMemory(name)
    memory.buf[0] = 42
    memory.close()


def pool(method: str) -> None:
    with multiprocessing.get_context(method).Pool(2) as workers:
        results = workers.map(square, range(10))
    print([value for value, _ in results], os.getpid() in {each for _, each in results})


def executor(method: str) -> None:
    with concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context(method)) as workers:
        print([value for value, _ in workers.map(square, range(5))])


def shared_memory() -> None:
    memory = multiprocessing.shared_memory.SharedMemory(create=True, size=16)
    child = multiprocessing.get_context("spawn").Process(target=fill, args=(memory.name,))
    child.start()
    child.join()
    print(memory.buf[0], child.exitcode)
    memory.close()
    memory.unlink()

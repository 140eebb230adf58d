# tests/test_module.py: the module as Python sees it.
"""Run by ctest."""

import asyncio
import unittest

import @name@


class Module(unittest.IsolatedAsyncioTestCase):
    """Coroutines of C++, awaited."""

    async def test_greet(self) -> None:
        self.assertEqual(await @name@.greet("Python"), "Good morning, Python")

    async def test_many_at_once(self) -> None:
        greetings = await asyncio.gather(*[@name@.greet(str(n)) for n in range(100)])
        self.assertEqual(greetings[99], "Good morning, 99")

    async def test_countdown(self) -> None:
        self.assertEqual([n async for n in @name@.countdown(3)], [3, 2, 1])


if __name__ == "__main__":
    unittest.main()

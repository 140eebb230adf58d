# tests/package/standalone/example.py: what is carried.
# SPDX-License-Identifier: MIT
import json


async def say() -> str:
    return json.dumps({"said": __file__.rpartition("/")[2]})

# docs/examples/tls_client.py: asks the server of tls.cpp, by Python's own TLS.
# SPDX-License-Identifier: MIT
import asyncio
import ssl


async def ask(port: int, ca_file: str) -> str:
    context = ssl.create_default_context(cafile=ca_file)
    reader, writer = await asyncio.open_connection("localhost", port, ssl=context)
    writer.write(b"a line from Python\n")
    answer = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return answer.decode()

# tests/standalone/probes/tls.py: a connection to itself, and whom it trusts.
# SPDX-License-Identifier: MIT
import asyncio
import ssl


async def echo(certificate: str, key: str) -> None:
    """TLS 1.3, the certificate being its own authority."""
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(certificate, key)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=serving)
    port = server.sockets[0].getsockname()[1]
    asking = ssl.create_default_context(cafile=certificate)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=asking, server_hostname="localhost")
    writer.write(b"hello\n")
    print(await reader.readline(), writer.get_extra_info("ssl_object").version())
    writer.close()
    server.close()


def trusted() -> None:
    context = ssl.create_default_context()
    print(
        sorted(
            {dict(pair for part in each["subject"] for pair in part)["commonName"] for each in context.get_ca_certs()}
        )
    )


def paths() -> None:
    print(ssl.get_default_verify_paths())


def versions() -> None:
    """What the configuration of the machine's OpenSSL would change."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    print(context.minimum_version.name, context.maximum_version.name)

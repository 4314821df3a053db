"""A stand-in for the outside world behind a proxy, for tests: an HTTP proxy that finds every name on 127.0.0.1.

CONNECT NAME:PORT and absolute-form requests go to 127.0.0.1:PORT. So a proxy under test can be asked for a name
that this machine cannot resolve.
"""
import asyncio
import re


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def serve(reader, writer):
    head = await reader.readuntil(b"\r\n\r\n")
    connect = re.match(rb"CONNECT [^:]+:(\d+) ", head)
    plain = re.match(rb"(\w+) http://[^/: ]+(?::(\d+))?(/\S*) ", head)
    port = int(connect.group(1) if connect else plain.group(2) or 80)
    try:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        return writer.close()
    if connect:
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    else:
        head = re.sub(rb"^(\w+) http://[^/ ]+", rb"\1 ", head)
        far_writer.write(re.sub(rb"(?im)^(proxy-)?connection:.*\r\n", b"", head)[:-2] + b"Connection: close\r\n\r\n")
    await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


asyncio.run(main())

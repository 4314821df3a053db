"""A Service in front of several replicas: TCP connections to its address go to replicas that are ready.

    service_proxy.py ADDRESS PORT ENDPOINTS [--poll SECONDS]

ENDPOINTS is a file of lines `PORT HEALTH-PORT`, one for each replica on 127.0.0.1, and is read again at each poll, when
every replica's /readyz is asked too. As endpoints and kube-proxy do, a change decides about new connections alone: one
that is established stays with its replica until either side ends it, and with no replica ready connections are refused.
A process of its own, so that a busy client does not slow it down.
"""
import argparse
import asyncio
import contextlib
import pathlib


class Service:
    def __init__(self, endpoints, poll):
        self.endpoints, self.poll = endpoints, poll
        self.ready, self.turn = [], 0

    async def is_ready(self, port):
        try:
            async with asyncio.timeout(2):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                with contextlib.closing(writer):
                    writer.write("GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
                    return b" 200 " in await reader.readline()
        except (OSError, TimeoutError):
            return False

    async def watch(self):
        while True:
            known = [tuple(map(int, line.split())) for line in self.endpoints.read_text().splitlines()]
            states = await asyncio.gather(*(self.is_ready(health) for _, health in known))
            ready = [port for (port, _), state in zip(known, states) if state]
            if ready != self.ready:
                print("ready", *ready, flush=True)
            self.ready = ready
            await asyncio.sleep(self.poll)

    async def connected(self, reader, writer):
        try:
            if not self.ready:
                writer.transport.abort()
                return
            self.turn += 1
            upstream = await asyncio.open_connection("127.0.0.1", self.ready[self.turn % len(self.ready)])
            await asyncio.gather(copy(reader, upstream[1]), copy(upstream[0], writer))
            upstream[1].close()
        except OSError as error:
            print("failed", error, flush=True)
        finally:
            writer.close()


async def copy(reader, writer):
    """Until the end of what comes, which is passed on as such; what breaks is broken off on the other side as well."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()


async def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("endpoints", type=pathlib.Path)
    parser.add_argument("--poll", type=float, default=0.25)
    options = parser.parse_args()
    service = Service(options.endpoints, options.poll)
    server = await asyncio.start_server(service.connected, options.address, options.port)
    print("listening", flush=True)
    async with server:
        await service.watch()


if __name__ == "__main__":
    asyncio.run(main())

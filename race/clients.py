"""The friends: clients in a process of their own, so that none of their work counts as the server's.

They speak WebSocket over bare sockets. That keeps them faster than any of the servers, whose time they would waste.
"""

import asyncio
import secrets
import socket
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import cast

import uvloop

WORD = b"message "  # before the number of each message of the race; the servers say other things, too
DIGITS = 8
PING, PONG, CLOSE = 9, 10, 8  # opcodes (RFC 6455, 5.2)
TEXT = 1
COMPRESSED = 0x40  # the bit RSV1 (RFC 7692)


def frame(opcode: int, payload: bytes) -> bytes:
    """A frame to the server. Its mask is zero, which leaves the payload as it is."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2, "big")
    return bytes([0x80 | opcode]) + length + bytes(4) + payload


class Client(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, clients: "Clients") -> None:
        self.clients = clients
        self.buffer = b""
        self.in_frames = False
        self.inflate: zlib._Decompress | None = None
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.heard: set[int] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        lines = [
            f"GET {self.clients.path.format(len(self.clients.all))} HTTP/1.1",
            "Host: 127.0.0.1",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: d2Fsa2llLXRhbGtpZXMhIQ==",
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",  # as browsers do
        ]
        self.transport.write("\r\n".join([*lines, "", ""]).encode())

    def connection_lost(self, error: Exception | None) -> None:
        self.clients.lost += self in self.clients.all
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("the server hung up"))
        self.clients.done.set()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.in_frames:
            head, end, rest = self.buffer.partition(b"\r\n\r\n")
            if not end:
                return
            self.buffer = rest
            self.in_frames = True
            self.shakes_hands(head)
        for first, payload in self.frames():
            opcode = first & 15
            if opcode == PING:
                self.transport.write(frame(PONG, payload))
            elif opcode == CLOSE:
                self.transport.close()
            elif first & COMPRESSED and self.inflate:
                self.hears(self.inflate.decompress(payload + b"\0\0\xff\xff"))
            else:
                self.hears(payload)

    def shakes_hands(self, head: bytes) -> None:
        if b"permessage-deflate" in head:
            self.inflate = zlib.decompressobj(wbits=-15)
        if not head.startswith(b"HTTP/1.1 101"):
            self.transport.close()
        elif not self.clients.socketio:
            self.ready.set_result(None)

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """The first byte and the payload of each frame that is there as a whole. No server splits its messages."""
        buffer, at = self.buffer, 0
        while len(buffer) >= at + 2:
            size, start = buffer[at + 1], at + 2
            if size == 126:
                size, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
            if len(buffer) < start + size:
                break
            yield buffer[at], buffer[start : start + size]
            at = start + size
        self.buffer = buffer[at:]

    def hears(self, text: bytes) -> None:
        at = text.find(WORD)
        if at >= 0:
            number = int(text[at + len(WORD) : at + len(WORD) + DIGITS])
            # The docs sample tells the talker twice. That counts once.
            if number in self.clients.numbers and number not in self.heard:
                self.heard.add(number)
                self.clients.missing -= 1
                if not self.clients.missing:
                    self.clients.done.set()
        elif self.clients.socketio:
            self.keeps_socketio_going(text)

    def keeps_socketio_going(self, text: bytes) -> None:
        """Engine.IO's open (0) and ping (2) want an answer; Socket.IO's connect (40) is the handshake's end."""
        if text.startswith(b"0"):
            self.says([b"40"])
        elif text == b"2":
            self.says([b"3"])
        elif text.startswith(b"40"):
            self.ready.set_result(None)

    def says(self, texts: list[bytes]) -> None:
        self.transport.write(b"".join(frame(TEXT, text) for text in texts))


class Clients:
    """All friends of one chat, shared out among its servers.

    The racer calls the methods without an underscore from its own process.
    """

    def __init__(self, ports: Sequence[int], path: str, socketio: bool, patience: float) -> None:
        self.ports = ports
        self.path = path
        self.socketio = socketio
        self.patience = patience
        self.all: list[Client] = []
        self.numbers = range(0)  # of the messages that everyone is about to hear
        self.missing = 0  # how many of them have not yet been heard, counted for each friend
        self.lost = 0
        self.done = asyncio.Event()

    async def connect(self, count: int) -> bool:
        """Go on until there are so many friends. Do the server's messages come compressed?"""
        while len(self.all) < count:
            self.all.append(await self._connect())
        await self._say(1, 1)  # what the server says when friends come is over once this is heard
        return self.all[0].inflate is not None

    async def _connect(self, receive_buffer: int | None = None) -> Client:
        line = socket.socket()
        line.setblocking(False)
        if receive_buffer:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self.patience):
            await loop.sock_connect(line, ("127.0.0.1", self.ports[len(self.all) % len(self.ports)]))
            _, client = await loop.create_connection(lambda: Client(self), sock=line)
            await client.ready
        return client

    async def talk(self, talkers: int, each: int, times: int) -> None:
        """So many talkers say so many messages at a stretch. Once everyone has heard all of them, they go on."""
        for _ in range(times):
            await self._say(talkers, each)

    async def longest_silence(self, times: int, size: int) -> float:
        """One friend stops reading, another goes on talking. How many seconds do the others wait, at worst?"""
        frozen = await self._connect(receive_buffer=4096)
        frozen.transport.pause_reading()
        loop, longest = asyncio.get_running_loop(), 0.0
        for _ in range(times):
            before = loop.time()
            await self._say(1, 1, size)
            longest = max(longest, loop.time() - before)
        return longest

    async def _say(self, talkers: int, each: int, size: int = 0) -> None:
        """Return when all friends have heard all messages. Raises `TimeoutError` if nobody hears any for too long."""
        first = self.numbers.stop
        self.numbers = range(first, first + talkers * each)
        self.missing = len(self.numbers) * len(self.all)
        self.done.clear()
        for client in self.all:
            client.heard.clear()
        for talker, client in enumerate(self.all[:talkers]):
            texts = [WORD + b"%0*d" % (DIGITS, number) for number in self.numbers[talker::talkers]]
            texts = [text + secrets.token_urlsafe(size * 3 // 4).encode() for text in texts]
            client.says([b'42["chat","%s"]' % text for text in texts] if self.socketio else texts)
        while self.missing:
            if self.lost:
                raise ConnectionError(f"{self.lost} friends were thrown out")
            before = self.missing
            try:
                async with asyncio.timeout(self.patience):
                    await self.done.wait()
            except TimeoutError:
                if self.missing == before:
                    raise


async def obey(pipe: Connection, clients: Clients) -> None:
    while True:
        method, *arguments = await asyncio.to_thread(pipe.recv)
        try:
            pipe.send(await getattr(clients, method)(*arguments))
        except (OSError, TimeoutError) as error:
            pipe.send(error)


def run(pipe: Connection, ports: Sequence[int], path: str, socketio: bool, patience: float) -> None:
    """What happens in the new process, until the racer hangs up."""

    async def main() -> None:
        await obey(pipe, Clients(ports, path, socketio, patience))

    with suppress(EOFError, OSError, KeyboardInterrupt):
        uvloop.run(main())

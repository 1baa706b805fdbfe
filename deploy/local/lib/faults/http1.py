"""An HTTP/1.1 client: one request at a time on a connection, and errors that say whether the request was sent."""

import asyncio
import dataclasses
import json


class RequestFailure(Exception):
    """A request without an answer."""


class NotSent(RequestFailure):
    """There was no connection: the server has certainly not received the request."""


class Lost(RequestFailure):
    """The connection ended after the request was sent."""


class TimedOut(RequestFailure):
    """No complete answer within the client's own limit."""


@dataclasses.dataclass(slots=True)
class Answer:
    status: int
    headers: dict
    body: bytes

    def json(self):
        """The body as JSON; None if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class Origin:
    """A server's address, its headers and its idle connections."""

    def __init__(self, name, port, headers=()):
        self.name = name
        self.port = port
        self.fixed = "".join(f"{key}: {value}\r\n" for key, value in (("Host", f"127.0.0.1:{port}"), *headers))
        self.idle = []
        self.open = set()
        # Requests avoid the server until this time of the event loop, if there is another one.
        self.suspect_until = 0.0

    async def request(self, method, target, timeout_s, headers=(), body=b""):
        """Sends a request and returns the answer. Raises RequestFailure."""
        head = f"{method} {target} HTTP/1.1\r\n{self.fixed}" + "".join(f"{key}: {value}\r\n" for key, value in headers)
        if body:
            head += f"Content-Length: {len(body)}\r\n"
        connection = None
        try:
            async with asyncio.timeout(timeout_s):
                connection = await self.connection()
                connection.send(head.encode("ascii") + b"\r\n" + body)
                answer = await connection.answer
        except TimeoutError:
            if connection is None:
                raise NotSent(f"no connection within {timeout_s} s") from None
            connection.abort()
            raise TimedOut(f"no answer within {timeout_s} s") from None
        except asyncio.CancelledError:
            if connection is not None:
                connection.abort()
            raise
        if connection.reusable:
            self.idle.append(connection)
        else:
            connection.abort()
        return answer

    async def connection(self):
        """An idle connection or a new one."""
        while self.idle:
            connection = self.idle.pop()
            if not connection.ended:
                return connection
        try:
            _, connection = await asyncio.get_running_loop().create_connection(lambda: Connection(self), "127.0.0.1", self.port)
        except OSError as error:
            raise NotSent(str(error)) from error
        return connection

    def close(self):
        for connection in list(self.open):
            connection.abort()


class Connection(asyncio.Protocol):
    """Reads one answer after each request."""

    def __init__(self, origin):
        self.origin = origin
        self.transport = None
        self.answer = None
        self.ended = False
        self.reusable = True
        self.buffer = bytearray()
        self.head = None

    def send(self, octets):
        self.answer = asyncio.get_running_loop().create_future()
        self.head = None
        self.buffer.clear()
        if self.ended:
            self.fail(Lost("the connection has ended"))
        else:
            self.transport.write(octets)

    def abort(self):
        self.transport.abort()

    def fail(self, failure):
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(failure)
            # A request that was cancelled meanwhile does not ask for it.
            self.answer.exception()

    def connection_made(self, transport):
        self.transport = transport
        self.origin.open.add(self)

    def connection_lost(self, exc):
        self.ended = True
        self.reusable = False
        self.origin.open.discard(self)
        if self in self.origin.idle:
            self.origin.idle.remove(self)
        if self.head is not None and self.head.length is None and exc is None:
            self.complete(bytes(self.buffer))
        self.fail(Lost(str(exc or "the server closed the connection")))

    def data_received(self, data):
        self.buffer += data
        if self.answer is None or self.answer.done():
            # Nothing was asked: the connection is out of step.
            self.reusable = False
            return
        try:
            self.read()
        except ValueError:
            self.fail(Lost("an answer that is not HTTP/1.1"))
            self.abort()

    def read(self):
        if self.head is None:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self.head = Head(bytes(self.buffer[:end]))
            del self.buffer[: end + 4]
        if self.head.chunked:
            body = chunks(self.buffer)
            if body is not None:
                self.complete(body)
        elif self.head.length is not None and len(self.buffer) >= self.head.length:
            self.complete(bytes(self.buffer[: self.head.length]))

    def complete(self, body):
        if self.answer.done():
            return
        self.reusable = self.reusable and not self.head.closes
        self.answer.set_result(Answer(self.head.status, self.head.headers, body))


class Head:
    """The status line and the headers of an answer."""

    def __init__(self, octets):
        first, *lines = octets.decode("latin-1").split("\r\n")
        version, status = first.split(" ", 2)[:2]
        self.status = int(status)
        self.headers = {key.strip().lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
        self.chunked = self.headers.get("transfer-encoding", "").lower() == "chunked"
        length = self.headers.get("content-length")
        self.length = int(length) if length is not None else 0 if self.status in (204, 304) else None
        self.closes = version != "HTTP/1.1" or self.headers.get("connection", "").lower() == "close"


def chunks(buffer):
    """The body of a chunked answer, once all of it is there; else None."""
    # Searching from the start after each read would be quadratic; the end of the last chunk decides.
    if not buffer.endswith(b"0\r\n\r\n"):
        return None
    body, position = bytearray(), 0
    while True:
        end = buffer.find(b"\r\n", position)
        if end < 0:
            return None
        size = int(buffer[position:end].split(b";")[0], 16)
        position = end + 2
        if size == 0:
            return bytes(body)
        if len(buffer) < position + size + 2:
            return None
        body += buffer[position : position + size]
        position += size + 2

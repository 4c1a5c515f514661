"""The server's WebSockets, as Prefect's clients use them."""

import json
from contextlib import contextmanager, suppress

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

SINCE = {"occurred": {"since": "2020-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}}


class Socket:
    def __init__(self, connection):
        self.connection = connection

    def send(self, *messages):
        """What the server has closed the socket before is not sent any more: closed() tells why."""
        with suppress(ConnectionClosed):
            for message in messages:
                self.connection.send(message if isinstance(message, str) else json.dumps(message))

    def take(self, timeout=10):
        return json.loads(self.connection.recv(timeout))

    def is_silent(self, seconds=0.3):
        try:
            self.take(seconds)
            return False
        except TimeoutError:
            return True

    def receipt(self, timeout=10):
        """Whether the server says within that time that it has stored all that was sent."""
        return self.connection.ping().wait(timeout)

    def closed(self):
        """The code and reason of a close, which has to be the next thing that comes."""
        try:
            raise AssertionError(self.connection.recv(10))
        except ConnectionClosed as closed:
            return closed.rcvd.code, closed.rcvd.reason


@contextmanager
def opened(server, path, auth=True, **options):
    """A socket, after its handshake if `auth`."""
    url = server.url.replace("http", "ws") + "/api" + path
    with connect(url, subprotocols=["prefect"] if auth is not None else None, **options) as connection:
        socket = Socket(connection)
        if auth:
            socket.send({"type": "auth", "token": None})
            assert socket.take() == {"type": "auth_success"}
        yield socket


@contextmanager
def events_out(server, backfill=None, **filter):
    """The events that a filter lets through: take() gives them."""
    with opened(server, "/events/out") as socket:
        message = {"type": "filter", "filter": SINCE | filter}
        socket.send(message if backfill is None else message | {"backfill": backfill})
        yield Events(socket, "event")


@contextmanager
def logs_out(server, **filter):
    with opened(server, "/logs/out") as socket:
        socket.send({"type": "filter", "filter": filter})
        yield Events(socket, "log")


class Events:
    """What a stream sends, without its wrapping."""

    def __init__(self, socket, type):
        self.socket = socket
        self.type = type

    def take(self, timeout=10):
        message = self.socket.take(timeout)
        assert message.keys() == {"type", self.type} and message["type"] == self.type
        return message[self.type]

    def take_all(self, count):
        return [self.take() for _ in range(count)]

    def is_silent(self, seconds=0.3):
        return self.socket.is_silent(seconds)

    def is_silent_or_take(self, ids):
        """Whether nothing comes; else the id of what came is added to `ids`."""
        try:
            ids.append(self.take(0.3)["id"])
            return False
        except TimeoutError:
            return True


def sockets_open(server):
    text = server.api.get(f"{server.url}/metrics").text
    return int(text.split("\nfermata_sockets ")[1].split("\n")[0])

"""A WebSocket's client, byte by byte: for everything that a proper one would not do."""

import base64
import hashlib
import json
import os
import struct

from harness.http_echo import Client

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def frame(opcode, payload=b"", final=True, mask=b"\x01\x02\x03\x04", reserved=0, length=None,
          form=None):
    """A frame as a client sends it. `mask` None: unmasked; `length`: what it says, whatever comes;
    `form`: in how many bytes that stands (0, 2 or 8), the fewest by default."""
    if isinstance(payload, str):
        payload = payload.encode()
    length = len(payload) if length is None else length
    if form is None:
        form = 0 if length < 126 else 2 if length < 65536 else 8
    short = {0: length, 2: 126, 8: 127}[form]
    head = bytes([final << 7 | reserved << 4 | opcode, bool(mask) << 7 | short])
    head += {0: b"", 2: struct.pack(">H", length & 0xffff), 8: struct.pack(">Q", length)}[form]
    if not mask:
        return head + payload
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


def close_frame(code, reason=""):
    return frame(CLOSE, struct.pack(">H", code) + reason.encode())


class Peer(Client):
    """Opens a WebSocket and speaks frames."""

    def __init__(self, port, path="/socket", protocol=None, opens=True):
        super().__init__(port)
        if opens:
            self.open(path, protocol)

    def open(self, path, protocol=None, *headers):
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Upgrade: websocket",
                 "Connection: Upgrade", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}",
                 *([f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []), *headers]
        self.send("\r\n".join([*lines, "", ""]).encode())
        self.handshake = self.read_until(b"\r\n\r\n").decode()
        assert self.handshake.startswith("HTTP/1.1 101 "), self.handshake
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        assert f"Sec-WebSocket-Accept: {accept}\r\n" in self.handshake + "\r\n"

    def text(self, text):
        self.send(frame(TEXT, text))

    def json(self, value):
        self.text(json.dumps(value))

    def take(self, count):
        while len(self.rest) < count:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError(f"closed after {self.rest!r}")
            self.rest += data
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def frame(self):
        """The next frame: its opcode and its payload."""
        first, second = self.take(2)
        assert first & 0xf0 == 0x80 and second < 128, "a server's frames are whole and not masked"
        length = second
        if length == 126:
            length = struct.unpack(">H", self.take(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", self.take(8))[0]
        return first & 15, self.take(length)

    def message(self):
        opcode, payload = self.frame()
        assert opcode == TEXT, (opcode, payload)
        return payload.decode()

    def closed(self):
        """The code and reason of a close, which has to be the next frame and the last."""
        opcode, payload = self.frame()
        assert opcode == CLOSE, (opcode, payload)
        assert self.is_closed()
        return struct.unpack(">H", payload[:2])[0], payload[2:].decode()

    def is_silent(self, seconds):
        """Whether nothing comes for so long."""
        self.socket.settimeout(seconds)
        try:
            return not self.rest and not self.socket.recv(1, 2)  # MSG_PEEK
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(10)

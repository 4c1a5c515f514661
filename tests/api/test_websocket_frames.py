"""WebSockets by themselves: handshakes, frames, and everything that no client should send.

Drives the program tests/unit/http_echo.c.
"""

import random
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.sync.client import connect

from harness.http_echo import Echo, request
from harness.frames import (BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Peer, close_frame, frame)


@pytest.fixture(scope="module")
def shared():
    """A server for all tests that leave nothing behind."""
    server = Echo(message_limit=100000)
    yield server
    server.terminate()


@pytest.fixture
def peer(shared):
    with Peer(shared.port) as peer:
        yield peer


# The handshake


def test_a_proper_client(shared):
    with connect(f"ws://127.0.0.1:{shared.port}/socket", subprotocols=["other", "echo"]) as client:
        assert client.subprotocol == "echo"
        for text in ("", "a", "grüß 🎼", "x" * 125, "x" * 126, "x" * 65535, "x" * 65536, "\0"):
            client.send(text)
            assert client.recv() == text
        assert client.ping().wait(5)
    assert client.close_code == 1000


@pytest.mark.parametrize("protocol, chosen", [
    (None, None), ("echo", "echo"), ("a, echo", "echo"), ("a,echo ,b", "echo"), ("echoes", None),
    ("ECHO", None)])
def test_subprotocols(shared, protocol, chosen):
    with Peer(shared.port, protocol=protocol) as peer:
        assert ("Sec-WebSocket-Protocol: echo" in peer.handshake) == (chosen == "echo")
        assert peer.handshake.count("Protocol:") == (1 if chosen else 0)


GOOD = {"Upgrade": "websocket", "Connection": "keep-alive, Upgrade", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


def handshake(method="GET", version="1.1", body=b"", path="/socket", **changes):
    headers = GOOD | {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return request(path, method, *lines, version=version, body=body)


def test_the_answer_that_the_standard_shows(shared):
    reply = shared.exchange(handshake())
    assert reply.status == 101
    assert reply.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert reply.headers["upgrade"] == "websocket" and reply.headers["connection"] == "Upgrade"


@pytest.mark.parametrize("status, data", [
    (426, handshake(Sec_WebSocket_Version="8")),
    (426, handshake(Sec_WebSocket_Version=None)),
    (400, handshake(Sec_WebSocket_Key=None)),
    (400, handshake(Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ")),
    (400, handshake(Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZSE=")),
    (400, handshake(Sec_WebSocket_Key="=" * 24)),
    (400, handshake(Sec_WebSocket_Key="A" * 5000)),
    (400, handshake(method="POST")),
    (400, handshake(body=b"{}")),
    (400, handshake(version="1.0", Connection="Upgrade")),
    (403, handshake(Origin="http://evil.example")),
    (403, handshake().replace(b"Host: localhost", b"Host: evil.example")),
])
def test_handshakes_that_are_refused(shared, status, data):
    with shared.connect() as client:
        client.send(data)
        reply = client.reply()
        assert reply.status == status and reply.detail
        assert reply.headers.get("sec-websocket-version") == ("13" if status == 426 else None)
        assert client.is_closed()


@pytest.mark.parametrize("data", [
    handshake(Upgrade="h2c"), handshake(Upgrade=None), handshake(Connection="keep-alive"),
    handshake(path="/other")])
def test_what_asks_for_no_socket_is_a_request(shared, data):
    assert shared.exchange(data).status == 200


def test_own_origin_may(shared):
    with Peer(shared.port, opens=False) as peer:
        peer.open("/socket", None, f"Origin: http://localhost:{shared.port}")
        peer.text("hello")
        assert peer.message() == "hello"


# Frames


def test_bytes_one_by_one(peer):
    for byte in frame(TEXT, "grüße") + frame(PING, b"p") + frame(TEXT, "x" * 200):
        peer.send(bytes([byte]))
    assert [peer.message(), peer.frame(), peer.message()] == ["grüße", (PONG, b"p"), "x" * 200]


def test_many_frames_at_once(peer):
    peer.send(b"".join(frame(TEXT, str(i)) for i in range(5000)))
    assert [peer.message() for _ in range(5000)] == [str(i) for i in range(5000)]


def test_frames_right_behind_the_handshake(shared):
    with Peer(shared.port, opens=False) as peer:
        peer.send(handshake() + frame(TEXT, "early"))
        peer.read_until(b"\r\n\r\n")
        assert peer.message() == "early"


def test_fragments_with_pings_between(peer):
    character = "🎼".encode()
    peer.send(frame(TEXT, character[:1], final=False) + frame(PING, b"1"))
    peer.send(frame(CONTINUATION, character[1:3], final=False) + frame(CONTINUATION, final=False))
    assert peer.frame() == (PONG, b"1")
    peer.send(frame(PONG, b"unasked") + frame(CONTINUATION, character[3:]))
    assert peer.message() == "🎼"


def test_random_frames_in_random_pieces(shared):
    chance = random.Random(7)
    for _ in range(20):
        texts = ["".join(chance.choices("aß🎼", k=chance.choice((0, 5, 125, 130, 30000))))
                 for _ in range(6)]
        data = b""
        for text in texts:
            parts = text.encode()
            cuts = sorted(chance.choices(range(len(parts) + 1), k=chance.randrange(4)))
            pieces = [parts[a:b] for a, b in zip([0, *cuts], [*cuts, len(parts)])]
            for i, piece in enumerate(pieces):
                data += frame(CONTINUATION if i else TEXT, piece, final=i == len(pieces) - 1,
                              mask=chance.randbytes(4))
                if chance.random() < .3:
                    data += frame(PING, b"")
        with Peer(shared.port) as peer:
            while data:
                count = chance.choice((1, 7, 1000, 100000))
                peer.send(data[:count])
                data = data[count:]
            came = []
            while len(came) < len(texts):
                opcode, payload = peer.frame()
                came += [payload.decode()] if opcode == TEXT else []
            assert came == texts


FAULTS = {
    "no mask": (1002, frame(TEXT, "x", mask=None)),
    "reserved bits": (1002, frame(TEXT, "x", reserved=4)),
    "an opcode of data that is none": (1002, frame(3, "x")),
    "an opcode of control that is none": (1002, frame(11, "x")),
    "binary": (1003, frame(BINARY, b"x")),
    "a continuation of nothing": (1002, frame(CONTINUATION, "x")),
    "a message in a message": (1002, frame(TEXT, "x", final=False) + frame(TEXT, "y")),
    "a ping in fragments": (1002, frame(PING, "x", final=False)),
    "a ping too long": (1002, frame(PING, b"x" * 126)),
    "a length in 2 bytes for none": (1002, frame(TEXT, "x", form=2)),
    "a length in 8 bytes for none": (1002, frame(TEXT, b"x" * 300, form=8)),
    "a length past 63 bits": (1009, frame(TEXT, "x", length=1 << 63, form=8)),
    "a huge length": (1009, frame(TEXT, "x", length=1 << 40)),
    "a byte too many": (1009, frame(TEXT, b"x" * 100001)),
    "fragments too many": (1009, b"".join(frame(CONTINUATION if i else TEXT, b"x" * 1000, False)
                                          for i in range(101))),
    "no UTF-8": (1007, frame(TEXT, b"\xff")),
    "a character cut in two": (1007, frame(TEXT, "ß".encode()[:1])),
    "a surrogate": (1007, frame(TEXT, b"\xed\xa0\x80")),
    "a character too long": (1007, frame(TEXT, b"\xc0\x80")),
    "past Unicode": (1007, frame(TEXT, b"\xf4\x90\x80\x80")),
    "no UTF-8 in fragments": (1007, frame(TEXT, b"\xf0\x9f", False) + frame(CONTINUATION, b"x")),
    "a close of one byte": (1002, frame(CLOSE, b"x")),
    "a close with a code that may not be sent": (1002, close_frame(1006)),
    "a close with code 0": (1002, close_frame(0)),
    "a close with no UTF-8": (1007, frame(CLOSE, b"\x03\xe8\xff")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(shared, peer, fault):
    code, data = FAULTS[fault]
    peer.send(data)
    got, reason = peer.closed()
    assert got == code and len(reason) > 10
    with Peer(shared.port) as other:
        other.text("still there")
        assert other.message() == "still there"


@pytest.mark.parametrize("sent, answered", [
    (close_frame(1000), 1000), (close_frame(1001, "bye"), 1001), (close_frame(4999), 4999),
    (frame(CLOSE), 1000)])
def test_a_close_is_answered(peer, sent, answered):
    peer.send(sent + frame(TEXT, "not read any more"))
    assert peer.closed() == (answered, "")


def test_what_was_asked_before_a_close_is_answered(peer):
    peer.send(frame(TEXT, "a") + frame(PING, b"b") + close_frame(1000))
    assert [peer.message(), peer.frame(), peer.closed()] == ["a", (PONG, b"b"), (1000, "")]


def test_a_close_of_the_server(peer):
    peer.send(frame(TEXT, "close 4000 because") + frame(TEXT, "not read any more"))
    assert peer.closed() == (4000, "because")


def test_the_reason_of_a_close_is_cut_between_characters(peer):
    peer.text("close 4000 x" + "ß" * 100)
    assert peer.closed() == (4000, "x" + "ß" * 61)


def test_an_end_without_a_close(shared):
    before = shared.stats()["sockets_open"]
    with Peer(shared.port):
        shared.wait_for("sockets_open", before + 1)
    shared.wait_for("sockets_open", before)
    with Peer(shared.port) as half:
        half.socket.shutdown(socket.SHUT_WR)
        assert half.is_closed()
    shared.wait_for("sockets_open", before)
    with Peer(shared.port) as reset:
        reset.send(frame(TEXT, b"", length=1000))
        reset.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    shared.wait_for("sockets_open", before)


# Pongs and pauses


def test_a_pong_that_waits(peer):
    peer.text("hold 1000")
    assert peer.is_silent(0.05)
    begun = time.monotonic()
    peer.send(frame(TEXT, "read") + frame(PING, b"1") + frame(TEXT, "behind") + frame(PING, b"2"))
    assert peer.message() == "read"
    assert [peer.message(), peer.frame()] == ["released", (PONG, b"1")]
    assert time.monotonic() - begun > 0.15
    assert [peer.message(), peer.frame()] == ["behind", (PONG, b"2")]


def test_a_close_that_waits(peer):
    peer.text("hold 1000")
    peer.send(close_frame(1000) + frame(TEXT, "not read any more"))
    assert peer.is_silent(0.15)
    assert [peer.message(), peer.closed()] == ["released", (1000, "")]


def test_a_pause(peer):
    peer.send(frame(TEXT, "pause 1000") + frame(TEXT, "later"))
    assert peer.is_silent(0.15)
    assert [peer.message(), peer.message()] == ["released", "later"]


def test_a_pause_holds_up_a_client_that_sends_much(peer):
    """What is not read stays in the kernel's buffers, and all of it is read in the end."""
    count = 20000
    peer.text("pause 500")
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(peer.send, frame(TEXT, b"x" * 1000) * count)
        assert peer.message() == "released"
        for _ in range(count):
            assert len(peer.message()) == 1000
        sent.result()


def test_a_client_that_goes_while_it_is_held(shared):
    before = shared.stats()["sockets_open"]
    for what, then in (("hold 200", frame(PING)), ("hold 200", frame(CLOSE)), ("pause 200", frame(PING))):
        with Peer(shared.port) as peer:
            peer.send(frame(TEXT, what) + then + frame(TEXT, "more"))
            time.sleep(0.05)
    shared.wait_for("sockets_open", before)


def test_a_flood_of_pings_from_one_who_does_not_read(start_echo):
    """The pongs wait for room, and the pings with them: memory does not grow."""
    server = start_echo()
    with Peer(server.port) as peer:
        memory = resident(server)
        peer.socket.settimeout(1)
        pings = frame(PING, b"x" * 125) * 2000
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 200 << 20:
                sent += peer.socket.send(pings)
        assert sent < 100 << 20, "the server has to stop reading"
        assert resident(server) - memory < 20 << 20
        peer.socket.settimeout(10)
        assert peer.frame() == (PONG, b"x" * 125)
        assert server.get("/").status_code == 200


def resident(server):
    with open(f"/proc/{server.process.pid}/statm") as statm:
        return int(statm.read().split()[1]) * 4096


# Slow ones, silent ones, many


def test_a_slow_reader_gets_all_of_it(shared):
    with Peer(shared.port) as peer:
        peer.text("flood 30000")
        for i in range(29999, -1, -1):
            if i % 5000 == 0:
                time.sleep(0.1)
            assert int(peer.message()) == i


def test_a_reader_that_stops_is_told_and_cut(start_echo):
    server = start_echo(send_ms=500)
    with Peer(server.port) as peer:
        memory = resident(server)
        peer.text("flood 1000000")
        time.sleep(0.7)
        assert resident(server) - memory < 20 << 20, "what is made waits for room"
        for _ in range(1000000):
            opcode, payload = peer.frame()
            if opcode == CLOSE:
                break
        assert struct.unpack(">H", payload[:2])[0] == 1008
        assert payload[2:] == b"The client took nothing of what was sent to it for 0.5 seconds"
    with Peer(server.port) as peer:
        peer.text("flood 1000000")
        server.wait_for("sockets_open", 0)


def test_a_message_that_takes_too_long(start_echo):
    server = start_echo(receive_ms=300)
    with Peer(server.port) as peer:
        peer.send(frame(TEXT, b"x", length=1000))
        for _ in range(50):
            time.sleep(0.02)
            try:
                peer.send(b"x")
            except OSError:
                break
        assert peer.frame() == (
            CLOSE, struct.pack(">H", 1008) + b"The message did not come within 0.3 seconds")


@pytest.mark.parametrize("between", [PING, PONG])
def test_what_comes_within_a_message_gives_it_no_more_time(start_echo, between):
    server = start_echo(receive_ms=300)
    with Peer(server.port) as peer:
        peer.send(frame(TEXT, b"x", final=False))
        frames = []
        for _ in range(50):
            time.sleep(0.02)
            try:
                peer.send(frame(between))
            except OSError:
                break
        while not frames or frames[-1][0] != CLOSE:
            frames.append(peer.frame())
        assert frames[-1][1][2:] == b"The message did not come within 0.3 seconds"


def test_a_message_that_stops_is_not_pinged_for(start_echo):
    server = start_echo(receive_ms=100, ping_ms=300)
    with Peer(server.port) as peer:
        peer.send(frame(TEXT, b"x", final=False))
        assert peer.frame()[0] == CLOSE


def test_the_silent_are_pinged_and_the_dead_dropped(start_echo):
    server = start_echo(ping_ms=200)
    with Peer(server.port) as alive, Peer(server.port) as dead:
        for _ in range(4):
            assert alive.frame() == (PING, b"")
            alive.send(frame(PONG))
        assert dead.frame() == (PING, b"")
        assert dead.is_closed()
        assert server.stats()["sockets_open"] == 1


def test_one_who_is_held_is_not_taken_for_dead(start_echo):
    server = start_echo(ping_ms=100)
    with Peer(server.port) as peer:
        peer.send(frame(TEXT, "pause 600") + frame(TEXT, "later"))
        assert peer.message() == "released"


def test_sockets_may_have_half_of_the_connections(start_echo):
    server = start_echo(connection_limit=5)
    with Peer(server.port), Peer(server.port), Peer(server.port):
        reply = server.exchange(handshake())
        assert reply.status == 503 and "half of its 5 connections" in reply.detail
        assert reply.headers["retry-after"]
        assert server.get("/").status_code == 200
        server.wait_for("sockets_open", 3)
    server.wait_for("sockets_open", 0)
    with Peer(server.port):
        assert server.stats()["sockets_total"] == 4


def test_many_at_the_same_time(shared):
    def talk(number):
        with Peer(shared.port) as peer:
            for i in range(50):
                peer.send(frame(TEXT, f"{number} {i}") + frame(PING, str(i).encode()))
                assert [peer.message(), peer.frame()] == [f"{number} {i}", (PONG, str(i).encode())]

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(talk, range(50)))


# The end


def test_a_server_that_stops_says_so(start_echo):
    server = start_echo()
    with Peer(server.port) as idle, Peer(server.port) as held, Peer(server.port) as within:
        held.text("hold 1000")
        within.send(frame(TEXT, "x", length=100))
        idle.text("hello")
        assert idle.message() == "hello"
        server.process.terminate()
        for peer in (idle, held, within):
            assert peer.closed() == (1012, "The server is stopping")
            peer.socket.close()
        server.wait()


def test_a_server_that_stops_does_not_wait_for_ever(start_echo):
    server = start_echo(grace_ms=500)
    with Peer(server.port) as stuck:
        stuck.text("flood 1000000")
        server.wait_for("sockets_open", 1)
        server.terminate()

"""HTTP itself: everything that no client should send."""

import os
import random
import select
import socket
import time
from pathlib import Path

import pytest

from harness.http_echo import request
from harness.objects import wait_for


@pytest.mark.parametrize("status, data", [
    (400, b"\x16\x03\x01\x02\x00\x01\x00"),  # TLS
    (400, b"rubbish\r\n\r\n"),
    (400, b"GET /\r\n\r\n"),  # HTTP/0.9
    (400, b"GET / HTTP/1.1\nHost: localhost\n\n"),
    (400, b"GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    (400, b"GET / a HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    (400, b"G\xc3\x84T / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    (400, b"GET a HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    (400, b"GET / HTTP/1.11\r\nHost: localhost\r\n\r\n"),
    (400, b"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    (505, b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n"),
    (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    (400, b"GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    (400, request("/", "GET", "User-Agent: a\0b")),
    (400, request("/", "GET", "User-Agent: a\rb")),
    (400, request("/", "GET", "User-Agent : a")),
    (400, request("/", "GET", "User-Agent")),
    (400, request("/", "GET", ": a")),
    (400, request("/", "GET", "User-Agent: a", " folded")),
    (400, request("/", "GET", "User-Agent: a", "User-Agent: b")),
    (400, request(host=None)),
    (400, request("/", "GET", "Host: localhost")),
    (400, request(host="")),
    (400, request(host="local host")),
    (400, request(host="localhost:x")),
    (400, request(host="a@localhost")),
    (400, request(host="[::1")),
    (400, request(host="[localhost]")),
    (400, request("/", "POST", "Content-Length: -1")),
    (400, request("/", "POST", "Content-Length: +1")),
    (400, request("/", "POST", "Content-Length: 0x10")),
    (400, request("/", "POST", "Content-Length: ")),
    (400, request("/", "POST", "Content-Length: 1, 1")),
    (400, request("/", "POST", "Content-Length: 1", "Content-Length: 1")),
    (400, request("/", "POST", "Content-Length: 1", "Content-Length: 2")),
    (413, request("/", "POST", "Content-Length: 18446744073709551617")),
    (413, request("/", "POST", "Content-Length: " + "9" * 1000)),
    (411, request("/", "POST", "Transfer-Encoding: chunked") + b"1\r\na\r\n0\r\n\r\n"),
    (411, request("/", "POST", "Transfer-Encoding: identity", "Content-Length: 1") + b"a"),
    (417, request("/", "POST", "Expect: wonders")),
    (414, request("/" + "a" * 8192)),
    (431, request("/", "GET", "X-Big: " + "a" * 40000)),
    (431, b"GET /" + b"a" * 100000),
    (431, request("/", "GET", *[f"X-{i}: {i}" for i in range(500)])),
    (431, request("/", "GET", *[f"X-{i}: {'a' * 1000}" for i in range(80)])),
])
def test_refused(echo, status, data):
    with echo.connect() as client:
        client.send(data + request("/smuggled"))
        reply = client.reply()
        assert (reply.status, reply.headers["connection"]) == (status, "close")
        assert reply.detail
        assert client.is_closed()


def test_at_the_limits(echo):
    assert echo.exchange(request("/" + "a" * 8000)).status == 200
    assert echo.exchange(request("/", "GET", *["X: y"] * 99)).status == 200
    assert echo.exchange(request("/", "GET", "X: " + "a" * 32000)).status == 200
    assert echo.exchange(request("/", "POST", "Content-Length: 0000000000000000000000003") + b"abc").status == 200


def test_body_longer_than_its_length_is_another_request(echo):
    with echo.connect() as client:
        client.send(request("/", "POST", "Content-Length: 3") + b"abcdef\r\n\r\n")
        assert client.reply().json()["body"] == "abc"
        assert client.reply().status == 400
        assert client.is_closed()


def test_body_shorter_than_its_length(start_echo):
    server = start_echo(receive_ms=300)
    with server.connect() as client:
        client.send(request("/", "POST", "Content-Length: 10") + b"abc")
        reply = client.reply()
        assert reply.status == 408
        assert "0.3 seconds" in reply.detail
        assert client.is_closed()


@pytest.mark.parametrize("beginning", [b"G", b"GET / HTTP/1.1\r\nX: ", request("/", "POST", "Content-Length: 1000")])
def test_slow_senders_have_one_time_limit_for_all(start_echo, beginning):
    server = start_echo(receive_ms=600)
    with server.connect() as client:
        started = time.monotonic()
        client.send(beginning)
        while not select.select([client.socket], [], [], 0.05)[0]:
            client.send(b"a")
            assert time.monotonic() - started < 5
        assert client.reply().status == 408
        assert time.monotonic() - started > 0.5


def test_the_time_limit_begins_with_each_request(start_echo):
    server = start_echo(receive_ms=600)
    with server.connect() as client:
        for _ in range(4):
            time.sleep(0.3)
            client.send(request())
            assert client.reply().status == 200


def test_waiting_has_no_time_limit(start_echo):
    server = start_echo(receive_ms=200, idle_ms=200, send_ms=200)
    with server.connect() as client:
        client.send(request("/thread?1000"))
        assert client.reply().status == 200


def test_idle_connections_are_closed_without_a_word(start_echo):
    server = start_echo(idle_ms=300)
    with server.connect() as fresh, server.connect() as used:
        used.send(request())
        assert used.reply().status == 200
        assert fresh.is_closed(2)
        assert used.is_closed(2)


def test_too_many_connections(start_echo):
    server = start_echo(connection_limit=5)
    clients = [server.connect() for _ in range(5)]
    for client in clients:
        client.send(request())
        assert client.reply().status == 200
    with server.connect() as client:
        client.send(request())
        reply = client.reply()
        assert (reply.status, reply.headers["retry-after"]) == (503, "1")
        assert "5 connections" in reply.detail
        assert client.is_closed()
    clients.pop().socket.close()
    deadline = time.monotonic() + 5
    while server.get("/").status_code != 200:
        assert time.monotonic() < deadline
    for client in clients:
        client.send(request())
        assert client.reply().status == 200
        client.socket.close()


def test_far_too_many_connections(start_echo):
    server = start_echo(connection_limit=5)
    clients = [server.connect() for _ in range(200)]
    clients[0].send(request())
    assert clients[0].reply().status == 200
    for client in clients:
        client.socket.close()
    deadline = time.monotonic() + 5
    while server.get("/").status_code != 200:
        assert time.monotonic() < deadline


def test_fewer_files_make_for_fewer_connections(start_echo):
    """Those past the limit are told, not left waiting for a file that cannot be opened."""
    server = start_echo(files=200, connection_limit=1000)
    clients = [server.connect() for _ in range(100)]
    for client in clients:
        client.send(request())
        assert client.reply().status == 200
    with server.connect() as one_more:
        assert "limit of 100 connections" in one_more.reply().detail
    for client in clients:
        client.socket.close()


def test_no_more_files_to_open(start_echo):
    server = start_echo(files=40)
    clients = [server.connect() for _ in range(100)]
    clients[0].send(request())
    assert clients[0].reply().status == 200
    before = used_cpu(server.process.pid)
    time.sleep(0.5)
    assert used_cpu(server.process.pid) - before < 0.25
    for client in clients:
        client.socket.close()
    wait_for(lambda: server.get("/").status_code == 200, 5)


def used_cpu(pid):
    """Seconds of a process's time so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_an_idle_server_does_nothing(start_echo):
    server = start_echo()
    with server.connect() as idle, server.connect() as parked:
        idle.send(request())
        assert idle.reply().status == 200
        parked.send(request("/park"))
        server.wait_for("requests_open", 2)
        before = used_cpu(server.process.pid)
        time.sleep(1)
        assert used_cpu(server.process.pid) - before < 0.1


def test_random_bytes(start_echo):
    server = start_echo(receive_ms=500)
    dice = random.Random(1)
    whole = request("/a?b", "POST", "Prefer: wait=1", "Connection: close", body=b"body")
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(data))
            what = dice.randrange(3)
            if what == 0:
                data[at] = dice.randrange(256)
            elif what == 1:
                del data[at]
            else:
                data[at:at] = dice.choice([b"\r\n", b"\0", b":", b" ", b"\r\n\r\n", b"9"])
        with server.connect() as client:
            client.send(bytes(data))
            client.socket.shutdown(socket.SHUT_WR)
            while client.socket.recv(65536):
                pass
    server.wait_for("connections_open", 1)


# What all connections hold together

def test_bodies_have_a_limit_together(start_echo):
    server = start_echo(body_limit=2_000_000, held_limit=3_000_000)
    whole = request("/", "POST", body=b"x" * 1_900_000)
    with server.connect() as slow, server.connect() as other, server.connect() as third:
        other.send(whole[:1000])
        server.wait_for("requests_open", 2)
        slow.send(whole[:-1])
        while server.stats()["bytes_received"] < 1_900_000:
            time.sleep(0.02)
        third.send(whole[:1000])
        reply = third.reply()
        assert (reply.status, reply.headers["retry-after"]) == (503, "1")
        assert "3000000 bytes" in reply.detail
        other.send(whole[1000:])
        assert other.reply().status == 503
        slow.send(whole[-1:])
        assert slow.reply().status == 200
    with server.connect() as later:
        later.send(whole)
        assert later.reply().status == 200


def test_replies_count_until_they_are_taken(start_echo):
    server = start_echo(held_limit=30_000_000)
    body = request("/", "POST", body=b"x")
    with server.connect() as slow:
        slow.send(request("/big?40000000"))
        slow.read_until(b"\r\n\r\n")
        assert server.exchange(body).status == 503
        while len(slow.rest) < 40_000_000:
            slow.rest += slow.socket.recv(1 << 20)
        server.wait_for("requests_open", 1)
        assert server.exchange(body).status == 200


def test_a_reply_has_a_time_as_a_whole(start_echo):
    """However steadily a client takes a little of it."""
    server = start_echo(send_ms=500)
    begun = time.monotonic()
    with server.connect() as client:
        client.send(request("/big?16000000"))
        with pytest.raises((ConnectionResetError, AssertionError)):
            while True:
                time.sleep(0.02)
                assert client.socket.recv(16_000)
    assert 7 < time.monotonic() - begun < 14

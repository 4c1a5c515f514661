"""HTTP itself: requests in, replies out, and everything that no client should send.

Drives the program tests/unit/http_echo.c.
"""

import hashlib
import json
import os
import random
import select
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from harness.echo import ECHO, Client, Server, request


@pytest.fixture(scope="module")
def shared():
    """A server for all tests that leave nothing behind."""
    server = Server(body_limit=2000000)
    yield server
    server.terminate()


@pytest.fixture
def start():
    servers = []

    def start(**config):
        servers.append(Server(**config))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.returncode is None:
            server.terminate()


# The basic path


def test_echo(shared):
    reply = httpx.post(shared.url + "/api/a%2Fb%20c?x=%31&y", content=b'{"a": 1}', headers={
        "Content-Type": "application/json", "Authorization": "Bearer x", "User-Agent": "me",
        "Prefer": "wait=3", "If-None-Match": '"e"', "Idempotency-Key": "k",
        "X-PREFECT-API-VERSION": "0.8.4", "X-Other": "dropped"})
    assert reply.json() == {
        "method": "POST", "path": "/api/a%2Fb%20c", "query": "x=%31&y", "peer": "127.0.0.1",
        "headers": {
            "content-type": "application/json", "authorization": "Bearer x", "user-agent": "me",
            "prefer": "wait=3", "if-none-match": '"e"', "idempotency-key": "k",
            "x-prefect-api-version": "0.8.4"},
        "body": '{"a": 1}', "body_length": 8}
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["content-length"] == str(len(reply.content))


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_methods(shared, method):
    assert httpx.request(method, shared.url).json()["method"] == method


@pytest.mark.parametrize("method", ["PROPFIND", "get", "M-SEARCH"])
def test_unknown_method_is_the_takers(shared, method):
    assert shared.exchange(request("/", method)).json()["method"] == "OTHER"


def test_keep_alive(shared):
    with shared.connect() as client:
        for i in range(5):
            client.send(request(f"/{i}", "POST", body=b"x" * i))
            assert client.reply().json()["path"] == f"/{i}"


def test_replies_from_threads(shared):
    with httpx.Client(base_url=shared.url) as client:
        for i in range(20):
            assert client.get(f"/thread?{i % 3}").json()["query"] == str(i % 3)


def test_many_clients_at_once(shared):
    def use(n):
        with httpx.Client(base_url=shared.url) as client:
            return [client.post("/thread?0", content=f"{n}.{i}").json()["body"] for i in range(20)]

    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(use, range(16)))
    assert results == [[f"{n}.{i}" for i in range(20)] for n in range(16)]


def test_pipelined_requests_are_answered_in_order(shared):
    paths = [f"/{random.choice(['thread', 'x', 'y'])}?{i % 3}" for i in range(60)]
    with shared.connect() as client:
        client.send(b"".join(request(path, "POST", body=path.encode()) for path in paths))
        for path in paths:
            assert client.reply().json()["body"] == path


def test_a_flood_of_pipelined_requests(shared):
    count = 20000
    with shared.connect() as client:
        sender = threading.Thread(target=client.send, args=[request("/status?204") * count])
        sender.start()
        for _ in range(count):
            assert client.reply().status == 204
        sender.join()


def test_byte_by_byte(shared):
    with shared.connect() as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(2):
            for byte in request(f"/{i}", "POST", "Prefer: wait=1", body=b"abcdefgh"):
                client.send(bytes([byte]))
                time.sleep(0.0005)
            echo = client.reply().json()
            assert (echo["path"], echo["body"], echo["headers"]) == (f"/{i}", "abcdefgh", {"prefer": "wait=1"})


def test_empty_lines_before_a_request(shared):
    with shared.connect() as client:
        for _ in range(2):
            client.send(b"\r\n\r\n" + request())
            assert client.reply().status == 200


def test_head_has_no_body(shared):
    with shared.connect() as client:
        client.send(request("/big?5000", "HEAD") + request("/after"))
        reply = client.reply(to_head=True)
        assert (reply.status, reply.headers["content-length"]) == (200, "5000")
        assert client.reply().json()["path"] == "/after"


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_body(shared, status):
    with shared.connect() as client:
        client.send(request(f"/status?{status}") + request("/after"))
        reply = client.reply(to_head=True)
        assert reply.status == status
        assert "content-length" not in reply.headers
        assert client.reply().json()["path"] == "/after"


@pytest.mark.parametrize("headers, version, closes, says", [
    ([], "1.1", False, None),
    (["Connection: keep-alive"], "1.1", False, None),
    (["Connection: close"], "1.1", True, "close"),
    (["Connection: TE, Close"], "1.1", True, "close"),
    ([], "1.0", True, "close"),
    (["Connection: Keep-Alive"], "1.0", False, "keep-alive"),
])
def test_connection_header(shared, headers, version, closes, says):
    with shared.connect() as client:
        client.send(request("/", "GET", *headers, version=version))
        assert client.reply().headers.get("connection") == says
        assert client.is_closed(0.2) == closes


def test_http_1_0_needs_no_host(shared):
    assert shared.exchange(request(version="1.0", host=None)).status == 200


def test_url_as_target(shared):
    echo = shared.exchange(request("http://localhost:1/a?b")).json()
    assert (echo["path"], echo["query"]) == ("/a", "b")
    assert shared.exchange(request("http://localhost?b")).json()["path"] == "/"
    assert shared.exchange(request("*", "OPTIONS")).json()["path"] == "*"


def test_expect_continue(shared):
    with shared.connect() as client:
        client.send(request("/", "POST", "Expect: 100-continue", "Content-Length: 3"))
        assert client.reply().status == 100
        client.send(b"abc")
        assert client.reply().json()["body"] == "abc"
        client.send(request("/", "POST", "Expect: 100-continue", body=b"abc"))
        assert client.reply().status == 200


def test_no_continue_for_what_is_refused(shared):
    data = request("/", "POST", "Expect: 100-continue", "Content-Length: 3000000")
    assert shared.exchange(data).status == 413


def test_a_value_cannot_become_a_header(shared):
    reply = shared.get("/inject")
    assert "x-evil" not in reply.headers
    assert reply.headers["x-echo"] == "a  X-Evil: b"


# Bodies of any size


def test_body_at_the_limit(shared):
    body = random.randbytes(1000000).hex().encode()
    assert httpx.post(shared.url, content=body).json()["body"] == body.decode()


def test_body_past_the_limit(shared):
    with shared.connect() as client:
        client.send(request("/", "POST", "Content-Length: 2000001"))
        reply = client.reply()
        assert (reply.status, reply.headers["connection"]) == (413, "close")
        assert "2000000 bytes" in reply.detail


def test_the_refusal_reaches_a_client_that_sends_on(shared):
    reply = httpx.post(shared.url, content=b"x" * 30000000)
    assert reply.status_code == 413


def test_big_reply(shared):
    length = 40 << 20
    body = shared.get(f"/big?{length}").content
    assert len(body) == length
    alphabet = b"abcdefghijklmnopqrstuvwxyz"
    assert hashlib.sha256(body).digest() == hashlib.sha256((alphabet * (length // 26 + 1))[:length]).digest()


def test_slow_reader_blocks_nobody_and_gets_all(shared):
    with shared.connect() as slow:
        slow.send(request("/big?40000000") + request("/after"))
        time.sleep(0.2)
        for _ in range(20):
            assert shared.get("/").status_code == 200
        assert len(slow.reply().body) == 40000000
        assert slow.reply().json()["path"] == "/after"


def test_a_reader_that_never_reads_is_dropped(start):
    server = start(send_ms=500)
    with server.connect() as client:
        client.send(request("/big?40000000"))
        server.wait_for("connections_open", 2)
        server.wait_for("connections_open", 1)
        assert server.stats()["requests_open"] == 1


# Clients that go away


def test_a_parked_request_is_freed_when_its_client_goes(start):
    server = start()
    clients = [server.connect() for _ in range(20)]
    for client in clients:
        client.send(request("/park"))
    server.wait_for("requests_open", 21)
    for client in clients:
        client.socket.close()
    stats = server.wait_for("gone", 20)
    assert (stats["requests_open"], stats["connections_open"]) == (1, 1)


def test_a_reset_connection_is_gone_too(start):
    server = start()
    with server.connect() as client:
        client.send(request("/park"))
        server.wait_for("requests_open", 2)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    server.wait_for("gone", 1)


def test_a_half_closed_connection_is_gone(start):
    server = start()
    with server.connect() as client:
        client.send(request("/park"))
        client.socket.shutdown(socket.SHUT_WR)
        assert client.is_closed()
        server.wait_for("gone", 1)


def test_parked_requests_are_answered(start):
    server = start()
    clients = [server.connect() for _ in range(20)]
    for i, client in enumerate(clients):
        client.send(request("/park", "POST", body=str(i).encode()) + request("/after"))
    server.wait_for("requests_open", 21)
    assert server.get("/release").status_code == 200
    for i, client in enumerate(clients):
        assert client.reply().json()["body"] == str(i)
        assert client.reply().json()["path"] == "/after"
        client.socket.close()
    assert server.stats()["gone"] == 0


def test_replies_to_clients_that_have_gone(start):
    server = start()
    for _ in range(20):
        with server.connect() as client:
            client.send(request("/thread?20"))
    server.wait_for("requests_open", 1)
    server.wait_for("connections_open", 1)


def test_gone_in_mid_body_and_mid_head(start):
    server = start()
    for data in [request("/", "POST", "Content-Length: 100") + b"abc", b"GET / HT", request() + b"P"]:
        with server.connect() as client:
            client.send(data)
            time.sleep(0.05)
    server.wait_for("connections_open", 1)
    assert server.stats()["requests_open"] == 1


# Hostile requests


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
def test_refused(shared, status, data):
    with shared.connect() as client:
        client.send(data + request("/smuggled"))
        reply = client.reply()
        assert (reply.status, reply.headers["connection"]) == (status, "close")
        assert reply.detail
        assert client.is_closed()


def test_at_the_limits(shared):
    assert shared.exchange(request("/" + "a" * 8000)).status == 200
    assert shared.exchange(request("/", "GET", *["X: y"] * 99)).status == 200
    assert shared.exchange(request("/", "GET", "X: " + "a" * 32000)).status == 200
    assert shared.exchange(request("/", "POST", "Content-Length: 0000000000000000000000003") + b"abc").status == 200


def test_body_longer_than_its_length_is_another_request(shared):
    with shared.connect() as client:
        client.send(request("/", "POST", "Content-Length: 3") + b"abcdef\r\n\r\n")
        assert client.reply().json()["body"] == "abc"
        assert client.reply().status == 400
        assert client.is_closed()


def test_body_shorter_than_its_length(start):
    server = start(receive_ms=300)
    with server.connect() as client:
        client.send(request("/", "POST", "Content-Length: 10") + b"abc")
        reply = client.reply()
        assert reply.status == 408
        assert "0.3 seconds" in reply.detail
        assert client.is_closed()


@pytest.mark.parametrize("beginning", [b"G", b"GET / HTTP/1.1\r\nX: ", request("/", "POST", "Content-Length: 1000")])
def test_slow_senders_have_one_time_limit_for_all(start, beginning):
    server = start(receive_ms=600)
    with server.connect() as client:
        started = time.monotonic()
        client.send(beginning)
        while not select.select([client.socket], [], [], 0.05)[0]:
            client.send(b"a")
            assert time.monotonic() - started < 5
        assert client.reply().status == 408
        assert time.monotonic() - started > 0.5


def test_the_time_limit_begins_with_each_request(start):
    server = start(receive_ms=600)
    with server.connect() as client:
        for _ in range(4):
            time.sleep(0.3)
            client.send(request())
            assert client.reply().status == 200


def test_waiting_has_no_time_limit(start):
    server = start(receive_ms=200, idle_ms=200, send_ms=200)
    with server.connect() as client:
        client.send(request("/thread?1000"))
        assert client.reply().status == 200


def test_idle_connections_are_closed_without_a_word(start):
    server = start(idle_ms=300)
    with server.connect() as fresh, server.connect() as used:
        used.send(request())
        assert used.reply().status == 200
        assert fresh.is_closed(2)
        assert used.is_closed(2)


def test_too_many_connections(start):
    server = start(connection_limit=5)
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


def test_far_too_many_connections(start):
    server = start(connection_limit=5)
    clients = [server.connect() for _ in range(200)]
    clients[0].send(request())
    assert clients[0].reply().status == 200
    for client in clients:
        client.socket.close()
    deadline = time.monotonic() + 5
    while server.get("/").status_code != 200:
        assert time.monotonic() < deadline


def test_no_more_files_to_open(start):
    server = start(files=40)
    clients = [server.connect() for _ in range(100)]
    clients[0].send(request())
    assert clients[0].reply().status == 200
    before = used_cpu(server.process.pid)
    time.sleep(0.5)
    assert used_cpu(server.process.pid) - before < 0.25
    for client in clients:
        client.socket.close()
    assert server.get("/").status_code == 200


def used_cpu(pid):
    """Seconds of a process's time so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_an_idle_server_does_nothing(start):
    server = start()
    with server.connect() as idle, server.connect() as parked:
        idle.send(request())
        assert idle.reply().status == 200
        parked.send(request("/park"))
        server.wait_for("requests_open", 2)
        before = used_cpu(server.process.pid)
        time.sleep(1)
        assert used_cpu(server.process.pid) - before < 0.1


def test_random_bytes(start):
    server = start(receive_ms=500)
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


# Host and Origin


@pytest.mark.parametrize("host", [
    "localhost", "LocalHost:4200", "a.b.localhost", "localhost.", "127.0.0.1:1", "127.9.9.9",
    "[::1]:4200", "[0:0::1]", "Fermata.Example", "fermata.example:99", "10.1.2.3"])
def test_own_hosts(start, host, own_hosts_server):
    assert own_hosts_server.exchange(request(host=host)).status == 200
    assert own_hosts_server.exchange(request("/", "GET", f"Origin: http://{host}")).status == 200
    assert own_hosts_server.exchange(request("/", "GET", f"Origin: https://{host}")).status == 200


@pytest.mark.parametrize("host", [
    "evil.com", "localhost.evil.com", "evil-localhost", "127.0.0.1.evil.com", "192.168.1.1", "0.0.0.0",
    "[::2]", "1.127.0.0", "xfermata.example", "127.1", "fermata.example..", "evil.com:4200"])
def test_foreign_hosts(start, host, own_hosts_server):
    for data in [request(host=host), request("/", "GET", f"Origin: http://{host}"),
                 request(f"http://{host}/"), request("/", "GET", f"Origin: https://{host}")]:
        reply = own_hosts_server.exchange(data)
        assert reply.status == 403
        assert "allowed_hosts" in reply.detail
        assert host.split(":")[0].strip("[]")[:3] in reply.detail or host.startswith("[")


@pytest.mark.parametrize("origin", ["null", "", "file://", "evil.com", "http://localhost@evil.com", "http://"])
def test_foreign_origins(own_hosts_server, origin):
    reply = own_hosts_server.exchange(request("/", "GET", f"Origin: {origin}"))
    assert (reply.status, "allowed_hosts" in reply.detail) == (403, True)


@pytest.fixture(scope="module")
def own_hosts_server():
    server = Server(allow=["fermata.example", "10.1.2.3"])
    yield server
    server.terminate()


def test_all_hosts(start):
    server = start(allow=["*"])
    assert server.exchange(request("/", "GET", "Origin: null", host="evil.com")).status == 200


def test_listening_everywhere(start):
    server = start(host="0.0.0.0")
    assert server.exchange(request(host="192.168.1.1:4200")).status == 200
    assert server.exchange(request(host="[fe80::1]:4200")).status == 200
    assert server.exchange(request(host="evil.com")).status == 403
    own = request("/", "GET", "Origin: http://192.168.1.1:4200", host="192.168.1.1:4200")
    assert server.exchange(own).status == 200
    foreign = request("/", "GET", "Origin: http://6.6.6.6", host="192.168.1.1:4200")
    assert server.exchange(foreign).status == 403


def test_a_refused_head_has_no_body(shared):
    with shared.connect() as client:
        client.send(request("/", "HEAD", host="evil.com"))
        assert client.reply(to_head=True).status == 403
        assert client.is_closed()


# Start and stop


def fails_to_start(*arguments):
    result = subprocess.run([str(ECHO), *arguments], capture_output=True, text=True, timeout=20)
    assert (result.returncode, result.stdout) == (1, "")
    return result.stderr.strip()


def test_port_in_use(shared):
    assert fails_to_start(f"port={shared.port}") == f"port {shared.port} on 127.0.0.1 is already in use"


def test_hosts_that_cannot_be_had():
    assert fails_to_start("host=no-such-host.invalid").startswith("unknown host no-such-host.invalid")
    assert fails_to_start("host=192.0.2.1") == "192.0.2.1 is no address of this machine"
    assert fails_to_start("port=70000") == "70000 is no port"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may")
def test_port_without_permission():
    assert fails_to_start("port=1") == "no permission to listen on port 1 of 127.0.0.1"


def test_ipv6(start):
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 here")
    server = start(host="::1")
    with Client(server.port, "::1") as client:
        client.send(request(host="[::1]"))
        assert client.reply().json()["peer"] == "::1"


def test_stop_answers_what_was_taken(start):
    server = start(grace_ms=3600000)
    with server.connect() as taken, server.connect() as idle, server.connect() as half:
        idle.send(request())
        assert idle.reply().status == 200
        half.send(b"GET /")
        taken.send(request("/thread?500"))
        server.wait_for("requests_open", 2)
        server.process.terminate()
        assert idle.is_closed()
        assert half.reply().status == 503
        with pytest.raises(ConnectionRefusedError):
            server.connect()
        reply = taken.reply()
        assert (reply.status, reply.headers["connection"]) == (200, "close")
    server.wait()


def test_stop_waits_no_longer_than_its_grace(start):
    server = start(grace_ms=300)
    with server.connect() as client:
        client.send(request("/park"))
        server.wait_for("requests_open", 2)
        started = time.monotonic()
        server.process.terminate()
        assert client.is_closed()
        server.wait()
        assert 0.2 < time.monotonic() - started < 10


def test_stop_from_the_loop_itself(start):
    server = start()
    assert server.get("/stop").status_code == 200
    server.wait()


def test_stop_with_nothing_to_do(start):
    start(grace_ms=3600000).terminate()

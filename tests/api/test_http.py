"""HTTP itself: requests in, replies out."""

import hashlib
import random
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import format_datetime, parsedate_to_datetime

import httpx
import pytest

from harness.http_echo import request


# The basic path


def test_echo(echo):
    reply = httpx.post(echo.url + "/api/a%2Fb%20c?x=%31&y", content=b'{"a": 1}', headers={
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


def test_the_time_of_a_reply(echo):
    before = int(time.time())
    said = httpx.get(echo.url).headers["date"]
    assert before <= parsedate_to_datetime(said).timestamp() <= time.time()
    assert said == format_datetime(parsedate_to_datetime(said), usegmt=True)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_methods(echo, method):
    assert httpx.request(method, echo.url).json()["method"] == method


@pytest.mark.parametrize("method", ["PROPFIND", "get", "M-SEARCH"])
def test_unknown_method_is_the_takers(echo, method):
    assert echo.exchange(request("/", method)).json()["method"] == "OTHER"


def test_keep_alive(echo):
    with echo.connect() as client:
        for i in range(5):
            client.send(request(f"/{i}", "POST", body=b"x" * i))
            assert client.reply().json()["path"] == f"/{i}"


def test_replies_from_threads(echo):
    with httpx.Client(base_url=echo.url) as client:
        for i in range(20):
            assert client.get(f"/thread?{i % 3}").json()["query"] == str(i % 3)


def test_many_clients_at_once(echo):
    def use(n):
        with httpx.Client(base_url=echo.url) as client:
            return [client.post("/thread?0", content=f"{n}.{i}").json()["body"] for i in range(20)]

    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(use, range(16)))
    assert results == [[f"{n}.{i}" for i in range(20)] for n in range(16)]


def test_pipelined_requests_are_answered_in_order(echo):
    paths = [f"/{random.choice(['thread', 'x', 'y'])}?{i % 3}" for i in range(60)]
    with echo.connect() as client:
        client.send(b"".join(request(path, "POST", body=path.encode()) for path in paths))
        for path in paths:
            assert client.reply().json()["body"] == path


def test_a_flood_of_pipelined_requests(echo):
    count = 20000
    with echo.connect() as client:
        sender = threading.Thread(target=client.send, args=[request("/status?204") * count])
        sender.start()
        for _ in range(count):
            assert client.reply().status == 204
        sender.join()


def test_byte_by_byte(echo):
    with echo.connect() as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(2):
            for byte in request(f"/{i}", "POST", "Prefer: wait=1", body=b"abcdefgh"):
                client.send(bytes([byte]))
                time.sleep(0.0005)
            said = client.reply().json()
            assert (said["path"], said["body"], said["headers"]) == (f"/{i}", "abcdefgh", {"prefer": "wait=1"})


def test_empty_lines_before_a_request(echo):
    with echo.connect() as client:
        for _ in range(2):
            client.send(b"\r\n\r\n" + request())
            assert client.reply().status == 200


def test_head_has_no_body(echo):
    with echo.connect() as client:
        client.send(request("/big?5000", "HEAD") + request("/after"))
        reply = client.reply(to_head=True)
        assert (reply.status, reply.headers["content-length"]) == (200, "5000")
        assert client.reply().json()["path"] == "/after"


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_body(echo, status):
    with echo.connect() as client:
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
def test_connection_header(echo, headers, version, closes, says):
    with echo.connect() as client:
        client.send(request("/", "GET", *headers, version=version))
        assert client.reply().headers.get("connection") == says
        assert client.is_closed(0.2) == closes


def test_http_1_0_needs_no_host(echo):
    assert echo.exchange(request(version="1.0", host=None)).status == 200


def test_url_as_target(echo):
    said = echo.exchange(request("http://localhost:1/a?b")).json()
    assert (said["path"], said["query"]) == ("/a", "b")
    assert echo.exchange(request("http://localhost?b")).json()["path"] == "/"
    assert echo.exchange(request("*", "OPTIONS")).json()["path"] == "*"


def test_expect_continue(echo):
    with echo.connect() as client:
        client.send(request("/", "POST", "Expect: 100-continue", "Content-Length: 3"))
        assert client.reply().status == 100
        client.send(b"abc")
        assert client.reply().json()["body"] == "abc"
        client.send(request("/", "POST", "Expect: 100-continue", body=b"abc"))
        assert client.reply().status == 200


def test_no_continue_for_what_is_refused(echo):
    data = request("/", "POST", "Expect: 100-continue", "Content-Length: 3000000")
    assert echo.exchange(data).status == 413


def test_a_value_cannot_become_a_header(echo):
    reply = echo.get("/inject")
    assert "x-evil" not in reply.headers
    assert reply.headers["x-echo"] == "a  X-Evil: b"


# Bodies of any size


def test_body_at_the_limit(echo):
    body = random.randbytes(1000000).hex().encode()
    assert httpx.post(echo.url, content=body).json()["body"] == body.decode()


def test_body_past_the_limit(echo):
    with echo.connect() as client:
        client.send(request("/", "POST", "Content-Length: 2000001"))
        reply = client.reply()
        assert (reply.status, reply.headers["connection"]) == (413, "close")
        assert "2000000 bytes" in reply.detail


def test_the_refusal_reaches_a_client_that_sends_on(echo):
    reply = httpx.post(echo.url, content=b"x" * 30000000)
    assert reply.status_code == 413


def test_big_reply(echo):
    length = 40 << 20
    body = echo.get(f"/big?{length}").content
    assert len(body) == length
    alphabet = b"abcdefghijklmnopqrstuvwxyz"
    assert hashlib.sha256(body).digest() == hashlib.sha256((alphabet * (length // 26 + 1))[:length]).digest()


def test_slow_reader_blocks_nobody_and_gets_all(echo):
    with echo.connect() as slow:
        slow.send(request("/big?40000000") + request("/after"))
        time.sleep(0.2)
        for _ in range(20):
            assert echo.get("/").status_code == 200
        assert len(slow.reply().body) == 40000000
        assert slow.reply().json()["path"] == "/after"


def test_a_reader_that_never_reads_is_dropped(start_echo):
    server = start_echo(send_ms=500)
    with server.connect() as client:
        client.send(request("/big?40000000"))
        server.wait_for("connections_open", 2)
        server.wait_for("connections_open", 1)
        assert server.stats()["requests_open"] == 1


# Rounds


def test_requests_that_come_together_are_one_round(start_echo):
    """However many clients have sent while the server could not look."""
    server = start_echo()
    clients = [server.connect() for _ in range(40)]
    server.wait_for("connections_open", 41)
    before = server.stats()["rounds"]
    server.process.send_signal(signal.SIGSTOP)
    for client in clients:
        client.send(request("/"))
    server.process.send_signal(signal.SIGCONT)
    for client in clients:
        assert client.reply().status == 200
        client.socket.close()
    assert 2 <= server.stats()["rounds"] - before <= 10  # with that of the last stats() before


# Clients that go away


def test_a_parked_request_is_freed_when_its_client_goes(start_echo):
    server = start_echo()
    clients = [server.connect() for _ in range(20)]
    for client in clients:
        client.send(request("/park"))
    server.wait_for("requests_open", 21)
    for client in clients:
        client.socket.close()
    stats = server.wait_for("gone", 20)
    assert (stats["requests_open"], stats["connections_open"]) == (1, 1)


def test_a_reset_connection_is_gone_too(start_echo):
    server = start_echo()
    with server.connect() as client:
        client.send(request("/park"))
        server.wait_for("requests_open", 2)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    server.wait_for("gone", 1)


def test_a_half_closed_connection_is_gone(start_echo):
    server = start_echo()
    with server.connect() as client:
        client.send(request("/park"))
        client.socket.shutdown(socket.SHUT_WR)
        assert client.is_closed()
        server.wait_for("gone", 1)


def test_parked_requests_are_answered(start_echo):
    server = start_echo()
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


def test_replies_to_clients_that_have_gone(start_echo):
    server = start_echo()
    for _ in range(20):
        with server.connect() as client:
            client.send(request("/thread?20"))
    server.wait_for("requests_open", 1)
    server.wait_for("connections_open", 1)


def test_gone_in_mid_body_and_mid_head(start_echo):
    server = start_echo()
    for data in [request("/", "POST", "Content-Length: 100") + b"abc", b"GET / HT", request() + b"P"]:
        with server.connect() as client:
            client.send(data)
            time.sleep(0.05)
    server.wait_for("connections_open", 1)
    assert server.stats()["requests_open"] == 1

"""HTTP itself: how the server starts and stops."""

import os
import socket
import subprocess
import time

import pytest

from harness.http_echo import ECHO, Client, request


def fails_to_start(*arguments):
    result = subprocess.run([str(ECHO), *arguments], capture_output=True, text=True, timeout=20)
    assert (result.returncode, result.stdout) == (1, "")
    return result.stderr.strip()


def test_port_in_use(echo):
    assert fails_to_start(f"port={echo.port}") == f"port {echo.port} on 127.0.0.1 is already in use"


def test_hosts_that_cannot_be_had():
    assert fails_to_start("host=no-such-host.invalid").startswith("unknown host no-such-host.invalid")
    assert fails_to_start("host=192.0.2.1") == "192.0.2.1 is no address of this machine"
    assert fails_to_start("port=70000") == "70000 is no port"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may")
def test_port_without_permission():
    assert fails_to_start("port=1") == "no permission to listen on port 1 of 127.0.0.1"


def test_ipv6(start_echo):
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 here")
    server = start_echo(host="::1")
    with Client(server.port, "::1") as client:
        client.send(request(host="[::1]"))
        assert client.reply().json()["peer"] == "::1"


def test_the_stop_waits_for_nobody_whose_reply_has_gone(start_echo):
    server = start_echo(grace_ms=3600000)
    with server.connect() as client:
        client.send(request("/big?40000000"))
        client.read_until(b"\r\n\r\n")
        server.process.terminate()
        server.wait_until_it_stops()
        while len(client.rest) < 40_000_000:
            client.rest += client.socket.recv(1 << 20)
        assert client.socket.recv(1) == b""
    server.wait()


def test_stop_answers_what_was_taken(start_echo):
    server = start_echo(grace_ms=3600000)
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


def test_stop_waits_no_longer_than_its_grace(start_echo):
    server = start_echo(grace_ms=300)
    with server.connect() as client:
        client.send(request("/park"))
        server.wait_for("requests_open", 2)
        started = time.monotonic()
        server.process.terminate()
        assert client.is_closed()
        server.wait()
        assert 0.2 < time.monotonic() - started < 10


def test_stop_from_the_loop_itself(start_echo):
    server = start_echo()
    assert server.get("/stop").status_code == 200
    server.wait()


def test_stop_with_nothing_to_do(start_echo):
    start_echo(grace_ms=3600000).terminate()

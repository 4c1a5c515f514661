"""HTTP itself: who may talk to the server, by Host and Origin."""

import pytest

from harness.http_echo import Echo, request


@pytest.fixture(scope="module")
def named():
    server = Echo(allow=["fermata.example", "10.1.2.3"])
    yield server
    server.terminate()


@pytest.mark.parametrize("host", [
    "localhost", "LocalHost:4200", "a.b.localhost", "localhost.", "127.0.0.1:1", "127.9.9.9",
    "[::1]:4200", "[0:0::1]", "Fermata.Example", "fermata.example:99", "10.1.2.3"])
def test_own_hosts(host, named):
    assert named.exchange(request(host=host)).status == 200
    assert named.exchange(request("/", "GET", f"Origin: http://{host}")).status == 200
    assert named.exchange(request("/", "GET", f"Origin: https://{host}")).status == 200


@pytest.mark.parametrize("host", [
    "evil.com", "localhost.evil.com", "evil-localhost", "127.0.0.1.evil.com", "192.168.1.1", "0.0.0.0",
    "[::2]", "1.127.0.0", "xfermata.example", "127.1", "fermata.example..", "evil.com:4200"])
def test_foreign_hosts(host, named):
    for data in [request(host=host), request("/", "GET", f"Origin: http://{host}"),
                 request(f"http://{host}/"), request("/", "GET", f"Origin: https://{host}")]:
        reply = named.exchange(data)
        assert reply.status == 403
        assert "allowed_hosts" in reply.detail
        assert host.split(":")[0].strip("[]")[:3] in reply.detail or host.startswith("[")


@pytest.mark.parametrize("origin", ["null", "", "file://", "evil.com", "http://localhost@evil.com", "http://"])
def test_foreign_origins(named, origin):
    reply = named.exchange(request("/", "GET", f"Origin: {origin}"))
    assert (reply.status, "allowed_hosts" in reply.detail) == (403, True)


def test_all_hosts(start_echo):
    server = start_echo(allow=["*"])
    assert server.exchange(request("/", "GET", "Origin: null", host="evil.com")).status == 200


def test_listening_everywhere(start_echo):
    server = start_echo(host="0.0.0.0")
    assert server.exchange(request(host="192.168.1.1:4200")).status == 200
    assert server.exchange(request(host="[fe80::1]:4200")).status == 200
    assert server.exchange(request(host="evil.com")).status == 403
    own = request("/", "GET", "Origin: http://192.168.1.1:4200", host="192.168.1.1:4200")
    assert server.exchange(own).status == 200
    foreign = request("/", "GET", "Origin: http://6.6.6.6", host="192.168.1.1:4200")
    assert server.exchange(foreign).status == 403


def test_a_refused_head_has_no_body(echo):
    with echo.connect() as client:
        client.send(request("/", "HEAD", host="evil.com"))
        assert client.reply(to_head=True).status == 403
        assert client.is_closed()

"""The API's WebSockets: handshakes, logs as they come, and their end."""

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from harness.frames import PING, PONG, Peer, frame
from harness.objects import make_flow, make_run, wait_for, waiting
from harness.streams import logs_out, opened, sockets_open

PATHS = ("/events/in", "/events/out", "/logs/out")
FILTER = {"type": "filter", "filter": {}}


def entry(run_id=None, message="m", level=20, **more):
    return {"name": "n", "level": level, "message": message, "flow_run_id": run_id,
            "timestamp": "2026-01-01T00:00:00Z"} | more


def store(api, *entries):
    assert api.post("/logs/", json=list(entries)).status_code == 201


@pytest.fixture
def run_id():
    return str(uuid.uuid4())


def ready(stream, api, run_id):
    """Until the stream has begun: what was stored before is not sent."""
    def begun():
        store(api, entry(run_id, "are you there?"))
        return not stream.is_silent(0.05)

    wait_for(begun)
    while not stream.is_silent(0.2):
        pass


# Handshakes


@pytest.mark.parametrize("path", PATHS)
def test_handshake(server, path):
    with opened(server, path, auth=False) as socket:
        assert socket.connection.subprotocol == "prefect"
        assert socket.receipt(), "a ping is answered before anything is said"
        socket.send({"type": "auth", "token": "anything"})
        assert socket.take() == {"type": "auth_success"}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("message", [
    FILTER, {"type": "Auth"}, {"type": None}, {}, [], "hello", "{", '"auth"', "\0",
    {"type": ["auth"]}])
def test_the_first_message_is_no_auth(server, path, message):
    with opened(server, path, auth=False) as socket:
        socket.send(message)
        assert socket.closed() == (1008, "Expected 'auth' message")


@pytest.mark.parametrize("path", PATHS[1:])
@pytest.mark.parametrize("message", [{"type": "hello"}, {"type": "auth"}, "hello", [], {"filter": {}}])
def test_the_second_message_is_no_filter(server, path, message):
    with opened(server, path) as socket:
        socket.send(message)
        assert socket.closed() == (1002, "Expected 'filter' message")


@pytest.mark.parametrize("path", PATHS[1:])
def test_older_clients_say_no_auth(server, path):
    with opened(server, path, auth=None) as socket:
        assert socket.connection.subprotocol is None
        socket.send({"type": "auth", "token": None})
        assert socket.closed() == (1002, "Expected 'filter' message")


def test_unknown_paths(server):
    for path in ("/events/sideways", "/events/in/", "/logs", "/health"):
        with pytest.raises(InvalidStatus) as refused, opened(server, path):
            pass
        assert refused.value.response.status_code in (200, 307, 404, 405)


@pytest.mark.parametrize("path", PATHS)
def test_without_an_upgrade(server, path):
    reply = httpx.get(server.url + "/api" + path)
    assert reply.status_code == 426 and reply.headers["upgrade"] == "websocket"
    assert "WebSocket" in reply.json()["detail"]


def test_pages_from_elsewhere_may_not(server):
    with pytest.raises(InvalidStatus) as refused, opened(server, "/events/out",
                                                         origin="http://evil.example"):
        pass
    assert refused.value.response.status_code == 403


# Filters


@pytest.mark.parametrize("path, filter, where", [
    ("/logs/out", None, "filter"),
    ("/logs/out", [], "filter"),
    ("/logs/out", {"level": 5}, "level"),
    ("/logs/out", {"level": {"ge_": "high"}}, "level.ge_"),
    ("/logs/out", {"flow_run_id": {"any_": ["x"]}}, "flow_run_id.any_[0]"),
    ("/logs/out", {"flow_run_id": {"any_": [str(uuid.uuid4())] * 1001}}, "flow_run_id.any_"),
    ("/logs/out", {"unknown": {}}, "unknown"),
    ("/logs/out", {"text": {"query": "x " * 101}}, "text.query"),
    ("/logs/out", {"operator": "xor_"}, "operator"),
    ("/events/out", None, "filter"),
    ("/events/out", {"occurred": 5}, "occurred"),
    ("/events/out", {"occurred": {"since": "yesterday"}}, "occurred.since"),
    ("/events/out", {"event": {"name": "not a list"}}, "event.name"),
    ("/events/out", {"event": {"prefix": [1]}}, "event.prefix[0]"),
    ("/events/out", {"id": {"id": ["x"]}}, "id.id[0]"),
])
def test_a_wrong_filter_is_told(server, path, filter, where):
    with opened(server, path) as socket:
        socket.send({"type": "filter", "filter": filter})
        code, reason = socket.closed()
        assert code == 1002 and reason.startswith("Invalid filter: "), reason
        assert where in reason


def test_a_wrong_backfill_is_told(server):
    with opened(server, "/events/out") as socket:
        socket.send(FILTER | {"backfill": "yes"})
        assert socket.closed() == (
            1002, "Invalid filter: backfill: Input should be a valid boolean")


@pytest.mark.parametrize("path, auth, message", [
    ("/events/in", False, {"type": "auth", "token": "x" * 65536}),
    ("/events/out", False, {"type": "auth", "token": "x" * 65536}),
    ("/events/out", True, {"type": "filter", "filter": {"event": {"name": ["x" * 65536]}}}),
    ("/logs/out", True, {"type": "filter", "filter": {"unknown": "x" * 65536}}),
    ("/live", None, {"topics": ["a", "a"] * 32768})])
def test_messages_that_are_longer_than_they_need_be(server, path, auth, message):
    """They are not even read: that would hold up all others."""
    with opened(server, path, auth=auth) as socket:
        socket.send(message)
        assert socket.closed() == (1009, "The message may have 65536 bytes")


def test_messages_as_long_as_they_may_be(server, api, run_id):
    auth, filter = ({"type": "auth"}, {"type": "filter", "filter": {"flow_run_id": {"any_": [run_id]}}})
    with opened(server, "/logs/out", auth=False) as socket:
        socket.send(json.dumps(auth).ljust(65536))
        assert socket.take() == {"type": "auth_success"}
        socket.send(json.dumps(filter).ljust(65536))
        wait_for(lambda: store(api, entry(run_id)) or not socket.is_silent(0.05))


def test_a_deep_filter(server):
    with opened(server, "/logs/out") as socket:
        socket.send('{"type":"filter","filter":' + "[" * 50000)
        assert socket.closed() == (1002, "Expected 'filter' message")


# Logs


def test_logs_as_they_come(server, api, run_id):
    store(api, entry(run_id, "before"))
    with logs_out(server, flow_run_id={"any_": [run_id]}) as stream:
        ready(stream, api, run_id)
        store(api, entry(run_id, "one"), entry(str(uuid.uuid4()), "of another"), entry(run_id, "two"))
        store(api, entry(run_id, "three", 40))
        logs = stream.take_all(3)
        assert [log["message"] for log in logs] == ["one", "two", "three"]
        stored = api.post("/logs/filter", json={"logs": {"flow_run_id": {"any_": [run_id]}},
                                                "sort": "SEQ_ASC"}).json()
        assert logs == stored[-3:]
        assert stream.is_silent()


def test_filters_of_logs(server, api, run_id):
    with logs_out(server, flow_run_id={"any_": [run_id]}, level={"ge_": 30}) as loud, \
            logs_out(server, flow_run_id={"any_": [run_id, str(uuid.uuid4())]}) as all_of_it, \
            logs_out(server, operator="or_", flow_run_id={"any_": [run_id]}, level={"ge_": 50}) as any:
        for stream in (loud, all_of_it, any):
            wait_for(lambda: store(api, entry(run_id, "!", 50)) or not stream.is_silent(0.05))
        store(api, entry(run_id, "quiet", 10), entry(None, "critical", 50), entry(run_id, "loud", 30))
        store(api, entry(run_id, "end", 30))

        def until_end(stream):
            messages = []
            while not messages or messages[-1] != "end":
                messages.append(stream.take()["message"])
            return [message for message in messages if message not in "!end"]

        assert until_end(loud) == ["loud"]
        assert until_end(all_of_it) == ["quiet", "loud"]
        assert until_end(any) == ["quiet", "critical", "loud"]


def test_a_stream_without_filters_sees_all(server, api):
    with logs_out(server) as stream:
        ready(stream, api, None)
        store(api, *[entry(None, str(i)) for i in range(1000)])
        assert [log["message"] for log in stream.take_all(1000)] == [str(i) for i in range(1000)]


def test_no_log_is_lost_or_twice_among_many_writers(server, api, run_id):
    with logs_out(server, flow_run_id={"any_": [run_id]}) as stream:
        ready(stream, api, run_id)
        with ThreadPoolExecutor(8) as pool:
            written = [pool.submit(store, api, *[entry(run_id, f"{i} {j}") for j in range(3)])
                       for i in range(100)]
            messages = [stream.take()["message"] for _ in range(300)]
            for each in written:
                each.result()
        assert sorted(messages) == sorted(f"{i} {j}" for i in range(100) for j in range(3))
        assert stream.is_silent()


def test_what_comes_behind_many_others(server, api, run_id):
    """The place moves on over what the filter does not let through."""
    with logs_out(server, flow_run_id={"any_": [run_id]}) as stream:
        ready(stream, api, run_id)
        for _ in range(5):
            store(api, *[entry(None) for _ in range(1000)])
        store(api, entry(run_id, "found"))
        assert stream.take()["message"] == "found"


def test_a_slow_reader_holds_up_itself_alone(fresh_server):
    """What it does not take stays on disk."""
    api = fresh_server.api
    with Peer(fresh_server.port, "/api/logs/out", "prefect") as slow, logs_out(fresh_server) as quick:
        slow.json({"type": "auth"})
        slow.json(FILTER)
        assert json.loads(slow.message()) == {"type": "auth_success"}
        ready(quick, api, None)
        for i in range(60):
            store(api, *[entry(None, f"{i} " + "x" * 10000) for _ in range(50)])
        assert sum(len(log["message"]) for log in quick.take_all(3000)) > 30_000_000
        last = ""
        while not last.startswith("59 "):
            last = json.loads(slow.message())["log"]["message"]


# Parking and ends


def test_what_waits_costs_nothing(server, api, run_id):
    """Streams of other runs are not even looked at, and waiting is nobody's request."""
    before = waiting(server)
    reads = metric(server, "fermata_store_reads_total")
    streams = []
    try:
        for _ in range(20):
            context = logs_out(server, flow_run_id={"any_": [str(uuid.uuid4())]})
            streams.append((context, context.__enter__()))
        wait_for(lambda: metric(server, "fermata_topics") >= 20)
        time.sleep(0.2)
        reads = metric(server, "fermata_store_reads_total")
        for _ in range(20):
            store(api, entry(run_id))
        time.sleep(0.2)
        assert metric(server, "fermata_store_reads_total") - reads == 0
        assert waiting(server) == before
    finally:
        for context, _ in streams:
            context.__exit__(None, None, None)


def metric(server, name):
    text = server.api.get(f"{server.url}/metrics").text
    return int(text.split(f"\n{name} ")[1].split("\n")[0])


def test_sockets_that_end_leave_nothing_behind(fresh_server):
    topics = metric(fresh_server, "fermata_topics")
    for path in PATHS:
        with opened(fresh_server, path) as socket:
            socket.send(FILTER if path != "/events/in" else {})
        with Peer(fresh_server.port, "/api" + path) as rude:
            rude.json(FILTER)
    wait_for(lambda: sockets_open(fresh_server) == 0)
    wait_for(lambda: metric(fresh_server, "fermata_topics") == topics)
    assert metric(fresh_server, "fermata_sockets_total") == 6


def test_the_server_stops(fresh_server):
    with logs_out(fresh_server) as stream, opened(fresh_server, "/events/in") as intake, \
            opened(fresh_server, "/events/out") as early:
        begun = time.monotonic()
        fresh_server.process.terminate()
        for socket in (stream.socket, intake, early):
            assert socket.closed() == (1012, "The server is stopping")
        fresh_server.process.wait(10)
        assert time.monotonic() - begun < 5
        fresh_server.stop()


def test_a_restart_is_no_end_for_what_is_on_disk(fresh_server):
    run = make_run(fresh_server.api, make_flow(fresh_server.api))
    for _ in range(2):
        with logs_out(fresh_server, flow_run_id={"any_": [run["id"]]}) as stream:
            ready(stream, fresh_server.api, run["id"])
            store(fresh_server.api, entry(run["id"], "one"))
            assert stream.take()["message"] == "one"
        fresh_server.restart()


# Hostile ones


def test_sockets_have_a_limit(start_server):
    server = start_server("--connection-limit", "6")
    with opened(server, "/events/in"), opened(server, "/events/out"), logs_out(server):
        with pytest.raises(InvalidStatus) as refused, opened(server, "/logs/out"):
            pass
        assert refused.value.response.status_code == 503
        assert refused.value.response.headers["retry-after"]


def test_a_message_that_is_too_big(server):
    with opened(server, "/events/in") as socket:
        socket.send("x" * (2 << 20) + "x")
        assert socket.closed()[0] == 1009


def test_a_flood_of_pings_while_it_streams(server, api, run_id):
    with Peer(server.port, "/api/logs/out") as peer:
        peer.json({"type": "filter", "filter": {"flow_run_id": {"any_": [run_id]}}})
        peer.send(frame(PING, b"x") * 5000)
        for _ in range(5000):
            assert peer.frame() == (PONG, b"x")
        store(api, entry(run_id, "still there"))
        assert json.loads(peer.message())["log"]["message"] == "still there"


def test_messages_after_the_filter_mean_nothing(server, api, run_id):
    with logs_out(server, flow_run_id={"any_": [run_id]}) as stream:
        stream.socket.send({"type": "filter", "filter": 5}, "nonsense", FILTER)
        ready(stream, api, run_id)
        store(api, entry(None, "of none"), entry(run_id, "one"))
        assert stream.take()["message"] == "one"

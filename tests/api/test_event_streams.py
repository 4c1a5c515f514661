"""Events over WebSockets: taken in with receipts, and sent out to those who follow."""

import json
import sqlite3
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest

from harness.events import event, iso, listed, now, send
from harness.frames import CLOSE, PING, PONG, TEXT, Peer, close_frame, frame
from harness.objects import wait_for
from harness.streams import SINCE, events_out, opened, sockets_open

# ---- in: /api/events/in


@contextmanager
def held_commits(server):
    """Nobody else can write to the database: what the server stores is not on disk before the end."""
    database = sqlite3.connect(server.data / "fermata.db", isolation_level=None)
    try:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("ROLLBACK")
    finally:
        database.close()


@pytest.fixture
def resource():
    """The id of a resource that no other test has events of."""
    return f"test.thing.{uuid.uuid4()}"


def stored(api, resource, order="ASC"):
    return listed(api, **SINCE, resource={"id": [resource]}, order=order)


def numbered(resource, count):
    begin = now()
    return [event(f"test.number.{i}", resource, occurred=begin + timedelta(milliseconds=i))
            for i in range(count)]


def test_events_come_in(server, api, resource):
    events = numbered(resource, 5)
    with opened(server, "/events/in") as socket:
        socket.send(*events)
        assert socket.receipt()
        assert stored(api, resource) == [each["id"] for each in events]
        assert socket.is_silent()
        socket.send(events[2], events[0])
        assert socket.receipt()
    assert stored(api, resource) == [each["id"] for each in events]


def test_no_receipt_before_the_disk(fresh_server, resource):
    events = numbered(resource, 3)
    with opened(fresh_server, "/events/in") as socket:
        with held_commits(fresh_server):
            socket.send(*events[:2])
            assert not socket.receipt(1)
            assert stored(fresh_server.api, resource) == []
            waiting = socket.connection.ping()
            socket.send(events[2])
            assert not waiting.wait(0.5)
        assert waiting.wait(15)
        assert stored(fresh_server.api, resource)[:2] == [each["id"] for each in events[:2]]
        assert socket.receipt()
        assert len(stored(fresh_server.api, resource)) == 3


def test_each_ping_has_its_pong(fresh_server, resource):
    """Also those that come while others wait, in their order, each after what was sent before it."""
    with Peer(fresh_server.port, "/api/events/in") as peer:
        with held_commits(fresh_server):
            for i, each in enumerate(numbered(resource, 20)):
                peer.json(each)
                peer.send(frame(PING, str(i).encode()))
            assert peer.is_silent(0.5)
        assert [peer.frame() for _ in range(20)] == [(PONG, str(i).encode()) for i in range(20)]
        assert len(stored(fresh_server.api, resource)) == 20


def test_without_events_a_pong_comes_at_once(fresh_server):
    with held_commits(fresh_server), opened(fresh_server, "/events/in") as socket:
        assert socket.receipt(2)


def test_a_receipt_outlives_the_server(fresh_server, resource):
    events = numbered(resource, 40)
    with opened(fresh_server, "/events/in") as socket:
        socket.send(*events)
        assert socket.receipt()
        fresh_server.kill9()
    fresh_server.start()
    assert stored(fresh_server.api, resource) == [each["id"] for each in events]


def commits(server):
    text = server.api.get(f"{server.url}/metrics").text
    return int(text.split("\nfermata_store_commits_total ")[1].split("\n")[0])


def test_many_events_share_few_commits(fresh_server, resource):
    events = numbered(resource, 2000)
    before = commits(fresh_server)
    with Peer(fresh_server.port, "/api/events/in") as peer:
        peer.send(b"".join(frame(TEXT, json.dumps(each)) for each in events) + frame(PING))
        assert peer.frame() == (PONG, b"")
    assert commits(fresh_server) - before < 100
    count = fresh_server.api.post("/events/count-by/event", json={
        "filter": SINCE | {"resource": {"id": [resource]}}}).json()
    assert len(count) > 0
    assert how_many(fresh_server, resource) == 2000


def test_more_than_the_server_keeps_waiting(fresh_server, resource):
    """While nothing is stored, it reads so much and no more; then all of it is stored."""
    events = [each | {"payload": {"much": "x" * 20000}} for each in numbered(resource, 500)]
    with Peer(fresh_server.port, "/api/events/in") as peer, ThreadPoolExecutor(1) as pool:
        memory = resident(fresh_server)
        with held_commits(fresh_server):
            data = b"".join(frame(TEXT, json.dumps(each)) for each in events) + frame(PING)
            sent = pool.submit(peer.send, data)
            time.sleep(1)
            assert resident(fresh_server) - memory < 8 << 20
        peer.socket.settimeout(60)
        assert peer.frame() == (PONG, b"")
        sent.result()
    with sqlite3.connect(fresh_server.data / "fermata.db") as database:
        assert database.execute("SELECT COUNT(*) FROM events").fetchone() == (500,)


def test_many_small_messages_wait_no_more_than_large_ones(fresh_server, resource):
    """Each has its own weight, also one of nothing."""
    first, = numbered(resource, 1)
    with Peer(fresh_server.port, "/api/events/in") as peer, ThreadPoolExecutor(1) as pool:
        memory = resident(fresh_server)
        with held_commits(fresh_server):
            peer.json(first)
            sent = pool.submit(peer.send, frame(TEXT, b"") * 300000)
            time.sleep(1)
            assert resident(fresh_server) - memory < 8 << 20
        opcode, payload = peer.frame()
        assert opcode == CLOSE and b"Invalid event" in payload
        peer.socket.close()
        with suppress(OSError):
            sent.result()


def resident(server):
    with open(f"/proc/{server.process.pid}/statm") as statm:
        return int(statm.read().split()[1]) * 4096


def without(member):
    made = event()
    del made[member]
    return made


MALFORMED = {
    "no JSON": ("nonsense", "line 1"),
    "no object": ([1], "Invalid event: "),
    "no id": (without("id"), "id: Field required"),
    "no name": (without("event"), "event: Field required"),
    "no resource": (without("resource"), "resource: Field required"),
    "an id that is none": (event(id="x"), "id: Input should be a valid UUID"),
    "a time that is none": (event() | {"occurred": "soon"}, "occurred: "),
    "a resource without id": (event() | {"resource": {"a": "b"}}, "resource: "),
    "a label that is no string": (
        event() | {"resource": {"prefect.resource.id": "x", "n": 1}}, "resource.n: "),
    "a related one without role": (
        event() | {"related": [{"prefect.resource.id": "x"}]}, "related[0]: "),
    "too large": (event() | {"payload": {"x": "x" * 1500000}}, "1500000 bytes"),
    "too deep": ('{"id": ' + "[" * 5000, "Invalid event: "),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_event(server, api, resource, what):
    """It ends its socket with a reason; those before it are stored, and others are not hurt."""
    message, reason = MALFORMED[what]
    good, late = numbered(resource, 2)
    with opened(server, "/events/in") as other, opened(server, "/events/in") as socket:
        socket.send(good, message, late)
        code, said = socket.closed()
        assert code == 1007 and said.startswith("Invalid event: ") and reason in said, said
        wait_for(lambda: stored(api, resource) == [good["id"]])
        other.send(late)
        assert other.receipt()
        assert stored(api, resource) == [good["id"], late["id"]]


def test_a_full_disk_gives_no_receipt(start_server, resource):
    """The socket ends with a reason, and the client sends again what has no receipt."""
    server = start_server()
    events = numbered(resource, 3)
    with sqlite3.connect(server.data / "fermata.db") as database:
        database.execute("CREATE TRIGGER full BEFORE INSERT ON events BEGIN"
                         " SELECT RAISE(ABORT, 'the disk is full'); END")
    with opened(server, "/events/in") as socket:
        socket.send(*events)
        code, reason = socket.closed()
        assert code == 1011 and "the disk is full" in reason
    with sqlite3.connect(server.data / "fermata.db") as database:
        database.execute("DROP TRIGGER full")
    with opened(server, "/events/in") as socket:
        socket.send(*events)
        assert socket.receipt()
    assert len(stored(server.api, resource)) == 3


@pytest.mark.parametrize("last", [b"", close_frame(1000), frame(PING)],
                         ids=["without a word", "with a close", "with a ping"])
def test_a_client_that_goes_has_its_events_stored(fresh_server, resource, last):
    """All that was read of it, though it goes while the first of them is being stored."""
    events = numbered(resource, 450)
    with held_commits(fresh_server):
        with Peer(fresh_server.port, "/api/events/in") as peer:
            for each in events:
                peer.json(each)
            peer.send(last)
            time.sleep(0.5)
        time.sleep(0.5)
    wait_for(lambda: how_many(fresh_server, resource) == 450)
    wait_for(lambda: sockets_open(fresh_server) == 0)


def test_a_close_is_answered_after_the_disk(fresh_server, resource):
    events = numbered(resource, 3)
    with Peer(fresh_server.port, "/api/events/in") as peer:
        with held_commits(fresh_server):
            for each in events:
                peer.json(each)
            peer.send(close_frame(1000))
            assert peer.is_silent(0.5)
        assert peer.closed() == (1000, "")
        assert stored(fresh_server.api, resource) == [each["id"] for each in events]


def test_a_client_that_goes_from_a_full_disk(start_server, resource):
    """What cannot be stored is told in the log, and keeps no socket."""
    server = start_server()
    with sqlite3.connect(server.data / "fermata.db") as database:
        database.execute("CREATE TRIGGER full BEFORE INSERT ON events BEGIN"
                         " SELECT RAISE(ABORT, 'the disk is full'); END")
    with held_commits(server), Peer(server.port, "/api/events/in") as peer:
        for each in numbered(resource, 3):
            peer.json(each)
        time.sleep(0.3)
        peer.socket.close()
        time.sleep(0.3)
    wait_for(lambda: sockets_open(server) == 0)
    assert "the disk is full" in server.log()


def test_receipts_of_a_server_that_stops(fresh_server, resource):
    """Whatever had a pong is on disk, also when the server stops in the middle of it. A flood of
    frames keeps the loop busy, so that commits and the end come to it at the same time."""
    receipts = []

    def flood():
        with Peer(fresh_server.port, "/api/events/in") as peer, suppress(OSError):
            while True:
                peer.send(frame(PONG) * 10000)

    def talk(number):
        with Peer(fresh_server.port, "/api/events/in") as peer, suppress(OSError, EOFError):
            opcode = PONG
            while opcode == PONG:
                events = numbered(f"{resource}.{number}", 2)
                ids = " ".join(each["id"] for each in events)
                peer.send(b"".join(frame(TEXT, json.dumps(each)) for each in events) + frame(PING, ids))
                opcode, payload = peer.frame()
                receipts.extend(payload.decode().split() if opcode == PONG else [])

    with ThreadPoolExecutor(30) as pool:
        clients = [pool.submit(flood) for _ in range(10)] + [pool.submit(talk, i) for i in range(20)]
        wait_for(lambda: len(receipts) > 200)
        fresh_server.stop()
        for client in clients:
            client.result()
    fresh_server.start()
    with sqlite3.connect(fresh_server.data / "fermata.db") as database:
        there = {id for id, in database.execute("SELECT id FROM events")}
    assert set(receipts) <= there


def how_many(server, resource):
    with sqlite3.connect(server.data / "fermata.db") as database:
        return database.execute("SELECT COUNT(*) FROM events WHERE resource_id = ?",
                                [resource]).fetchone()[0]


def test_many_clients(server, api, resource):
    def talk(number):
        events = [event(f"test.{number}.{i}", resource) for i in range(25)]
        with opened(server, "/events/in") as socket:
            for each in events:
                socket.send(each)
            assert socket.receipt(60)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(talk, range(16)))
    assert how_many(server, resource) == 400


# ---- out: /api/events/out


def test_what_is_there_and_what_comes(server, api, resource):
    events = numbered(resource, 6)
    send(api, events[2], events[0])
    send(api, events[1])
    with events_out(server, resource={"id": [resource]}) as stream:
        assert [each["id"] for each in stream.take_all(3)] == [each["id"] for each in events[:3]]
        assert stream.is_silent()
        send(api, events[4], events[3])
        assert [each["event"] for each in stream.take_all(2)] == ["test.number.4", "test.number.3"]
        send(api, events[4], event())
        send(api, events[5])
        taken = stream.take()
        assert taken["id"] == events[5]["id"] and taken["received"]
        assert stream.is_silent()


def test_an_event_as_it_was_sent(server, api, resource):
    made = event("test.happened", resource, related=[("flow", "prefect.flow.x")],
                 payload={"deep": [1, {"ß": 1.50}], "big": 12345678901234567890},
                 follows=str(uuid.uuid4()))
    with events_out(server, resource={"id": [resource]}) as stream:
        send(api, made)
        taken = stream.take()
        for member in ("id", "occurred", "event", "resource", "related", "payload", "follows"):
            assert taken[member] == made[member] or member == "occurred"
        again = api.post("/events/filter", json={
            "filter": SINCE | {"resource": {"id": [resource]}}}).json()
        assert taken == again["events"][0]


def test_no_backfill(server, api, resource):
    before, after = numbered(resource, 2)
    send(api, before)
    with events_out(server, backfill=False, resource={"id": [resource]}) as stream:
        assert stream.is_silent()
        send(api, after)
        assert stream.take()["id"] == after["id"]


def test_the_backfill_goes_back_a_quarter_of_an_hour(server, api, resource):
    ages = [event("test.old", resource, occurred=now() - timedelta(minutes=minutes))
            for minutes in (20, 16, 14, 1)]
    send(api, *ages)
    with events_out(server, resource={"id": [resource]}) as stream:
        assert [each["id"] for each in stream.take_all(2)] == [each["id"] for each in ages[2:]]
        assert stream.is_silent()
    occurred = {"since": iso(now() - timedelta(minutes=5)), "until": iso(now() + timedelta(days=1))}
    with events_out(server, resource={"id": [resource]}, occurred=occurred) as stream:
        assert stream.take()["id"] == ages[3]["id"]
        assert stream.is_silent()


def test_the_order_that_a_filter_names_means_nothing(server, api, resource):
    events = numbered(resource, 3)
    send(api, *events)
    with events_out(server, resource={"id": [resource]}, order="DESC") as stream:
        assert [each["id"] for each in stream.take_all(3)] == [each["id"] for each in events]


def test_a_long_backfill_with_equal_times(server, api, resource):
    """Longer than what is read at once, and many at one moment: each comes once, in order."""
    moment = now()
    events = [event(f"test.{i}", resource, occurred=moment - timedelta(seconds=(999 - i) // 300))
              for i in range(1000)]
    for i in range(0, 1000, 200):
        send(api, *events[i:i + 200])
    with events_out(server, resource={"id": [resource]}) as stream:
        taken = stream.take_all(1000)
        assert [each["id"] for each in taken] == [each["id"] for each in events]
        assert stream.is_silent()


def test_none_is_lost_or_twice_between_backfill_and_live(server, api, resource):
    """Streams begin while events come in."""
    events = [event(f"test.{i}", resource) for i in range(600)]

    def follow(delay):
        time.sleep(delay)
        with events_out(server, resource={"id": [resource]}) as stream:
            return [each["id"] for each in stream.take_all(600)], stream.is_silent(0.2)

    with ThreadPoolExecutor(12) as pool:
        followers = [pool.submit(follow, i * 0.02) for i in range(10)]
        for i in range(0, 600, 3):
            send(api, *events[i:i + 3])
        for follower in followers:
            ids, ends = follower.result()
            assert len(set(ids)) == 600 and ends


FILTERS = [
    (True, {"event": {"name": ["test.a.b"]}}),
    (True, {"event": {"name": ["x", "test.a.b"]}}),
    (False, {"event": {"name": ["test.a"]}}),
    (True, {"event": {"prefix": ["test.a"], "exclude_prefix": ["test.ab"]}}),
    (False, {"event": {"prefix": ["test.a"], "exclude_name": ["test.a.b"]}}),
    (True, {"event": None, "related": None, "id": {"id": []}, "text": None, "order": "DESC"}),
    (True, {"any_resource": {"id": ["test.flow.RUN"]}}),
    (True, {"any_resource": {"id": ["test.run.RUN"], "id_prefix": None, "labels": None}}),
    (False, {"any_resource": {"id": ["test.other.RUN"]}}),
    (True, {"related": {"id": ["test.flow.RUN"], "role": ["flow"]}}),
    (False, {"related": {"id": ["test.flow.RUN"], "role": ["deployment"]}}),
    (True, {"resource": {"labels": {"colour": "gr*"}}}),
    (False, {"resource": {"labels": {"colour": "red"}}}),
    (True, {"resource": {"id_prefix": ["test.run."]}}),
    (True, {"text": {"query": "green"}}),
    (False, {"text": {"query": "purple"}}),
]


@pytest.mark.parametrize("passes, filter", FILTERS)
def test_filters(server, api, passes, filter):
    """The same that are listed come from the backfill and live."""
    run = str(uuid.uuid4())
    filter = json.loads(json.dumps(filter).replace("RUN", run))

    def made():
        each = event("test.a.b", f"test.run.{run}", related=[("flow", f"test.flow.{run}")])
        each["resource"]["colour"] = "green"
        return each

    early, late = made(), made()
    end = event("test.end", f"test.run.{run}")
    send(api, early)
    with events_out(server, **filter) as stream, \
            events_out(server, resource={"id": [f"test.run.{run}"]}) as all_of_it:
        assert all_of_it.take()["id"] == early["id"]
        send(api, late, end)
        while all_of_it.take()["id"] != end["id"]:
            pass
        ids = []
        while not stream.is_silent_or_take(ids):
            pass
        assert (early["id"] in ids) == passes
        assert (late["id"] in ids) == passes


def test_events_of_many_names_wake_only_those_who_ask(fresh_server, resource):
    """Streams that ask for a name, as each process of a run has one, are not run for others."""
    streams = []
    try:
        for _ in range(20):
            context = events_out(fresh_server, event={"name": ["prefect.flow-run.Suspended"]})
            streams.append((context, context.__enter__()))
        wait_for(lambda: metric(fresh_server, "fermata_topics") >= 1)
        time.sleep(0.3)
        reads = metric(fresh_server, "fermata_store_reads_total")
        for each in numbered(resource, 10):
            send(fresh_server.api, each)
        time.sleep(0.3)
        done = metric(fresh_server, "fermata_store_reads_total") - reads
        assert done < 20, "each commit would have run 20"
        suspended = event("prefect.flow-run.Suspended", resource)
        send(fresh_server.api, suspended)
        for _, stream in streams:
            assert stream.take()["id"] == suspended["id"]
    finally:
        for context, _ in streams:
            context.__exit__(None, None, None)


def test_a_stream_that_is_closed_reads_no_more(fresh_server, resource):
    """Also while its client keeps the connection: what it would read is sent to nobody."""
    with Peer(fresh_server.port, "/api/events/out") as peer:
        peer.json({"type": "filter", "filter": {"event": {"name": ["test.late"]}}})
        wait_for(lambda: metric(fresh_server, "fermata_topics") >= 1)
        peer.send(close_frame(1000))
        assert peer.frame()[0] == CLOSE
        send(fresh_server.api, event("test.late", resource))
        time.sleep(0.2)
        reads = metric(fresh_server, "fermata_store_reads_total")
        for _ in range(10):
            send(fresh_server.api, event("test.late", resource))
        assert metric(fresh_server, "fermata_store_reads_total") == reads
        assert sockets_open(fresh_server) == 1


def metric(server, name):
    text = server.api.get(f"{server.url}/metrics").text
    return int(text.split(f"\n{name} ")[1].split("\n")[0])


def test_from_in_to_out(server, resource):
    events = numbered(resource, 50)
    with events_out(server, resource={"id": [resource]}) as stream, \
            opened(server, "/events/in") as socket:
        begun = time.monotonic()
        socket.send(events[0])
        assert stream.take()["id"] == events[0]["id"]
        assert time.monotonic() - begun < 1, "nothing is polled for"
        socket.send(*events[1:])
        assert [each["id"] for each in stream.take_all(49)] == [each["id"] for each in events[1:]]

"""Events: stored once, listed by filters and pages, counted."""

import base64
import datetime
import json
import random
import sqlite3
import time
import uuid

import pytest

from harness.events import ask, event, iso, listed, now, send

SECOND = datetime.timedelta(seconds=1)
DAY = datetime.timedelta(days=1)


@pytest.fixture
def mark():
    """A word that only this test's events have."""
    return uuid.uuid4().hex


def test_an_event_is_given_back_as_it_came(api, mark):
    made = event(f"{mark}.happened", f"thing.{mark}", related=[("owner", "person.1")],
                 payload={"a": [1, {"b": None}]}, follows=str(uuid.uuid4()))
    send(api, made)
    page = ask(api, event={"name": [made["event"]]})
    [found] = page["events"]
    assert page["total"] == 1 and page["next_page"] is None
    assert {key: found[key] for key in made} == made
    assert found["received"] >= made["occurred"] and found["seq"] > 0


def test_it_may_leave_out_what_it_need_not_say(api, mark):
    made = event(f"{mark}.happened")
    del made["related"]
    send(api, made | {"unknown": 1})
    [found] = ask(api, event={"name": [made["event"]]})["events"]
    assert (found["related"], found["payload"], found["follows"]) == ([], {}, None)


def test_the_id_decides(api, mark):
    """The same id again is no new event, whatever it says: in one list, and later."""
    made = event(f"{mark}.happened")
    send(api, made, made)
    send(api, made | {"payload": {"another": 1}}, made | {"id": made["id"].upper()})
    assert ask(api, event={"prefix": [mark]})["events"][0]["payload"] == {}
    assert ask(api, event={"prefix": [mark]})["total"] == 1


def test_numbers_are_given_back_as_they_came(api, mark):
    text = '{"n":12345678901234567890.10}'
    body = ('[{"id":"%s","occurred":"2099-01-01T00:00:00Z","event":"%s","resource":'
            '{"prefect.resource.id":"a"},"payload":%s}]' % (uuid.uuid4(), mark, text))
    assert api.post("/events", content=body,
                    headers={"Content-Type": "application/json"}).status_code == 204
    reply = api.post("/events/filter", json={"filter": {
        "event": {"name": [mark]}, "occurred": {"until": "2100-01-01T00:00:00Z"}}})
    assert f'"payload":{text}' in reply.text


def test_of_a_label_that_comes_twice_the_last_counts(api, mark):
    """What is found by is what is given back."""
    text = ('[{"id":"%s","occurred":"%s","event":"%s","resource":{"prefect.resource.id":"one.%s","a":"ü",'
            '"prefect.resource.id":"two.%s"},"related":[{"prefect.resource.id":"three.%s",'
            '"prefect.resource.role":"x","prefect.resource.id":"four.%s"}]}]')
    body = text % (uuid.uuid4(), iso(now()), *[mark] * 5)
    assert api.post("/events", content=body,
                    headers={"Content-Type": "application/json"}).status_code == 204
    page = api.post("/events/filter", json={"filter": {"any_resource": {"id": [f"four.{mark}"]}}})
    assert "one." not in page.text and "three." not in page.text
    [found] = page.json()["events"]
    assert found["resource"] == {"prefect.resource.id": f"two.{mark}", "a": "ü"}
    assert listed(api, resource={"labels": {"prefect.resource.id": f"one.{mark}"}}) == []
    assert listed(api, related={"labels": {"prefect.resource.id": f"three.{mark}"}}) == []


def test_none_of_a_list_is_stored_if_one_is_wrong(api, mark):
    reply = api.post("/events", json=[event(f"{mark}.good"), event(f"{mark}.bad", "")])
    assert reply.status_code == 422
    assert ask(api, event={"prefix": [mark]})["total"] == 0


WRONG = [
    ({"id": "x"}, ["id"]),
    ({"id": None}, ["id"]),
    ({"occurred": "soon"}, ["occurred"]),
    ({"event": 1}, ["event"]),
    ({"event": "x" * 1025}, ["event"]),
    ({"resource": {}}, ["resource"]),
    ({"resource": []}, ["resource"]),
    ({"resource": {"prefect.resource.id": ""}}, ["resource", "prefect.resource.id"]),
    ({"resource": {"prefect.resource.id": "a", "n": 1}}, ["resource", "n"]),
    ({"resource": {"prefect.resource.id": "a"} | {str(i): "" for i in range(500)}}, ["resource"]),
    ({"related": {}}, ["related"]),
    ({"related": ["a"]}, ["related", 0]),
    ({"related": [{"prefect.resource.id": "a"}]}, ["related", 0]),
    ({"related": [{"prefect.resource.id": "a", "prefect.resource.role": ""}]},
     ["related", 0, "prefect.resource.role"]),
    ({"related": [{"prefect.resource.id": "a", "prefect.resource.role": "b"}] * 101}, ["related"]),
    ({"payload": []}, ["payload"]),
    ({"payload": {"long": "x" * 1500000}}, []),
    ({"follows": "x"}, ["follows"]),
]


@pytest.mark.parametrize("wrong, place", WRONG, ids=lambda part: str(part)[:40])
def test_what_is_wrong_is_named(api, wrong, place):
    reply = api.post("/events", json=[event(), event() | wrong])
    assert reply.status_code == 422
    assert ["body", 1, *place] in [each["loc"] for each in reply.json()["exception_detail"]]


@pytest.mark.parametrize("name", ["id", "occurred", "event", "resource"])
def test_what_is_missing_is_named(api, name):
    made = event()
    del made[name]
    reply = api.post("/events", json=[made])
    assert reply.status_code == 422 and ["body", 0, name] == reply.json()["exception_detail"][0]["loc"]


# ---- filters ----

@pytest.fixture(scope="module")
def stored(server):
    """Some events, by short names; a second apart."""
    api, began = server.api, now() - 60 * SECOND
    mark = uuid.uuid4().hex
    made = {
        "opened": event(f"{mark}.door.opened", f"{mark}.door.1", occurred=began,
                        related=[("owner", f"{mark}.person.1"), ("tag", f"{mark}.tag.a")]),
        "closed": event(f"{mark}.door.closed", f"{mark}.door.1", occurred=began + SECOND,
                        related=[("owner", f"{mark}.person.2")], payload={"why": "Winter [cold]"}),
        "broken": event(f"{mark}.window.broken", f"{mark}.window.1", occurred=began + 2 * SECOND,
                        related=[("guest", f"{mark}.person.1")], payload={"why": 'a "stone"'}),
        "washed": event(f"{mark}.window.washed", f"{mark}.window.2", occurred=began + 3 * SECOND),
    }
    made["opened"]["resource"] |= {"colour": "red", "prefect.resource.name": "Front"}
    made["closed"]["resource"] |= {"colour": "r[e]d"}
    made["broken"]["related"][0] |= {"colour": "blue"}
    send(api, *made.values())
    return mark, made


def names(api, stored, **filters):
    """The short names of the events that the filters let through, the latest first."""
    mark, made = stored
    by_id = {each["id"]: name for name, each in made.items()}

    def full(value):
        """With the mark in the place of a $."""
        if isinstance(value, dict):
            return {full(key): full(each) for key, each in value.items()}
        if isinstance(value, list):
            return [full(each) for each in value]
        return value.replace("$", mark) if isinstance(value, str) else value

    filters = {"event": {"prefix": ["$"]}} | filters
    return " ".join(by_id[each] for each in listed(api, **full(filters)))


FILTERS = [
    ({}, "washed broken closed opened"),
    ({"order": "ASC"}, "opened closed broken washed"),
    ({"event": {"prefix": ["$.door."]}}, "closed opened"),
    ({"event": {"prefix": ["$.door.o", "$.window.b"]}}, "broken opened"),
    ({"event": {"prefix": ["$"], "exclude_prefix": ["$.door"]}}, "washed broken"),
    ({"event": {"name": ["$.door.opened"]}}, "opened"),
    ({"event": {"name": ["$.door.opened", "$.window.washed"]}}, "washed opened"),
    ({"event": {"prefix": ["$"], "exclude_name": ["$.door.opened", "$.x"]}}, "washed broken closed"),
    ({"event": {"prefix": ["$"], "name": [], "exclude_name": None}}, "washed broken closed opened"),
    ({"resource": {"id": ["$.door.1"]}}, "closed opened"),
    ({"resource": {"id": ["$.door.1", "$.window.2"]}}, "washed closed opened"),
    ({"resource": {"id_prefix": ["$.window."]}}, "washed broken"),
    ({"resource": {"labels": {"colour": "red"}}}, "opened"),
    ({"resource": {"labels": {"colour": "r*"}}}, "closed opened"),
    ({"resource": {"labels": {"colour": ["r?d"]}}}, "opened"),
    ({"resource": {"labels": {"colour": "r[e]d"}}}, "closed"),
    ({"resource": {"labels": {"colour": ["!red"]}}}, "closed"),
    ({"resource": {"labels": {"colour": []}}}, ""),
    ({"resource": {"labels": {"prefect.resource.id": "$.door.*", "colour": "*e*"}}}, "closed opened"),
    ({"resource": {"distinct": True}}, "washed broken closed"),
    ({"resource": {"distinct": True}, "order": "ASC"}, "opened broken washed"),
    ({"related": {"id": ["$.person.1"]}}, "broken opened"),
    ({"related": {"id": ["$.person.1"], "role": ["owner"]}}, "opened"),
    ({"related": {"role": ["guest", "tag"]}}, "broken opened"),
    ({"related": {"resources_in_roles": [["$.person.1", "guest"], ["$.person.2", "owner"]]}},
     "broken closed"),
    ({"related": {"labels": {"colour": "blue"}}}, "broken"),
    ({"related": {"labels": {"prefect.resource.id": "$.person.*", "prefect.resource.role": "owner"}}},
     "closed opened"),
    ({"related": [{"role": ["owner"]}, {"role": ["tag"]}]}, "opened"),
    ({"related": {"id": ["$.door.1"]}}, ""),
    ({"related": []}, "washed broken closed opened"),
    ({"any_resource": {"id": ["$.person.1", "$.window.2"]}}, "washed broken opened"),
    ({"any_resource": {"id": ["$.door.1"]}}, "closed opened"),
    ({"any_resource": {"id_prefix": ["$.person.2", "$.window.1"]}}, "broken closed"),
    ({"any_resource": {"labels": {"colour": ["red", "blue"]}}}, "broken opened"),
    ({"any_resource": [{"id": ["$.person.1"]}, {"id": ["$.door.1"]}]}, "opened"),
    ({"text": {"query": "$.door.closed"}}, "closed"),
    ({"text": {"query": "winter STONE"}}, "broken closed"),
    ({"text": {"query": "door.1 -winter"}}, "opened"),
    ({"text": {"query": "+door.1 +person.2"}}, "closed"),
    ({"text": {"query": '!door "winter [cold]"'}}, ""),
    ({"text": {"query": '"winter [cold]"'}}, "closed"),
    ({"text": {"query": "  "}}, "washed broken closed opened"),
]


@pytest.mark.parametrize("filters, expected", FILTERS, ids=lambda part: str(part)[:60])
def test_filters(api, stored, filters, expected):
    assert names(api, stored, **filters) == expected


def test_a_pattern_that_would_take_for_ever(api, mark):
    made = event(mark)
    made["resource"]["long"] = "a" * 400000
    send(api, made)
    began = time.monotonic()
    assert listed(api, event={"name": [mark]}, resource={"labels": {"long": "*a" * 400 + "b"}}) == []
    assert time.monotonic() - began < 20


def test_ids(api, stored):
    made = stored[1]
    assert names(api, stored, id={"id": [made["opened"]["id"].upper(), str(uuid.uuid4())]}) == "opened"


def test_times(api, stored):
    closed = datetime.datetime.fromisoformat(stored[1]["closed"]["occurred"])
    for occurred, expected in (
            ({"since": iso(closed)}, "washed broken closed"),
            ({"until": iso(closed)}, "closed opened"),
            ({"since": iso(closed), "until": iso(closed + SECOND)}, "broken closed")):
        assert names(api, stored, occurred=occurred) == expected


def test_what_lies_ahead_has_to_be_asked_for(api, mark):
    made = event(mark, occurred=now() + DAY)
    send(api, made)
    assert listed(api, event={"name": [mark]}) == []
    assert listed(api, event={"name": [mark]}, occurred={"until": iso(now() + 2 * DAY)}) == [made["id"]]


WRONG_FILTERS = [
    ({"odd": 1}, ["odd"]),
    ({"occurred": {"since": 1}}, ["occurred", "since"]),
    ({"event": {"prefix": "x"}}, ["event", "prefix"]),
    ({"event": {"prefix": ["x"] * 101}}, ["event", "prefix"]),
    ({"event": {"name": ["x"] * 1001}}, ["event", "name"]),
    ({"resource": {"labels": {"a": 1}}}, ["resource", "labels", "a"]),
    ({"resource": {"labels": {"a": ["b", 1]}}}, ["resource", "labels", "a", 1]),
    ({"resource": {"labels": {"a": "*" * 1001}}}, ["resource", "labels", "a"]),
    ({"resource": {"labels": {str(i): "" for i in range(101)}}}, ["resource", "labels"]),
    ({"related": 1}, ["related"]),
    ({"related": {"id_prefix": ["a"]}}, ["related", "id_prefix"]),
    ({"related": [{"id": ["a"]}, {"role": [1]}]}, ["related", 1, "role", 0]),
    ({"related": {"resources_in_roles": [["a"]]}}, ["related", "resources_in_roles", 0]),
    ({"any_resource": {"role": ["a"]}}, ["any_resource", "role"]),
    ({"id": {"id": ["x"]}}, ["id", "id", 0]),
    ({"text": {}}, ["text", "query"]),
    ({"text": {"query": "x" * 201}}, ["text", "query"]),
    ({"order": "UP"}, ["order"]),
]


@pytest.mark.parametrize("path", ["/events/filter", "/events/count-by/event"])
@pytest.mark.parametrize("filters, place", WRONG_FILTERS, ids=lambda part: str(part)[:40])
def test_what_is_wrong_with_a_filter_is_named(api, path, filters, place):
    reply = api.post(path, json={"filter": filters})
    assert reply.status_code == 422
    assert ["body", "filter", *place] in [each["loc"] for each in reply.json()["exception_detail"]]


# ---- pages ----

def pages(api, limit, **filters):
    page = ask(api, limit=limit, **filters)
    while True:
        yield page
        if not page["next_page"]:
            return
        reply = api.get(page["next_page"])
        assert reply.status_code == 200, reply.text
        page = reply.json()


@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_pages(api, mark, order):
    """Each event once, also of those at the same time, whatever comes meanwhile."""
    moment = now() - SECOND
    made = [event(mark, occurred=moment - (i // 4) * SECOND) for i in range(23)]
    send(api, *made)
    found, sizes = [], []
    for page in pages(api, 5, event={"name": [mark]}, order=order):
        assert page["total"] == 23
        sizes.append(len(page["events"]))
        found += page["events"]
        send(api, event(mark))
    assert sizes == [5, 5, 5, 5, 3]
    assert {each["id"] for each in found} == {each["id"] for each in made}
    times = [each["occurred"] for each in found]
    assert times == sorted(times, reverse=order == "DESC")


def test_pages_of_one_event_of_each_resource(api, mark):
    made = [event(mark, f"{mark}.{i % 4}", occurred=now() - i * SECOND) for i in range(1, 12)]
    send(api, *made)
    filters = {"event": {"name": [mark]}, "resource": {"distinct": True}}
    found = list(pages(api, 3, **filters))
    assert [each["total"] for each in found] == [4, 4]
    assert [each["id"] for page in found for each in page["events"]] == [
        each["id"] for each in made[:4]]


def test_a_page_as_long_as_the_rest_is_the_last(api, mark):
    send(api, event(mark), event(mark))
    assert ask(api, event={"name": [mark]}, limit=2)["next_page"] is None


def test_a_page_of_nothing_counts(api, mark):
    send(api, event(mark))
    page = ask(api, event={"name": [mark]}, limit=0)
    assert page["events"] == [] and page["total"] == 1 and page["next_page"] is None


def test_without_a_body(api):
    send(api, event())
    assert api.post("/events/filter").json()["total"] > 0
    assert api.post("/events/filter", json={"filter": None}).json()["total"] > 0


@pytest.mark.parametrize("limit", [-1, 51, "x"])
def test_wrong_limits(api, limit):
    assert api.post("/events/filter", json={"limit": limit}).status_code == 422


@pytest.mark.parametrize("token", [
    None, "", "%%%", "AAAA", "e30=", "bnVsbA==",
    # {"filter":{},"now":1,"limit":99,"total":1,"after":[1,1]}
    "eyJmaWx0ZXIiOnt9LCJub3ciOjEsImxpbWl0Ijo5OSwidG90YWwiOjEsImFmdGVyIjpbMSwxXX0="])
def test_tokens_that_are_none(api, token):
    reply = api.get("/events/filter/next", params={"page-token": token} if token is not None else {})
    assert reply.status_code == 403 and "page-token" in reply.json()["detail"]


TOKEN = {"filter": {}, "now": 1, "limit": 1, "total": 1, "after": [1, 1]}
EDGES = [-1 << 63, -1 << 62, -1, 0, 1, 50, 51, 1 << 53, (1 << 63) - 1, 1 << 63, 1.5, "1", None, []]


def next_page(api, token):
    text = base64.b64encode(json.dumps(token).encode()).decode()
    return api.get("/events/filter/next", params={"page-token": text})


@pytest.mark.parametrize("filters", [wrong for wrong, _ in WRONG_FILTERS] + [
    {"odd": 1, "resource": {"distinct": True}}, {"resource": 1}, {"occurred": []}, {"text": "x"}],
    ids=lambda part: str(part)[:40])
def test_a_token_with_a_filter_that_makes_no_sense(api, filters):
    """Whoever makes a token himself is refused, as with a filter in a body; the server lives on."""
    reply = next_page(api, TOKEN | {"filter": filters})
    assert reply.status_code in (403, 414)  # 414: the address is longer than any
    assert next_page(api, TOKEN).status_code == 200


def test_tokens_with_numbers_at_the_edges(api):
    send(api, event())
    for edge in EDGES:
        for name in ("now", "limit", "total", "after"):
            assert next_page(api, TOKEN | {name: edge}).status_code in (200, 403)
        for after in ([edge, 1], [1, edge], [edge, edge], [edge]):
            assert next_page(api, TOKEN | {"after": after}).status_code in (200, 403)
    assert next_page(api, TOKEN | {"now": -1 << 63}).status_code == 403
    assert next_page(api, TOKEN | {"now": (1 << 63) - 1}).status_code == 200


def test_random_tokens(api):
    """Parts of tokens at random, many wrong at once: an answer to each."""
    chance = random.Random(11)
    filters = [wrong for wrong, _ in WRONG_FILTERS if len(json.dumps(wrong)) < 1000]
    filters += [{}, {"order": "ASC"}, {"resource": {"distinct": True}}, None, 1, []]
    for _ in range(300):
        token = TOKEN | {"filter": chance.choice(filters)}
        for name in chance.sample(sorted(TOKEN), 2):
            if name != "filter":
                token[name] = chance.choice(EDGES)
        if chance.random() < .2:
            del token[chance.choice(sorted(TOKEN))]
        assert next_page(api, token).status_code in (200, 403)


def test_a_filter_that_is_too_long_for_pages(api, mark):
    send(api, event(mark), event(mark))
    filters = {"event": {"name": [mark] + ["x" * 100] * 100}}
    assert api.post("/events/filter", json={"filter": filters}).status_code == 200
    reply = api.post("/events/filter", json={"filter": filters, "limit": 1})
    assert reply.status_code == 422 and "too long" in reply.text


# ---- counts ----

def count(api, countable, **body):
    reply = api.post(f"/events/count-by/{countable}", json=body)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_counts_by_event_and_resource(api, stored):
    mark, made = stored
    filters = {"event": {"prefix": [mark]}}
    again = event(f"{mark}.door.opened", f"{mark}.door.1", occurred=now())
    again["resource"]["prefect.resource.name"] = "Back"
    again["event"] = "x" + again["event"]
    send(api, again)
    by_event = count(api, "event", filter=filters)
    assert [(each["value"], each["label"], each["count"]) for each in by_event] == [
        (name, name, 1) for name in sorted(each["event"] for each in made.values())]
    by_resource = count(api, "resource", filter={"resource": {"id_prefix": [mark]}})
    assert [(each["value"], each["label"], each["count"]) for each in by_resource] == [
        (f"{mark}.door.1", "Back", 3), (f"{mark}.window.1", f"{mark}.window.1", 1),
        (f"{mark}.window.2", f"{mark}.window.2", 1)]
    assert by_resource[0]["start_time"] == made["opened"]["occurred"]
    assert by_resource[0]["end_time"] == again["occurred"]


def test_counts_by_day(api, mark):
    noon = datetime.datetime(2026, 3, 4, 12, tzinfo=datetime.UTC)
    send(api, *[event(mark, occurred=noon + i * DAY) for i in (0, 0, 2)])
    counts = count(api, "day", filter={"event": {"name": [mark]}, "occurred": {
        "since": iso(noon - DAY), "until": iso(noon + 2 * DAY)}})
    assert [(each["value"], each["count"]) for each in counts] == [
        ("0", 0), ("1", 2), ("2", 0), ("3", 1)]
    assert counts[1]["start_time"] == counts[1]["label"] == "2026-03-04T00:00:00.000000Z"
    assert counts[1]["end_time"] == "2026-03-04T23:59:59.999999Z"


@pytest.mark.parametrize("unit, interval, expected", [
    ("week", 1, {"2026-03-02T00:00:00.000000Z": 4}),
    ("hour", 6, {"2026-03-04T12:00:00.000000Z": 4}),
    ("minute", 1, {"2026-03-04T12:00:00.000000Z": 3, "2026-03-04T12:01:00.000000Z": 1}),
    ("second", 0.5, {"2026-03-04T12:00:00.000000Z": 1, "2026-03-04T12:00:00.500000Z": 1,
                     "2026-03-04T12:00:59.500000Z": 1, "2026-03-04T12:01:00.000000Z": 1})])
def test_counts_by_time(api, mark, unit, interval, expected):
    noon = datetime.datetime(2026, 3, 4, 12, tzinfo=datetime.UTC)
    send(api, *[event(mark, occurred=noon + seconds * SECOND) for seconds in (0, 0.5, 59.999999, 60)])
    counts = count(api, "time", time_unit=unit, time_interval=interval, filter={
        "event": {"name": [mark]}, "occurred": {"since": iso(noon), "until": iso(noon + 61 * SECOND)}})
    assert {each["label"]: each["count"] for each in counts if each["count"]} == expected


def test_counts_before_the_first_monday_of_all(api, mark):
    moment = datetime.datetime(2023, 12, 31, 23, 59, 59, tzinfo=datetime.UTC)
    send(api, event(mark, occurred=moment))
    counts = count(api, "day", filter={"event": {"name": [mark]}, "occurred": {
        "since": iso(moment), "until": iso(moment + SECOND)}})
    assert [(each["label"], each["count"]) for each in counts] == [("2023-12-31T00:00:00.000000Z", 1)]


def test_counts_end_with_the_present(api, mark):
    send(api, event(mark, occurred=now() - SECOND))
    counts = count(api, "time", time_unit="hour", filter={"event": {"name": [mark]}, "occurred": {
        "since": iso(now() - 3 * 3600 * SECOND), "until": iso(now() + 30 * DAY)}})
    assert len(counts) in (4, 5) and sum(each["count"] for each in counts) == 1


def test_counts_of_no_time(api):
    assert count(api, "day", filter={"occurred": {
        "since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}}) == []


@pytest.mark.parametrize("body", [
    {}, {"filter": {}, "time_unit": "year"}, {"filter": {}, "time_interval": 0.001},
    {"filter": {}, "time_interval": 1e9}, {"filter": {}, "time_unit": "second"}])
def test_counts_that_cannot_be(api, body):
    assert api.post("/events/count-by/time", json=body).status_code == 422


def test_counts_of_what_cannot_be_counted(api):
    reply = api.post("/events/count-by/odd", json={"filter": {}})
    assert reply.status_code == 422 and "'resource'" in reply.text


def test_no_more_is_counted_than_anybody_reads(fresh_server):
    """Of more than 10000 events the page says so; of more than 1000 resources the first are told."""
    database = sqlite3.connect(fresh_server.data / "fermata.db")
    microseconds = int(now().timestamp() * 1e6)
    rows = [(str(uuid.UUID(int=i)), microseconds, microseconds, f"{i % 10500}", "{}", "[]", "{}")
            for i in range(10500 + 7)]
    with database:
        database.executemany("INSERT INTO events (id, occurred, received, event, resource_id, resource,"
                             " related, payload) VALUES (?, ?, ?, 'e', ?, ?, ?, ?)", rows)
    database.close()
    api = fresh_server.api
    assert ask(api, limit=1)["total"] == ask(api, resource={"distinct": True}, limit=1)["total"] == 10001
    assert ask(api, resource={"id": [str(i) for i in range(100)]})["total"] == 107
    [by_event] = count(api, "event", filter={})
    assert by_event["count"] == 10507
    by_resource = count(api, "resource", filter={})
    assert len(by_resource) == 1000
    assert [each["count"] for each in by_resource[:8]] == [2] * 7 + [1]


# ---- the disk ----

def test_what_was_acknowledged_is_there_after_a_crash(fresh_server):
    made = event()
    send(fresh_server.api, made)
    fresh_server.kill9()
    fresh_server.start()
    assert listed(fresh_server.api) == [made["id"]]
    send(fresh_server.api, made)
    assert ask(fresh_server.api)["total"] == 1

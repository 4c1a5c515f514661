"""A flow in C that asks for a value of every type: its schema, what the server takes and refuses,
and what a person does in the terminal."""

import json

import pytest

from harness.flows import Process, input_of, log_of, wait_for_question
from harness.terminal import Terminal

PARTY = {
    "title": "Spring", "level": 2, "budget": 99.5, "outside": True, "day": "2026-05-01",
    "begin": "18:30", "until": "2026-05-01T23:00:00Z",
    "id": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "key": "AP9oaQ==", "guests": ["Ann", "Ben"],
    "colors": ["red", "blue"], "chairs": {"hall": 40, "garden": 12}, "cake": ["apple", 12.5],
    "drinks": [["tea", 2.5], ["juice", 3]], "contact": {"number": "555"}, "end": None,
    "extra": {"x": [1]},
}


@pytest.fixture
def party(server, tmp_path):
    """The flow, waiting for its answer: (process, run, input request)."""
    with Process(server, tmp_path / "party.log", "tests/e2e/flows", "party") as process:
        run = wait_for_question(server.api, process)
        [request] = server.api.post("/input_requests/filter", json={
            "input_requests": {"flow_run_id": {"any_": [run["id"]]}}}).json()
        yield process, run, request


def taken(api, run):
    """What the flow says it got."""
    [line] = [line for line in log_of(api, run) if line.startswith("party: ")]
    return json.loads(line.removeprefix("party: "))


def test_the_schema_is_in_the_shape_of_pydantic(server, party):
    _, run, _ = party
    schema = json.loads(input_of(server.api, run, "paused-1-schema"))
    properties = schema["properties"]
    price = {"type": "array", "minItems": 2, "maxItems": 2, "prefixItems": [
        {"type": "string", "minLength": 1}, {"type": "number", "minimum": 0}]}
    assert properties["begin"] == {"title": "Begin", "type": "string", "format": "time"}
    assert properties["level"] == {"title": "Level", "type": "integer", "enum": [1, 2, 3]}
    assert properties["colors"] == {
        "title": "Colors", "type": "array", "uniqueItems": True,
        "items": {"type": "string", "enum": ["red", "green", "blue"]}}
    assert properties["chairs"] == {"title": "Chairs", "type": "object", "minProperties": 1,
                                    "additionalProperties": {"type": "integer"}}
    assert properties["cake"] == {"title": "Cake"} | price
    assert properties["drinks"] == {"title": "Drinks", "type": "array", "items": price}
    assert properties["contact"] == {"title": "Contact", "anyOf": [
        {"title": "Room", "type": "integer"},
        {"title": "Mail", "type": "string", "format": "email"}, {"$ref": "#/$defs/Phone"}]}
    assert properties["end"] == {"title": "End", "default": None, "anyOf": [
        {"type": "string", "format": "time"}, {"type": "null"}]}
    assert schema["required"] == [name for name in PARTY if name not in ("end", "extra")]


@pytest.mark.parametrize("change", [
    {}, {"begin": "18:30:15.25", "end": "23:59:59"}, {"key": ""}, {"contact": 7, "level": 3},
    {"contact": "a@example.com", "colors": [], "drinks": []},
], ids=str)
def test_a_right_answer_reaches_the_flow(server, party, change):
    process, run, request = party
    answer = PARTY | change
    path = f"/input_requests/{request['id']}/answer"
    reply = server.api.post(path, json={"value": answer})
    assert reply.status_code == 200, reply.text
    assert process.end() == 0, process.output()
    got = taken(server.api, run)
    times = {name: got[name] for name in ("begin", "end", "until")}
    wanted = {"begin": "18:30:00", "end": None, "until": "2026-05-01T23:00:00.000000Z"}
    if change.get("end"):
        wanted |= {"begin": "18:30:15.250000", "end": "23:59:59"}
    assert times == wanted
    assert got | wanted == answer | wanted


WRONG = [
    ({"begin": "18:30Z"}, "begin"), ({"begin": "24:00"}, "begin"), ({"end": 5}, "end"),
    ({"key": "aGk"}, "key"), ({"key": 1}, "key"), ({"level": 4}, "level"),
    ({"colors": ["red", "red"]}, "colors"), ({"colors": ["black"]}, "colors[0]"),
    ({"chairs": {"hall": "x"}}, "chairs.hall"), ({"chairs": {}}, "chairs"),
    ({"cake": ["apple"]}, "cake"), ({"cake": ["apple", 1, 2]}, "cake"),
    ({"cake": {"item": "apple", "price": 1}}, "cake"), ({"drinks": [["tea", -1]]}, "drinks[0][1]"),
    ({"drinks": [["tea", 1], ["", 1]]}, "drinks[1][0]"), ({"contact": None}, "contact"),
    ({"contact": {"number": "x"}}, "contact"), ({"contact": [1]}, "contact"),
]


def test_a_wrong_answer_is_refused_with_its_place(server, party):
    process, _, request = party
    path = f"/input_requests/{request['id']}/answer"
    for change, place in WRONG:
        reply = server.api.post(path, json={"value": PARTY | change})
        assert reply.status_code == 422, (change, reply.text)
        paths = [error["path"] for error in reply.json()["errors"]]
        assert [path for path in paths if path.startswith(place)], (change, reply.json())
    assert process.process.poll() is None
    assert server.api.post(path, json={"value": PARTY}).status_code == 200
    assert process.end() == 0


CONVERSATION = [
    ("Title *", "Spring"), ("Level *  one of", "2"), ("Budget *", "99.5"), ("Outside *", "y"),
    ("Day *", "2026-05-01"),
    ("Begin *  a time of day, like 18:30", "half six"), ("must be a time of day", "18:30"),
    ("Until *", "2026-05-01T23:00:00Z"), ("Id *", PARTY["id"]),
    ("Key *  bytes as base64, like aGVsbG8=", "aGk"), ("must be bytes as base64", "AP9oaQ=="),
    ("Guests *", "Ann, Ben"),
    ("Colors *  a list, separated by commas; each one of", "red, red"), ("✗", "red, blue"),
    ('Chairs *  names with their values, as JSON: {"name": value}', "hall: 40"),
    ("must be JSON", '{"hall": "x"}'), ("hall: must be a whole number",
                                        '{"hall": 40, "garden": 12}'),
    ("Cake *  a list, separated by commas: text, at least 1 long, a number", "apple, 12.5"),
    ("Drinks *  a list", "y"), ("Drinks 1 *", "tea, 2.5"), ("add another?", "y"),
    ("Drinks 2 *", "juice, 3"), ("add another?", "n"),
    ("Contact *  one of", "Phone"), ("Number *", "555"), ("End", ""),
    ("Extra  JSON", '{"x": [1]}'),
]


def test_a_person_can_fill_in_every_type(server, party):
    process, run, _ = party
    with Terminal("answer", "--run", run["name"],
                  FERMATA_API_URL=server.url + "/api") as terminal:
        for shown, line in CONVERSATION:
            terminal.expect(shown)
            terminal.expect("> ")
            terminal.send(line)
        terminal.expect("goes on.")
    assert process.end() == 0, process.output()
    got = taken(server.api, run)
    assert got | {"begin": "18:30", "until": PARTY["until"]} == PARTY


def test_a_type_of_python_s_is_received_and_sent(server, api, tmp_path):
    """As a Python flow sends List[Tuple[str, float]], and reads it."""
    with Process(server, tmp_path / "echo.log", "tests/e2e/flows", "price_echo") as process:
        run = process.run()
        sent = {"key": "listautomaticruninput-auto-1", "value": '{"value":[["tea",2.5],["x",1.0]]}'}
        assert api.post(f"/flow_runs/{run['id']}/input", json=sent).status_code == 201
        assert process.end() == 0, process.output()
    [echo] = api.post(f"/flow_runs/{run['id']}/input/filter", json={"prefix": "echo-"}).json()
    assert json.loads(echo["value"]) == {"value": [["tea", 2.5], ["x", 1.0]]}

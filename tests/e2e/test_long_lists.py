"""Lists that are longer than the API gives at once, for scripts to their end."""

import json

import pytest

from harness.bulk import NUMBERS, insert
from harness.objects import make_run
from harness.plain_server import Gateway, gateway
from harness.terminal import run_command


@pytest.fixture
def variables(server, api):
    api.post("/variables/", json={"name": "big", "value": 0})
    insert(server, f"{NUMBERS} INSERT INTO variables (id, created, updated, name, value, tags)"
                   " SELECT printf('%08x-0000-4000-8000-000000000000', i), i, i, printf('name_%04d', i),"
                   " '12345678901234567890.12', '[]' FROM n", 450)
    yield sorted(variable_names(api))
    insert(server, "DELETE FROM variables")


def variable_names(api):
    rows = []
    while page := api.post("/variables/filter", json={"sort": "NAME_ASC", "offset": len(rows)}).json():
        rows += page
    return [row["name"] for row in rows]


def fermata(url, *arguments):
    done = run_command(*arguments, FERMATA_API_URL=url + "/api")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_variables(server, variables):
    assert fermata(server.url, "variable", "ls", "--quiet").split() == variables
    text = fermata(server.url, "variable", "ls", "--json")
    assert [row["name"] for row in json.loads(text)] == variables
    assert text.count("12345678901234567890.12") == 450, "as it was written"
    lines = fermata(server.url, "variable", "ls").splitlines()
    assert len(lines) == 202 and lines[-1].startswith("These are the first 200; --quiet and --json")


def test_inputs(server, api):
    run = make_run(api)
    for i in range(230):
        body = {"key": f"key-{i}", "value": str(i)}
        assert api.post(f"/flow_runs/{run['id']}/input", json=body).status_code == 201
    keys = fermata(server.url, "input", "ls", "--quiet", run["id"]).split()
    assert sorted(keys) == sorted(f"key-{i}" for i in range(230))


def changing(times):
    """A gateway; after the first page a variable that was on it is deleted, this many times."""
    class Changing(Gateway):
        left = times

        def hand_on(self):
            super().hand_on()
            if Changing.left and self.path.endswith("/variables/filter"):
                Changing.left -= 1
                name = variable_names(self.server.front.api)[0]
                assert self.server.front.api.delete(f"/variables/name/{name}").status_code == 204

        do_POST = hand_on

    return Changing


def test_none_is_left_out_when_others_go_meanwhile(server, api, variables):
    with gateway(server, changing(3)) as front:
        listed = fermata(front.url, "variable", "ls", "--quiet").split()
    assert listed == variables[3:]


def test_a_list_that_never_stands_still(server, variables):
    with gateway(server, changing(100)) as front:
        done = run_command("variable", "ls", "--quiet", FERMATA_API_URL=front.url + "/api")
    assert done.returncode == 1 and done.stdout == ""
    assert "changes faster than it can be read" in done.stderr

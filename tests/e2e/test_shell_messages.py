"""`fermata send`, `receive` and `respond` between scripts and other runs, and examples/shell."""

import json
import os
import re
import time
import uuid

import pytest

from harness.flows import input_of, log_of, read, resume, send_input, wait, wait_for_state
from harness.runs import ask_for_run, wait_for_end
from harness.scripts import started_scripts
from harness.server import ROOT
from harness.stock import StockServer
from harness.terminal import run_command

EXAMPLES = ROOT / "examples/shell"
TEXT = "strautomaticruninput-auto"


@pytest.fixture
def start(server, tmp_path):
    yield from started_scripts(server, tmp_path)


@pytest.fixture
def fermata(server):
    return lambda *arguments, **more: run_command(*arguments, FERMATA_API_URL=server.url + "/api",
                                                  **more)


def test_messages_come_once_and_in_order(api, start, fermata):
    script = start("fermata receive --follow --timeout 3; echo \"status $?\"")
    run = script.run()
    values = ["hello", 1, 2.5, True, [1, "a"], {"a": "\x1b[31m\u009b\n"}]
    for value in values:
        assert fermata("send", run["id"], json.dumps(value)).returncode == 0
    send_input(api, run, "order-1", {"size": 3})  # of another type: not for it
    script.expect(json.dumps(values[-1])[:5])
    assert script.end() == 0
    lines = [line for line in script.output().splitlines() if line[:1] in '"1[{2t' and "|" not in line]
    assert [json.loads(line) for line in lines] == values
    assert "nothing came for 3 seconds" in script.output() and "status 1" in script.output()
    assert "\x1b[31m" not in script.output() and "\x9b" not in script.output()


def test_messages_under_a_prefix(api, start):
    script = start("fermata receive --prefix order --with-metadata --timeout 20\n"
                   "fermata receive --prefix Order; echo \"status $?\"")
    run = script.run()
    send_input(api, run, TEXT + "-1", {"value": "not this"})
    send_input(api, run, "orders-1", "nor this")
    send_input(api, run, "order-1", {"size": 3})
    assert script.end() == 0
    [line] = re.findall(r"^\{.*\}$", script.output(), re.MULTILINE)
    message = json.loads(line)
    assert message.pop("sent").endswith("Z")
    assert message == {"value": {"size": 3}, "key": "order-1", "sender": None}
    assert "lower-case letters" in script.output() and "status 1" in script.output()


def test_a_script_that_starts_anew_goes_on_behind_the_last_message(api, start, tmp_path):
    script = start(f'echo "got $(fermata receive)"\n'
                   f'[ -e {tmp_path}/again ] || {{ touch {tmp_path}/again; exit 1; }}\n'
                   'fermata respond x; echo "status $?"', "--retries", "1")
    run = script.run()
    for text in "first", "second":
        send_input(api, run, f"{TEXT}-{text}", {"value": text})
    assert script.end() == 0
    assert re.findall(r'^got (".*")$', script.output(), re.MULTILINE) == ['"first"', '"second"']
    assert "there is nobody to respond to" in script.output() and "status 1" in script.output()


def test_the_largest_message_can_be_responded_to(api, start):
    asker = start("sleep 30").run()
    script = start("fermata receive > /dev/null; fermata respond done")
    reply = api.post(f"/flow_runs/{script.run()['id']}/input", json={
        "key": f"{TEXT}-1", "value": json.dumps({"value": "\u009b" * 200_000}, ensure_ascii=False),
        "sender": f"prefect.flow-run.{asker['id']}"})
    assert reply.status_code == 201
    assert script.end() == 0, script.output()
    [row] = api.post(f"/flow_runs/{asker['id']}/input/filter", json={"prefix": TEXT}).json()
    assert json.loads(row["value"]) == {"value": "done"}


def test_what_was_stored_is_sent_though_the_reply_was_lost(api, server, start, tmp_path):
    """At a server that knows no Idempotency-Key."""
    asker = start("sleep 30").run()
    with StockServer(server) as stock:
        script = start(f"set -e; fermata receive; echo kept; until [ -e {tmp_path}/go ]; do sleep 0.1; done\n"
                       "fermata respond first", FERMATA_API_URL=stock.url + "/api")
        run = script.run()
        api.post(f"/flow_runs/{run['id']}/input", json={
            "key": f"{TEXT}-1", "value": json.dumps({"value": "go"}),
            "sender": f"prefect.flow-run.{asker['id']}"})
        script.expect("kept\n")  # its place, which is an input, too
        stock.lost = 1
        (tmp_path / "go").touch()
        assert script.end() == 0, script.output()
        assert stock.lost == 0
        stock.lost = 1
        done = run_command("send", asker["id"], "second", FERMATA_API_URL=stock.url + "/api")
        assert done.returncode == 0, done.stderr
        assert stock.lost == 0
    rows = api.post(f"/flow_runs/{asker['id']}/input/filter", json={"prefix": TEXT, "limit": 9}).json()
    assert [json.loads(row["value"])["value"] for row in rows] == ["first", "second"]


def test_a_question_gets_its_answer(api, start):
    asker, name = start("sleep 30").run(), str(uuid.uuid4())
    script = start("fermata respond early; fermata receive; fermata respond 42; fermata respond 43")
    run = script.run()
    script.expect("nothing was received yet")
    reply = api.post(f"/flow_runs/{run['id']}/input", json={
        "key": f"{TEXT}-ask-{name}", "value": json.dumps({"value": "how many?"}),
        "sender": f"prefect.flow-run.{asker['id']}"})
    assert reply.status_code == 201
    assert script.end() == 1
    assert json.loads(input_of(api, asker, f"answer-{name}")) == {"value": 42}
    assert "was answered already" in script.output()


def test_each_line_can_be_responded_to(api, start):
    askers = [start("sleep 30").run() for _ in range(2)]
    script = start("fermata receive --follow --with-metadata --timeout 4 | while read -r line; do\n"
                   "    sleep 0.5; fermata respond --to \"$line\" \"re: $line\"\n"
                   "done\nfermata respond --to '{\"key\": 1}' x; fermata respond --to x x; true")
    run = script.run()
    for number, asker in enumerate(askers):
        api.post(f"/flow_runs/{run['id']}/input", json={
            "key": f"{TEXT}-{number}", "value": json.dumps({"value": f"text {number}"}),
            "sender": f"prefect.flow-run.{asker['id']}"})
    assert script.end() == 0
    for number, asker in enumerate(askers):
        [row] = api.post(f"/flow_runs/{asker['id']}/input/filter", json={"prefix": TEXT}).json()
        assert f'"text {number}"' in json.loads(row["value"])["value"]
        assert row["sender"] == f"prefect.flow-run.{run['id']}"
    assert script.output().count("it has to be a line of") == 2


# ---- examples/shell ----


def example(name):
    return str(EXAMPLES / name)


@pytest.mark.parametrize("yes", [True, False])
def test_the_deployment_with_an_approval(api, start, yes):
    script = start(example("deploy.sh"), "-p", "region=us-east")
    run = script.answer(confirmed=yes)
    assert script.end() == (0 if yes else 1)
    assert ("deploying shop:" in script.output()) == yes
    assert read(api, run)["state"]["type"] == ("COMPLETED" if yes else "FAILED")
    assert "**shop:" in input_of(api, run, "paused-1-description")
    assert any("nobody wanted shop:" in line for line in log_of(api, run)) != yes


def test_the_release_that_asks_for_a_version(api, start, fermata):
    script = start(example("release.sh"))
    script.answer(version="2.4.0'$(exit 1)", note="say \"no\" more")
    assert script.end() == 0
    assert "releasing 2.4.0'$(exit 1) to 10 % of production\n" in script.output()
    assert 'note: say "no" more' in log_of(api, script.run())
    assert fermata("variable", "get", "last_release").stdout == "2.4.0'$(exit 1)\n"


@pytest.mark.parametrize("delete", [True, False])
def test_the_cleanup_over_the_weekend(api, start, tmp_path, delete):
    files = [tmp_path / "old" / name for name in ("a b.log", "$(touch pwned)", "new.log")]
    files[0].parent.mkdir()
    for file in files:
        file.write_text("x")
    for file in files[:2]:
        os.utime(file, (0, time.time() - 40 * 86400))
    runner = start(example("cleanup.sh"), "--name", "weekly", "--flow", "cleanup",
                   "-p", "days: integer >= 1 = 30", command="serve", at=EXAMPLES,
                   CLEANUP_DIR=str(files[0].parent))
    runner.expect("'cleanup/weekly'")
    run = ask_for_run(api, "cleanup/weekly")
    wait_for_state(api, run, "Suspended")
    files[2].touch()
    assert "2 files" in input_of(api, run, "suspended-1-schema")
    wait(lambda: resume(api, run, {"delete": delete})["status"] == "ACCEPT", "an acceptance")
    assert wait_for_end(api, run)["state"]["type"] == "COMPLETED"
    assert [file.exists() for file in files] == [not delete, not delete, True]


def test_the_chat(api, start):
    host = start(example("host.sh"), "--name", f"host-{uuid.uuid4()}")
    name = host.run()["name"]
    guest = start(example("guest.sh"), arguments=[name, "Ada", "\"$(exit)"])
    assert guest.end() == 0 and host.end() == 0
    assert "the host says Hello, Ada!\n" in guest.output()
    assert "the host says Hello, \"$(exit)!\n" in guest.output()
    assert "here is Ada\n" in host.output()

"""`fermata version` and `fermata config`, what is said without a server, and pipes that break."""

import json
import subprocess

import pytest

from harness.objects import make_run
from harness.server import build_directory, clean_environment
from harness.stock import StockServer
from harness.terminal import Terminal, run_command

NOWHERE = "http://127.0.0.1:9/api"


def test_versions(server):
    url = server.url + "/api"
    version = run_command("--version").stdout.split()[1]
    prefect = server.api.get("/admin/version").json()
    assert run_command("version", FERMATA_API_URL=url).stdout == (
        f"fermata  {version}\nserver   fermata {version}, for clients of Prefect {prefect}, at {url}\n")
    told = json.loads(run_command("version", "--json", PREFECT_API_URL=url).stdout)
    assert told["client"] == version
    assert told["server"] == server.api.get("/admin/server").json()
    assert told["server"]["version"] == version


def test_versions_of_another_server(server):
    with StockServer(server) as stock:
        told = json.loads(run_command("version", "--json", FERMATA_API_URL=stock.url + "/api").stdout)
        assert told["server"] == {"name": "prefect", "version": server.api.get("/admin/version").json()}


def test_versions_without_a_server():
    done = run_command("version", FERMATA_API_URL=NOWHERE)
    assert done.returncode == 1 and done.stdout.startswith("fermata  ") and "cannot reach" in done.stderr
    assert json.loads(run_command("version", "--json", FERMATA_API_URL=NOWHERE).stdout)["server"] is None
    quiet = run_command("version", "--quiet", FERMATA_API_URL=NOWHERE)
    assert (quiet.returncode, quiet.stderr) == (0, "") and "fermata  " + quiet.stdout == done.stdout


def config(*arguments, **environment):
    done = run_command("config", "--json", *arguments, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    return {row["setting"]: (row["value"], row["from"]) for row in json.loads(done.stdout)}


def test_where_settings_come_from():
    told = config()
    assert told["api"] == ("http://127.0.0.1:4200/api", "default")
    assert told["api key"] == ("none", "default")
    assert told["server --port"] == ("4200", "default")
    assert told["server --allowed-hosts"] == ("none", "default")
    told = config(PREFECT_API_URL="http://a/api", FERMATA_PORT="4300", NO_COLOR="1")
    assert told["api"] == ("http://a/api", "PREFECT_API_URL")
    assert told["server --port"] == ("4300", "FERMATA_PORT")
    assert told["colours"] == ("never", "NO_COLOR")
    both = {"PREFECT_API_URL": "http://a/api", "FERMATA_API_URL": "http://b/api"}
    assert config(**both)["api"] == ("http://b/api", "FERMATA_API_URL")
    assert config("--api", "http://c/api", **both)["api"] == ("http://c/api", "--api")
    assert run_command("config", "-q", **both).stdout == "http://b/api\n"
    assert "FERMATA_API_URL" in run_command("config", **both).stdout


@pytest.mark.parametrize("arguments", [["version"], ["flow", "ls"], ["run", "--", "true"],
                                       ["serve", "--name", "x", "--", "true"]])
def test_no_message_shows_the_password_of_the_address(arguments):
    done = run_command(*arguments, FERMATA_API_URL="http://ada:sesame@127.0.0.1:9/api")
    assert done.returncode == 1
    assert "http://127.0.0.1:9/api" in done.stdout + done.stderr
    assert "sesame" not in done.stdout + done.stderr
    done = run_command(*arguments, FERMATA_API_URL="ftp://ada:sesame@host/api")
    assert "'host/api' is no address" in done.stderr and "sesame" not in done.stderr


def test_neither_does_the_version_of_the_server(server):
    url = server.url.replace("//", "//ada:sesame@")
    done = run_command("version", FERMATA_API_URL=url + "/api")
    assert done.returncode == 0 and f"at {server.url}/api" in done.stdout
    assert "sesame" not in done.stdout


def test_no_secret_is_shown():
    told = config(FERMATA_API_KEY="hunter2", PREFECT_API_AUTH_STRING="ada:hunter2",
                  FERMATA_API_URL="https://ada:hunter2@host:4200/api")
    assert told["api key"] == ("(not shown)", "PREFECT_API_AUTH_STRING")
    assert told["api"] == ("https://(not shown)@host:4200/api", "FERMATA_API_URL")
    assert "hunter2" not in str(told)


@pytest.mark.parametrize("arguments", [
    ("inbox",), ("answer",), ("flow-run", "ls"), ("deployment", "run", "a/b"), ("variable", "set", "a", "1"),
    ("inbox", "--watch")])
def test_without_a_server_the_way_out_is_told(arguments):
    done = run_command(*arguments, FERMATA_API_URL=NOWHERE)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"cannot reach {NOWHERE}" in done.stderr
    assert "Start a server with 'fermata server'" in done.stderr and "--api" in done.stderr


@pytest.mark.parametrize("arguments", [("flow-run", "ls", "--limit", "200"), ("manual",)])
def test_a_pipe_that_breaks_ends_it_silently(server, api, arguments):
    for i in range(30):
        make_run(api, name=f"{'x' * 200}-{i}")
    script = (f"{build_directory()}/fermata {' '.join(arguments)} | head -n 1 >/dev/null; "
              "echo ${PIPESTATUS[0]}")
    for _ in range(3):
        done = subprocess.run(["bash", "-c", script], text=True, capture_output=True, timeout=30,
                              env=clean_environment(FERMATA_API_URL=server.url + "/api"))
        # It may have been done before the pipe broke.
        assert done.stderr == "" and done.stdout in ("141\n", "0\n")


def test_an_output_that_cannot_be_written():
    with open("/dev/full", "w") as full:
        done = subprocess.run([build_directory() / "fermata", "config"], stdout=full, text=True,
                              stderr=subprocess.PIPE, env=clean_environment(), timeout=30)
    assert (done.returncode, done.stderr) == (1, "error: writing failed\n")


@pytest.mark.parametrize("columns", [20, 40, 80])
def test_tables_fit_a_terminal(server, api, columns):
    for name in "日本語の長い名前" * 4, "e\u0301" * 60, "plain" * 20:
        make_run(api, name=name)
    with Terminal("flow-run", "ls", columns=columns, FERMATA_API_URL=server.url + "/api") as terminal:
        assert terminal.wait() == 0
        lines = terminal.lines()
        # A line that was too wide would go on in the next one.
        assert len(lines) == 1 + len(run_command("flow-run", "ls", "-q",
                                                 FERMATA_API_URL=server.url + "/api").stdout.split())
        if columns == 80:
            assert "日本" in "".join(lines)


def test_colours(server, api):
    make_run(api)
    for more, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        with Terminal("flow-run", "ls", FERMATA_API_URL=server.url + "/api", **more) as terminal:
            assert terminal.wait() == 0
            assert ("\x1b" in terminal.screen) == coloured

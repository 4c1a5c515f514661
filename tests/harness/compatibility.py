"""The table of docs/prefect-compatibility.md: each operation of Prefect's API, and what it is here.

It comes from the API's description in the installed Prefect and the server's own /openapi.json; what
no description can say stands in the tables below. `script/compatibility` writes it."""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.prefect import PYTHON, settings  # noqa: E402
from harness.server import ROOT, Server, clean_environment  # noqa: E402

PAGE = ROOT / "docs/prefect-compatibility.md"
BEGIN, END = "<!-- table -->", "<!-- end of table -->"

# Why an operation is not there, by the beginning of its path; the first that fits counts.
REASONS = (
    ("/automations/related-to", "there are none, so the list is empty"),
    ("/automations", "automations come later; lists are empty, a new one is refused with a sentence"),
    ("/csrf-token", "browsers are kept out by their `Origin`; the client is told that it needs no token"),
    ("/templates", "only automations have templates"),
    ("/ui/", "for the pages of Prefect's server; Fermata's own pages do not need it"),
    ("/admin/settings", "Prefect's settings; Fermata's are in `fermata server --help`"),
    ("/admin/storage", "results are kept where the flow runs"),
    ("/task_workers", "background tasks (`Task.serve`, `.delay`) need Prefect's own server"),
    ("/flow_runs/{id}/graph", "for the pages of Prefect's server"),
    ("/flow_runs/{id}/logs/download", "`fermata flow-run logs RUN` and `/logs/filter` give the same lines"),
    ("/flows/bulk_delete", "flows are deleted one by one"),
    ("/deployments/{id}/work_queue_check", "work pools are not there yet, so the list is empty"),
    ("/work_", "work pools are not there yet"),
    ("/collections", "work pools are not there yet"),
    ("/artifacts", "artifacts are not there yet"),
    ("/saved_searches", "saved searches are not there yet"),
    ("/concurrency_limits", "limits of concurrency are not there yet"),
    ("/v2/concurrency_limits", "limits of concurrency are not there yet"),
    ("/block_", "blocks are not there yet"),
    ("/events", "events are not there yet"),
)


def prefect_description(directory):
    """What the installed Prefect says of its own API."""
    program = "import json; from prefect.server.api.server import create_app as app; " \
              "print(json.dumps(app().openapi()))"
    done = subprocess.run([PYTHON, "-c", program], capture_output=True, text=True, check=True,
                          cwd=directory, env=clean_environment(**settings(directory, "http://127.0.0.1:9")))
    return json.loads(done.stdout)


def operations(document, prefix):
    """{(method, path without names of parameters): (path, operation)}, of the paths below prefix."""
    return {(method.upper(), re.sub(r"\{\w+\}", "{}", path[len(prefix):])): (path[len(prefix):], operation)
            for path, methods in document["paths"].items() if path.startswith(prefix + "/")
            for method, operation in methods.items()}


class Side:
    """One description of one operation."""

    def __init__(self, document, operation):
        self.document, self.operation = document, operation

    def _resolve(self, schema):
        while "$ref" in schema:
            target = self.document
            for key in schema["$ref"][2:].split("/"):
                target = target[key]
            schema = target
        return schema

    def _members(self, holder):
        """The names of the members of the JSON that is sent: of the object, or of a list's objects."""
        schema = holder.get("content", {}).get("application/json", {}).get("schema", {})
        names, rest = set(), [schema]
        while rest:
            schema = self._resolve(rest.pop())
            names |= schema.get("properties", {}).keys()
            rest += [schema["items"]] if schema.get("type") == "array" else []
            rest += [part for kind in ("anyOf", "allOf", "oneOf") for part in schema.get(kind, [])]
        return names

    def body(self):
        return self._members(self.operation.get("requestBody", {}))

    def good(self):
        return [reply for status, reply in self.operation["responses"].items() if status[0] == "2"]

    def reply(self):
        return set().union(*map(self._members, self.good()))

    def _parameters(self, where):
        return {parameter["name"] for parameter in map(self._resolve, self.operation.get("parameters", []))
                if parameter["in"] == where}

    def query(self):
        return self._parameters("query")

    def headers(self):
        return {name for name in self._parameters("header") if name.lower() != "x-prefect-api-version"}


def listed(names, where):
    return [f"{', '.join(f'`{name}`' for name in sorted(names))} in the {where}"] if names else []


def compared(theirs, ours):
    """(what is missing, what is added), each a list of phrases."""
    places = (("query", Side.query), ("body", Side.body), ("reply", Side.reply))
    missing = [phrase for name, of in places for phrase in listed(of(theirs) - of(ours), name)]
    added = [phrase for name, of in (("headers", Side.headers), *places)
             for phrase in listed(of(ours) - of(theirs), name)]
    return missing, added


def reason_of(path):
    return next((pair for pair in REASONS if path.startswith(pair[0])), None)


def verdict(path, theirs, ours, used):
    """What the table says of an operation; the reason that it needed goes into `used`."""
    reason = reason_of(path)
    missing, added = compared(theirs, ours) if ours else ([], [])
    if not ours or not ours.good() or (missing and reason):
        assert reason, f"{path} is not there as in Prefect: say why in REASONS of {__file__}"
        used.add(reason)
        return ("in part" if ours and ours.good() else "not there") + f": {reason[1]}"
    same = "same" + (f", without {', '.join(missing)}" if missing else "")
    return same + (f"; added: {', '.join(added)}" if added else "")


def table(theirs, ours):
    """The table's lines, and the reasons that none needed."""
    own = {key: Side(ours, operation) for key, (_, operation) in operations(ours, "/api").items()}
    lines, heading, used = [], None, set()
    for (method, key), (path, operation) in operations(theirs, "").items():
        tag = operation.get("tags", ["The server"])[0]
        if tag != heading:
            lines += ["", f"### {tag}", "", "| operation | here |", "|---|---|"]
            heading = tag
        said = verdict(path, Side(theirs, operation), own.get((method, key)), used)
        lines.append(f"| `{method} {path}` | {said} |")
    return lines[1:], [reason for reason in REASONS if reason not in used]


def page():
    """The page as it should be, and the reasons that none needed."""
    with tempfile.TemporaryDirectory() as directory, Server(directory) as server:
        ours = server.api.get(f"{server.url}/openapi.json").json()
        lines, unused = table(prefect_description(directory), ours)
    before, rest = PAGE.read_text().split(BEGIN)
    return f"{before}{BEGIN}\n{chr(10).join(lines)}\n{END}{rest.split(END)[1]}", unused


if __name__ == "__main__":
    PAGE.write_text(page()[0])

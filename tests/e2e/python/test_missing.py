"""A user of the stock client who asks for what is not there sees a sentence that says so."""

import pytest

pytestmark = pytest.mark.timeout(180)


def refused(process):
    assert process.end() == 1, process.output()
    return process.output()


def test_a_client_that_is_too_old(programs):
    shown = refused(programs("missing.py", "old"))
    assert "This client speaks version 0.7.0 of the API" in shown
    assert "install a newer client, pip install --upgrade prefect" in shown


def test_a_client_that_is_newer(programs):
    process = programs("missing.py", "newer")
    assert process.end() == 0 and "of-the-future" in process.output()


def test_a_route_that_is_not_there(programs):
    assert "There is no POST /api/ui/flows/next-runs here" in refused(programs("missing.py", "route"))


def test_an_automation_of_a_served_flow(programs):
    assert "Fermata has no automations yet" in refused(programs("triggered.py"))


def test_commands_for_automations(programs, tmp_path):
    status, shown = programs.command("automation", "ls")
    assert status == 0 and "Automations" in shown
    status, shown = programs.command("automation", "inspect", "nightly")
    assert status == 1 and "not found" in shown
    (tmp_path / "nightly.yaml").write_text("""
name: nightly
trigger: {type: event, expect: [prefect.flow-run.Failed], threshold: 1, within: 0, posture: Reactive}
actions: [{type: do-nothing}]
""")
    status, shown = programs.command("automation", "create", "--from-file", str(tmp_path / "nightly.yaml"))
    assert status == 1 and "Fermata has no automations yet" in shown

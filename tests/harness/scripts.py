"""Shell scripts that are flow runs."""

import os
import signal

from harness.flows import Process, input_of, read, resume, wait
from harness.server import build_directory

# Under this name the command has less patience: see tests/e2e/impatient.c.
IMPATIENT = "tests/e2e/impatient"


def with_path(directory):
    """A PATH in which `fermata` is the one of this directory."""
    return f"{directory}:{os.environ['PATH']}"


class Script(Process):
    """`fermata run OPTION... -- bash FILE`, or `serve`; `text` is the script, or the path of one."""

    def __init__(self, server, directory, text, *options, command="run", program="fermata",
                 arguments=(), at=None, **environment):
        self.directory = directory
        if os.path.exists(text):
            self.file = text
        else:
            self.file = directory / "script.sh"
            self.file.write_text(text)
        self.temporary = directory / "tmp"
        self.temporary.mkdir(exist_ok=True)
        super().__init__(server, directory / f"{command}.log", program, command, *options, "--",
                         "bash", str(self.file), *arguments, at=at,
                         PATH=with_path(build_directory()), TMPDIR=str(self.temporary),
                         **environment)

    def __exit__(self, *error):
        if self.process.poll() is None:  # also what it has started
            self.process.send_signal(signal.SIGTERM)
            wait(lambda: self.process.poll() is not None, "the end", self.output)
        super().__exit__(*error)

    def question(self, key="paused-1"):
        """The run, once it asks under this key."""
        run = self.run()
        wait(lambda: read(self.server.api, run)["state"]["type"] == "PAUSED" and
             input_of(self.server.api, run, key + "-schema"), key, self.output)
        return run

    def answer(self, key="paused-1", **fields):
        """Answers what it asks under this key; the run."""
        run = self.question(key)
        # After a retry there may be the schema of the earlier question for a moment.
        wait(lambda: resume(self.server.api, run, fields)["status"] == "ACCEPT", "an acceptance",
             self.output)
        return run

    def left_behind(self):
        return list(self.temporary.iterdir())


def started_scripts(server, directory):
    """For a fixture: what starts scripts, each in a directory of its own; at last they are ended."""
    scripts = []

    def start(text, *options, server=server, **more):
        own = directory / str(len(scripts))
        own.mkdir()
        scripts.append(Script(server, own, text, *options, **more))
        return scripts[-1]

    yield start
    for script in scripts:
        script.__exit__()

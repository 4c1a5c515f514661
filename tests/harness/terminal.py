"""The command under test on a pseudo-terminal, as a person has it before them."""

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pyte

from harness.server import SANITIZER, build_directory, clean_environment

SECONDS = 30
SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """Runs `fermata`, or another program, with the arguments; a context manager that leaves no
    process behind.

    `screen` is all that was shown so far, with escape sequences; expect() looks at what came after
    the text that it found last, without them. lines() is what a person sees now.
    """

    def __init__(self, *arguments, program=None, columns=80, rows=24, **environment):
        self.screen = ""
        self.display = pyte.Screen(columns, rows)
        self.stream = pyte.Stream(self.display)
        self.decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self.seen = 0
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.master = master
        self.process = subprocess.Popen(
            [program or build_directory() / "fermata", *arguments], stdin=slave, stdout=slave, stderr=slave,
            env=clean_environment(**{"TERM": "xterm-256color"} | environment), preexec_fn=own_terminal)
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self.close()
        found = SANITIZER.search(self.screen)
        assert not found, f"{found.group()} on the terminal:\n{self.screen}"

    def close(self):
        """As who closes the window: whoever is there hears of it."""
        if self.master is not None:
            os.close(self.master)
        self.master = None

    def text(self):
        return SEQUENCE.sub("", self.screen).replace("\r\n", "\n")

    def expect(self, text):
        """Waits until `text` is shown, after what was found last."""
        deadline = time.monotonic() + SECONDS
        while (at := self.text().find(text, self.seen)) < 0:
            if not self._read(deadline):
                raise AssertionError(f"{text!r} was not shown:\n{self.text()[self.seen:]}")
        self.seen = at + len(text)

    def expect_pattern(self, pattern):
        """The same for what a regular expression matches."""
        deadline = time.monotonic() + SECONDS
        while not (found := re.compile(pattern).search(self.text(), self.seen)):
            if not self._read(deadline):
                raise AssertionError(f"{pattern!r} was not shown:\n{self.text()[self.seen:]}")
        self.seen = found.end()

    def lines(self):
        """What is on the screen, without the empty lines at its end."""
        shown = "\n".join(line.rstrip() for line in self.display.display).rstrip("\n")
        return shown.split("\n")

    def expect_screen(self, condition):
        """Waits until the condition holds for what is on the screen; the lines."""
        deadline = time.monotonic() + SECONDS
        while not condition(self.lines()):
            if not self._read(deadline):
                raise AssertionError("the screen is not as it should be:\n" + "\n".join(self.lines()))
        return self.lines()

    def cursor(self):
        """Column and row of the cursor."""
        return self.display.cursor.x, self.display.cursor.y

    def resize(self, columns, rows=24):
        self.display.resize(rows, columns)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, line):
        self.press(line + "\n")

    def press(self, keys):
        """Types without an Enter behind it."""
        os.write(self.master, keys.encode())

    def interrupt(self):
        self.press("\x03")

    def echoes(self):
        return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)

    def expect_secret(self):
        """Waits until what is typed is not shown."""
        deadline = time.monotonic() + SECONDS
        while self.echoes():
            assert time.monotonic() < deadline, "what is typed is shown"
            time.sleep(0.01)

    def wait(self):
        """Reads to the end; the exit status."""
        deadline = time.monotonic() + SECONDS
        while self._read(deadline):
            pass
        return self.process.wait(max(0.1, deadline - time.monotonic()))

    def _read(self, deadline):
        """False at the end of the output or of the time."""
        if not select.select([self.master], [], [], max(0, deadline - time.monotonic()))[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:  # EIO: nobody has the other side open
            return False
        text = self.decoder.decode(data)
        self.screen += text
        self.stream.feed(text)
        return bool(data)


def own_terminal():
    """In the child: its standard input is the terminal that controls it, so Ctrl-C reaches it."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def run_command(*arguments, input="", **environment):
    """The command without a terminal, to its end; status, output and errors as text."""
    done = subprocess.run([build_directory() / "fermata", *arguments], input=input, text=True,
                          capture_output=True, timeout=SECONDS, env=clean_environment(**environment))
    found = SANITIZER.search(done.stderr)
    assert not found, f"{found.group()}:\n{done.stderr}"
    return done

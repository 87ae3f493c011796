"""Programs that the tests start: on loopback, awaited within a bound, ended by their own handle."""

import contextlib
import selectors
import socket
import subprocess
import time

import requests

PATIENCE_SECONDS = 60


def free_port():
    """A loopback port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def running(command, log, **options):
    """Runs a program whose messages go to `log` until the block ends, and then no longer."""
    with log.open("wb") as messages:
        process = subprocess.Popen(command, stderr=messages, **({"stdout": messages} | options))
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def await_answer(url, process, log):
    """Waits until something answers at `url`, whatever it says."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(url, timeout=PATIENCE_SECONDS)
        ended = process.poll() is not None
        assert not ended and time.monotonic() < deadline, f"nothing answers at {url}:\n{log.read_text()}"
        time.sleep(0.05)


def first_line(process, log):
    """The first line that a program prints."""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        assert selector.select(PATIENCE_SECONDS), f"nothing was printed:\n{log.read_text()}"
    line = process.stdout.readline()
    assert line, f"the program ended without a word:\n{log.read_text()}"
    return line

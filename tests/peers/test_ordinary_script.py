"""The handler beside a script of the ordinary kind, between the same clouds: what each asks for is counted, times are not."""

import json
import subprocess
import sys

import pytest

from conftest import ROOT, TARGET

APIS = 40
SHARE_AT_FIRST = 0.4
TIMES_FEWER_AFTER = 5


@pytest.fixture(scope="module")
def rows():
    """What `sandbox bench` prints of both, by program and phase."""
    command = [TARGET / "debug" / "sandbox", "bench", "--json", "--apis", str(APIS), "--factor", "20"]
    command += ["--handler", TARGET / "debug" / "handler", "--peer", sys.executable]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    for row in rows:
        print(row)
    ours = {row["phase"]: row for row in rows if "armWrites" in row}
    script = {row["phase"]: row for row in rows if "scriptRequests" in row}
    return ours, script


def test_the_handler_makes_the_fewest_calls_and_is_never_throttled(rows):
    ours, _ = rows
    assert list(ours) == ["first", "unchanged", "changed"]
    for row in ours.values():
        assert row["awsRequests"] == row["awsLowerBound"], row
        assert row["armWrites"] == row["armWritesLowerBound"], row
        assert row["throttles"] == 0, row


def test_the_script_asks_for_everything_in_every_run(rows):
    ours, script = rows
    # Everything is listed, exported and put: a page, the stages, two exports, an API and four writes for each stage.
    least = 1 + APIS * (1 + 2) + 1 + APIS * (1 + 2 * 4)
    for row in script.values():
        assert row["scriptRequests"] >= least, row
    for phase in ("unchanged", "changed"):
        assert script[phase]["requestsRatio"] > TIMES_FEWER_AFTER, script[phase]
    # What a first run costs more than the script's buys that the next ones cost less: markers, and a look before each write.
    assert script["first"]["requestsRatio"] > SHARE_AT_FIRST, script["first"]

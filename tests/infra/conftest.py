"""What the tests share: the snapshots, the compiler, and the handler that runs between the sandbox's clouds."""

import json
import os
import pathlib
import subprocess

import pytest

from snapshot import Snapshot

ROOT = pathlib.Path(__file__).parents[2]
INFRA = ROOT / "infra"
SHARED = ROOT.parent / "shared"
TARGET = pathlib.Path(os.environ["INFRA_TARGET"])
WORK = TARGET / "infra" / "work"
SCENARIOS = sorted(file.stem for file in (INFRA / "tests").glob("*.bicepparam"))


@pytest.fixture(scope="session")
def snapshots():
    """What each parameter file deploys, by its name."""
    files = {"main": WORK / "main.snapshot.json"} | {name: WORK / "tests" / f"{name}.snapshot.json" for name in SCENARIOS}
    return {name: Snapshot(json.loads(file.read_text())) for name, file in files.items()}


@pytest.fixture(params=SCENARIOS)
def snapshot(request, snapshots):
    """Each snapshot in turn."""
    return snapshots[request.param]


@pytest.fixture
def deployed_with():
    """What the published parameter file deploys when the environment, or azd's, has these variables."""

    def deploy(**variables):
        file = WORK / "variables.bicepparam"
        file.write_text((INFRA / "main.bicepparam").read_text())
        done = take_snapshot(file, variables)
        assert (done.returncode, done.stderr) == (0, "")
        return Snapshot(json.loads((WORK / "variables.snapshot.json").read_text()))

    return deploy


@pytest.fixture(scope="session")
def refusal():
    """Deploys the template with some parameters that it must not take; gives what the compiler says."""

    def deploy(**parameters):
        lines = ["using '../main.bicep'", ""] + [f"param {name} = {literal(value)}" for name, value in parameters.items()]
        file = WORK / "tests" / "refused.bicepparam"
        file.write_text("\n".join(lines) + "\n")
        done = take_snapshot(file)
        assert done.returncode != 0, f"taken: {parameters}"
        return done.stderr

    return deploy


def take_snapshot(file, variables=None):
    """Has the compiler predict what a parameter file deploys, beside that file, with these variables in its environment."""
    place = {"tenant-id": os.environ["TENANT"], "subscription-id": os.environ["SUBSCRIPTION"], "resource-group": "app-group"}
    options = [part for name, value in (place | {"location": "westeurope"}).items() for part in (f"--{name}", value)]
    command = [SHARED / "tools" / "bicep", "snapshot", file, "--mode", "overwrite", *options]
    environment = os.environ | (variables or {})
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def literal(value):
    return f"'{value}'" if isinstance(value, str) else json.dumps(value)


def pytest_unconfigure(config):
    """Ends with one line that any reader of a log understands."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter:
        count = {outcome: len(reporter.stats.get(outcome, [])) for outcome in ("passed", "failed", "error")}
        print(f"{count['passed']} passed, {count['failed'] + count['error']} failed")

"""The function app's files and the copies of recordings, against what they come from."""

import hashlib
import json
import subprocess

import jsonschema
import pytest

from conftest import ROOT


@pytest.mark.parametrize(
    ("file", "schema"),
    [
        ("host.json", "host.schema.json"),
        ("function-timer/function.json", "function.schema.json"),
        ("function-http/function.json", "function.schema.json"),
    ],
)
def test_the_function_apps_files_fit_their_schemas(shared, file, schema):
    assert not list(validator(shared, schema).iter_errors(json.loads((ROOT / file).read_text())))


def test_a_function_without_bindings_does_not_fit_its_schema(shared):
    assert list(validator(shared, "function.schema.json").iter_errors({"bindings": [{"type": "timerTrigger"}]}))


def validator(shared, schema):
    # One of them names draft 4 and uses "const", which came after it: under draft 4 it would take no binding at all.
    return jsonschema.Draft7Validator(json.loads((shared / "data" / "functions-host" / schema).read_text()))


def test_copies_of_recordings_are_what_was_recorded(shared):
    recorded = {}
    for file in (shared / "data").rglob("*.json*"):
        recorded.setdefault(file.name, set()).add(digest(file))
    for file in (shared / "data").rglob("fixtures/*"):
        recorded.setdefault(file.name, set()).add(digest(file))
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    copies = [file for name in tracked if (file := ROOT / name).name in recorded]
    assert copies
    assert not [file for file in copies if digest(file) not in recorded[file.name]]


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()

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
    schema = json.loads((shared / "data" / "functions-host" / schema).read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert not list(validator.iter_errors(json.loads((ROOT / file).read_text())))


def test_a_function_without_bindings_does_not_fit_its_schema(shared):
    schema = json.loads((shared / "data" / "functions-host" / "function.schema.json").read_text())
    assert list(jsonschema.validators.validator_for(schema)(schema).iter_errors({"bindings": [{"type": "timerTrigger"}]}))


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

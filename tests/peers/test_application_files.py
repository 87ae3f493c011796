"""The function app's files and the copies of recordings, against what they come from."""

import hashlib
import json

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
    for file in (shared / "data").rglob("*"):
        if file.is_file():
            recorded.setdefault(file.name, set()).add(digest(file))
    copies = [file for folder in COPIES for file in (ROOT / folder).rglob("*") if file.is_file()]
    assert copies
    assert not [file for file in copies if digest(file) not in recorded.get(file.name, ())]


COPIES = ["tests/data", "sandbox/tests/data"]


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()

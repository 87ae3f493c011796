"""The AsyncAPI documents made of WebSocket APIs are valid to AsyncAPI's own schema and readable to its parser."""

import json
import subprocess

import jsonschema
import pytest

from conftest import PACKAGES, ROOT

FOLDER = ROOT / "src" / "translate" / "asyncapi"
# What the unit tests compare with, to the byte.
DOCUMENTS = sorted(FOLDER.glob("*.json"))
# Documents that are valid, but that the parser 3.6.6 breaks off at.
BEYOND_THE_PARSER = {
    "mutual": "two models that refer to each other overflow its stack",
    "property_named_ref": "it takes every member named $ref for a text",
}


def for_the_parser(path):
    """A document for the parser; for one beyond it, the test fails when the parser has learned it."""
    reason = BEYOND_THE_PARSER.get(path.stem)
    marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
    return pytest.param(path, id=path.stem, marks=marks)


@pytest.fixture(scope="module")
def schema():
    """The official schema of AsyncAPI 3.0.0."""
    return json.loads((PACKAGES / "@asyncapi" / "specs" / "schemas" / "3.0.0-without-$id.json").read_text())


def violations(schema, document):
    """What the schema finds wrong with a document."""
    return [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(document)]


def parse(text):
    """What the parser makes of the text of a document."""
    command = ["node", ROOT / "tests" / "peers" / "asyncapi.mjs", PACKAGES]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_there_are_documents():
    assert {"empty", "hostile", "ordinary", "secured"} | BEYOND_THE_PARSER.keys() <= {path.stem for path in DOCUMENTS}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_is_valid(schema, path):
    assert violations(schema, json.loads(path.read_text())) == []


@pytest.mark.parametrize("path", [for_the_parser(path) for path in DOCUMENTS])
def test_a_document_is_read(path):
    assert parse(path.read_text()) == {"isRead": True, "errors": []}


def test_what_is_wrong_is_found(schema):
    document = json.loads((FOLDER / "ordinary.json").read_text())
    document["components"]["schemas"].pop("Line")
    assert parse(json.dumps(document))["errors"]
    document["info"].pop("version")
    assert violations(schema, document)

"""What a validator that other people wrote says of the exported OpenAPI definitions in the catalog.

An information and not a gate: the content is Amazon's, passed on as it is but for its servers, and what is wrong in an API on
Amazon stays wrong in the catalog. The counts and what is wrong are printed. A test fails only if the validator could not run, or
had nothing to look at.
"""

import collections
import json

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from conftest import catalog_of, clouds, credential_of, handler_between

INTEGRATION = "exports"
# Most characters that are printed of what is wrong with a document.
MESSAGE_MAX = 200


def flaw(document):
    """What the validator finds wrong with a document first; nothing where it is valid."""
    found = next(OpenAPIV30SpecValidator(document).iter_errors(), None)
    if found is None:
        return None
    place = "/".join(str(part) for part in found.absolute_path)
    return f"at /{place}: {found.message}"[:MESSAGE_MAX]


@pytest.fixture(scope="module", params=["demonstration", "examples"])
def definitions(request, folder, documents):
    """The OpenAPI texts that the handler puts into a catalog, by the titles of their APIs and by version.

    One gateway is the sandbox's own, the other has an API for each document of a collection that other people wrote.
    """
    name = request.param
    filling = ["--openapi", str(documents / "3.0" / "json")] if name == "examples" else []
    with (
        clouds(folder / f"{name}-stand-ins.log", *filling) as stand_ins,
        handler_between(stand_ins, stand_ins["apiGateway"], stand_ins["sts"], folder / f"{name}-handler.log") as handler,
        credential_of(stand_ins) as credential,
        catalog_of(stand_ins, credential) as catalog,
    ):
        source = {
            "accessKey": f"{stand_ins['keyVault']}/secrets/aws-access-key",
            "secretAccessKey": f"{stand_ins['keyVault']}/secrets/aws-secret-access-key",
            "regionName": stand_ins["region"],
        }
        body = {"properties": {"amazonApiGatewaySource": source}}
        answer = handler.call("PUT", f"integrations/{INTEGRATION}", json=body)
        assert answer.status_code == 201, answer.text
        ours = {key: api for key, api in catalog.apis().items() if key.startswith(f"{INTEGRATION}-")}
    texts = {
        (api["title"], version): entity["definitions"]["openapi"]["content"]
        for api in ours.values()
        for version, entity in api["versions"].items()
        if "openapi" in entity["definitions"]
    }
    return name, texts


def test_the_validator_tells_valid_documents_from_others():
    document = {"openapi": "3.0.1", "info": {"title": "One", "version": "1"}, "paths": {}}
    assert flaw(document) is None
    assert flaw(document | {"paths": {"/": {"get": {}}}})


def test_the_validator_says_what_it_thinks_of_the_exports(definitions, capsys):
    name, texts = definitions
    assert texts, "there is nothing to look at"
    found = {place: flaw(json.loads(text)) for place, text in texts.items()}
    counts = collections.Counter("valid" if message is None else "invalid" for message in found.values())
    with capsys.disabled():
        print(f"\nexports of the gateway {name!r}: {counts['valid']} valid, {counts['invalid']} invalid")
        for (title, version), message in found.items():
            if message:
                print(f"  {title} {version}: {message}")

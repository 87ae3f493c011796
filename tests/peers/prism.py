"""Prism as a judge of requests to API Center."""

import json
import shutil

import requests

# The specification looks for the types it shares with others this many folders up.
SPECIFICATION_FOLDER = "apicenter/resource-manager/Microsoft.ApiCenter/stable/2024-03-01"
SHARED_TYPES_FOLDER = "common-types/resource-management/v5"


def lay_out(source, folder):
    """Lays the specification and what it refers to out as it expects them; gives its path."""
    specification = json.loads((source / "apicenter-2024-03-01.swagger.json").read_text())
    for path in specification["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict):
                # They are in files that are not here, and say nothing about what is allowed.
                operation.pop("x-ms-examples", None)
    close(specification["definitions"])
    shutil.copytree(source / "common-types-v5", folder / SHARED_TYPES_FOLDER)
    document = folder / SPECIFICATION_FOLDER / "apicenter.json"
    document.parent.mkdir(parents=True)
    document.write_text(json.dumps(specification))
    return document


def close(definitions):
    """Makes a property that the specification does not know a violation, which by itself it is not."""
    for definition in definitions.values():
        if "properties" in definition and "allOf" not in definition:
            definition.setdefault("additionalProperties", False)


class Judge:
    """Prism, running."""

    def __init__(self, url):
        self.url = url

    def violations(self, method, target, headers, body):
        """What is wrong with a request."""
        kept = {name.lower(): value for name, value in headers.items() if name.lower() in KEPT_HEADERS}
        if "authorization" in kept:
            # The record leaves tokens out; the stand-in has judged them.
            kept["authorization"] = "Bearer left-out"
        answer = requests.request(method, f"{self.url}{target}", headers=kept, data=body or None, timeout=60)
        if "sl-violations" in answer.headers:
            return json.loads(answer.headers["sl-violations"])
        return [] if answer.ok else [f"{answer.status_code} {answer.text}"]


# Others belong to the connection that the request came by, or say which answer is wanted.
KEPT_HEADERS = {"authorization", "content-type", "if-match", "if-none-match"}

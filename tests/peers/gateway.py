"""Fills a gateway with APIs that are in use somewhere, the way people do: resource by resource, method by method."""

import json

# Each with its stages. All three generations of the format are there.
DOCUMENTS = {
    "3.0/json/star-trek.json": ["prod"],
    "3.0/json/readme-legacy.json": ["prod", "staging", "v1"],
    "3.0/json/petstore.json": ["Prod", "prod"],
    "3.0/json/uspto.json": ["my_stage"],
    "3.0/json/petstore-expanded.json": [],
    "3.0/json/http-status-codes.json": ["dev"],
    "3.0/json/link-example.json": ["v1", "v2", "V2"],
    "3.0/json/callbacks.json": ["a" * 128],
    "3.1/json/readme.json": ["prod"],
    "3.1/json/train-travel.json": ["dev", "test", "release-0123456789abcdef"],
    "2.0/json/petstore-simple.json": ["-"],
}

METHODS = ["get", "put", "post", "delete", "options", "head", "patch"]


def fill(gateway, folder):
    """Makes one API for each document, with its stages; gives the ids by the documents' names."""
    made = {}
    for name, stages in DOCUMENTS.items():
        document = json.loads((folder / name).read_text())
        made[name] = create_api(gateway, document["info"]["title"], document["info"].get("description", ""), document["paths"])
        for stage in stages:
            create_stage(gateway, made[name], stage, f"{document['info']['title']} as it is at {stage}")
    return made


def create_api(gateway, title, description, paths):
    """Makes an API with a resource for each part of each path; gives its id."""
    rest_api = gateway.create_rest_api(name=title, description=description)["id"]
    resources = {"/": gateway.get_resources(restApiId=rest_api)["items"][0]["id"]}
    for path, item in paths.items():
        resource = create_resource(gateway, rest_api, resources, path)
        for method in METHODS:
            if method in item:
                create_method(gateway, rest_api, resource, method.upper(), item[method])
    return rest_api


def create_resource(gateway, rest_api, resources, path):
    """Makes the resource at a path, and those above it that are not there yet."""
    parts = [part for part in path.split("/") if part]
    here = "/"
    for part in parts:
        above, here = here, f"{here.rstrip('/')}/{part}"
        if here not in resources:
            made = gateway.create_resource(restApiId=rest_api, parentId=resources[above], pathPart=part)
            resources[here] = made["id"]
    return resources[here]


def create_method(gateway, rest_api, resource, method, operation):
    """Makes a method with the answers that its operation documents."""
    place = {"restApiId": rest_api, "resourceId": resource, "httpMethod": method}
    gateway.put_method(**place, authorizationType="NONE", apiKeyRequired=bool(operation.get("security")))
    for status in operation.get("responses", {}):
        if status.isdigit():
            gateway.put_method_response(**place, statusCode=status)


def create_stage(gateway, rest_api, stage, description):
    """Deploys an API as it is now to a new stage."""
    deployment = gateway.create_deployment(restApiId=rest_api)["id"]
    gateway.create_stage(restApiId=rest_api, stageName=stage, deploymentId=deployment, description=description)

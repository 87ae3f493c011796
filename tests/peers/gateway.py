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

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1"
# The custom domains, and what leads from each to the documents' APIs: key and stage.
REGIONAL_DOMAIN = "api.shop.example.com"
EDGE_DOMAIN = "partners.example.com"
MAPPINGS = {
    "3.0/json/star-trek.json": [("", "prod"), ("trek/v1", "prod")],
    "3.1/json/train-travel.json": [("trains", "dev")],
}
# Callers name the stage behind this one's key themselves.
EDGE_MAPPING = ("2.0/json/petstore-simple.json", "pets")

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


def fill_domains(gateway, gateway_v2, made):
    """Makes two custom domains that lead to the documents' APIs, each with the version of the API that manages its kind."""
    create_domain(gateway_v2, REGIONAL_DOMAIN)
    for name, mappings in MAPPINGS.items():
        for key, stage in mappings:
            gateway_v2.create_api_mapping(DomainName=REGIONAL_DOMAIN, ApiId=made[name], ApiMappingKey=key, Stage=stage)
    gateway.create_domain_name(
        domainName=EDGE_DOMAIN, certificateArn=CERTIFICATE, endpointConfiguration={"types": ["EDGE"]}, securityPolicy="TLS_1_2"
    )
    name, key = EDGE_MAPPING
    gateway.create_base_path_mapping(domainName=EDGE_DOMAIN, basePath=key, restApiId=made[name])


def create_domain(gateway_v2, name):
    """Makes a regional domain that leads nowhere."""
    configuration = {"CertificateArn": CERTIFICATE, "EndpointType": "REGIONAL", "SecurityPolicy": "TLS_1_2"}
    gateway_v2.create_domain_name(DomainName=name, DomainNameConfigurations=[configuration])


def create_http_api(gateway_v2, name, route_keys, **members):
    """Makes an HTTP API with its routes; gives its id."""
    api = gateway_v2.create_api(Name=name, ProtocolType="HTTP", **members)["ApiId"]
    for route_key in route_keys:
        gateway_v2.create_route(ApiId=api, RouteKey=route_key)
    return api


def create_websocket_api(gateway_v2, name, route_keys, **members):
    """Makes a WebSocket API with its routes; gives its id."""
    members |= {"ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action"}
    api = gateway_v2.create_api(Name=name, **members)["ApiId"]
    for route_key in route_keys:
        gateway_v2.create_route(ApiId=api, RouteKey=route_key)
    return api


def create_v2_stage(gateway_v2, api, stage, description):
    """Deploys an HTTP or a WebSocket API as it is now to a new stage."""
    deployment = gateway_v2.create_deployment(ApiId=api)["DeploymentId"]
    gateway_v2.create_stage(ApiId=api, StageName=stage, DeploymentId=deployment, Description=description)


def empty(gateway, gateway_v2):
    """Deletes everything that a gateway has."""
    for page in gateway.get_paginator("get_domain_names").paginate():
        for domain in page["items"]:
            gateway.delete_domain_name(domainName=domain["domainName"])
    for api in gateway_v2.get_apis()["Items"]:
        gateway_v2.delete_api(ApiId=api["ApiId"])
    for page in gateway.get_paginator("get_rest_apis").paginate():
        for rest_api in page["items"]:
            gateway.delete_rest_api(restApiId=rest_api["id"])


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

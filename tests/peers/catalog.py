"""What is in the catalog, and what ought to be, told by two libraries that know nothing of this project."""

import hashlib
import json
import re

WORKSPACE = "default"


class Catalog:
    """An API center, read with Microsoft's own client."""

    def __init__(self, client, resource_group, service):
        self.client = client
        self.place = (resource_group, service, WORKSPACE)

    def apis(self):
        """Every API by its name, with all that is below it."""
        return {api.name: self.api(api) for api in self.client.apis.list(*self.place)}

    def api(self, api):
        """An API with all that is below it."""
        versions = self.client.api_versions.list(*self.place, api.name)
        deployments = self.client.deployments.list(*self.place, api.name)
        return {
            "title": api.properties.title,
            "description": api.properties.description or "",
            "kind": str(api.properties.kind.value if hasattr(api.properties.kind, "value") else api.properties.kind),
            "versions": {version.name: self.version(api, version) for version in versions},
            "deployments": {
                deployment.name: {
                    "title": deployment.properties.title,
                    "description": deployment.properties.description or "",
                    "environment": deployment.properties.environment_id,
                    "definition": deployment.properties.definition_id,
                    "urls": deployment.properties.server.runtime_uri,
                }
                for deployment in deployments
            },
        }

    def version(self, api, version):
        """A version with its definitions and their whole text."""
        place = (*self.place, api.name, version.name)
        return {
            "title": version.properties.title,
            "definitions": {
                definition.name: {
                    "title": definition.properties.title,
                    "specification": (definition.properties.specification.name, definition.properties.specification.version),
                    "content": self.client.api_definitions.begin_export_specification(*place, definition.name).result().value,
                }
                for definition in self.client.api_definitions.list(*place)
            },
        }

    def environments(self):
        """Every environment by its name."""
        return {environment.name: environment.properties for environment in self.client.environments.list(*self.place)}


def desired(gateway, integration, region):
    """What the catalog ought to hold of a gateway, by the rules of the design and by what boto3 says."""
    pages = gateway.get_paginator("get_rest_apis").paginate()
    return {
        f"{integration}-{rest_api['id']}": desired_api(gateway, rest_api, integration, region)
        for page in pages
        for rest_api in page["items"]
    }


def desired_api(gateway, rest_api, integration, region):
    """An API as it ought to be."""
    api, stages = f"{integration}-{rest_api['id']}", gateway.get_stages(restApiId=rest_api["id"])["item"]
    return {
        "title": shortened(rest_api["name"], 50),
        "description": shortened(rest_api.get("description", ""), 1000),
        "kind": "rest",
        "versions": {entity_name(stage["stageName"]): desired_version(gateway, rest_api, stage) for stage in stages},
        "deployments": {
            entity_name(stage["stageName"]): {
                "title": shortened(stage["stageName"], 50),
                "description": shortened(stage.get("description", ""), 500),
                "environment": f"/workspaces/{WORKSPACE}/environments/{integration}",
                "definition": f"/workspaces/{WORKSPACE}/apis/{api}/versions/{entity_name(stage['stageName'])}/definitions/openapi",
                "urls": [f"https://{rest_api['id']}.execute-api.{region}.amazonaws.com/{stage['stageName']}"],
            }
            for stage in stages
        },
    }


def desired_version(gateway, rest_api, stage):
    """A version as it ought to be."""
    place = {"restApiId": rest_api["id"], "stageName": stage["stageName"]}
    export = gateway.get_export(**place, exportType="oas30", accepts="application/json")["body"].read().decode()
    return {
        "title": shortened(stage["stageName"], 50),
        "definitions": {
            "openapi": {"title": "OpenAPI", "specification": ("openapi", json.loads(export)["openapi"]), "content": export}
        },
    }


def entity_name(stage_name):
    """The name that a stage's version and deployment have."""
    if re.fullmatch("[a-z0-9-]{3,64}", stage_name) and not re.search("-[0-9a-f]{16}$", stage_name):
        return stage_name
    readable = re.sub("[^a-z0-9-]", "-", stage_name.lower()).lstrip("-")[:64]
    return f"{readable}-{hashlib.sha256(stage_name.encode()).hexdigest()[:16]}"


def shortened(text, limit):
    """The text, cut to so many UTF-16 units, the mark of the cut included."""
    if len(text.encode("utf-16-le")) <= 2 * limit:
        return text
    while len(text.encode("utf-16-le")) > 2 * (limit - 1):
        text = text[:-1]
    return text + "…"

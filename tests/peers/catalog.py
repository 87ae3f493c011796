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
    """What the catalog ought to hold of a gateway's REST APIs, by the rules of the design and by what boto3 says."""
    pages, on_domains = gateway.get_paginator("get_rest_apis").paginate(), mappings(gateway)
    return {
        f"{integration}-{rest_api['id']}": desired_api(gateway, rest_api, integration, region, on_domains)
        for page in pages
        for rest_api in page["items"]
    }


def desired_api(gateway, rest_api, integration, region, on_domains):
    """A REST API as it ought to be."""
    api, stages = f"{integration}-{rest_api['id']}", gateway.get_stages(restApiId=rest_api["id"])["item"]
    named = {entity_name(stage["stageName"]): stage for stage in stages}
    custom = {name: custom_urls("https", on_domains, rest_api["id"], stage["stageName"]) for name, stage in named.items()}
    own = f"https://{rest_api['id']}.execute-api.{region}.amazonaws.com"
    return {
        "title": shortened(rest_api["name"], 50),
        "description": shortened(rest_api.get("description", ""), 1000),
        "kind": "rest",
        "versions": {
            name: desired_version(gateway, rest_api, stage, custom[name] and [*custom[name], f"{own}/{stage['stageName']}"])
            for name, stage in named.items()
        },
        "deployments": {
            name: desired_deployment(
                integration,
                stage["stageName"],
                stage.get("description", ""),
                f"/workspaces/{WORKSPACE}/apis/{api}/versions/{name}/definitions/openapi",
                [*custom[name], f"{own}/{stage['stageName']}"],
            )
            for name, stage in named.items()
        },
    }


def desired_version(gateway, rest_api, stage, servers):
    """A version as it ought to be; what its document tells as servers is replaced where any are given."""
    place = {"restApiId": rest_api["id"], "stageName": stage["stageName"]}
    export = gateway.get_export(**place, exportType="oas30", accepts="application/json")["body"].read().decode()
    return {
        "title": shortened(stage["stageName"], 50),
        "definitions": {
            "openapi": {
                "title": "OpenAPI",
                "specification": ("openapi", json.loads(export)["openapi"]),
                "content": with_servers(export, servers) if servers else export,
            }
        },
    }


def desired_deployment(integration, stage_name, description, definition, urls):
    """A deployment as it ought to be."""
    return {
        "title": shortened(stage_name, 50),
        "description": shortened(description, 500),
        "environment": f"/workspaces/{WORKSPACE}/environments/{integration}",
        "definition": definition,
        "urls": urls,
    }


def desired_v2(gateway, gateway_v2, integration, region):
    """What the catalog ought to hold of a gateway's HTTP and WebSocket APIs, whose definitions nobody wants."""
    on_domains = mappings(gateway)
    return {
        f"{integration}-{api['ApiId']}": desired_v2_api(gateway_v2, api, integration, region, on_domains)
        for api in gateway_v2.get_apis()["Items"]
    }


def desired_v2_api(gateway_v2, api, integration, region, on_domains):
    """An HTTP or a WebSocket API as it ought to be. A stage that runs no deployment is left out."""
    scheme, kind = {"HTTP": ("https", "rest"), "WEBSOCKET": ("wss", "websocket")}[api["ProtocolType"]]
    own = f"{scheme}://{api['ApiId']}.execute-api.{region}.amazonaws.com"
    stages = {
        stage["StageName"]: stage
        for stage in gateway_v2.get_stages(ApiId=api["ApiId"])["Items"]
        if stage.get("DeploymentId")
    }
    return {
        "title": shortened(api["Name"], 50),
        "description": shortened(api.get("Description", ""), 1000),
        "kind": kind,
        "versions": {entity_name(name): {"title": shortened(name, 50), "definitions": {}} for name in stages},
        "deployments": {
            entity_name(name): desired_deployment(
                integration,
                name,
                stage.get("Description", ""),
                None,
                [
                    *custom_urls(scheme, on_domains, api["ApiId"], name),
                    # The stage of this name is called at the endpoint itself.
                    own if name == "$default" else f"{own}/{name}",
                ],
            )
            for name, stage in stages.items()
        },
    }


def without_definitions(apis):
    """The same APIs as they ought to be where nobody wants definitions."""
    return {
        name: api
        | {
            "versions": {name: version | {"definitions": {}} for name, version in api["versions"].items()},
            "deployments": {name: deployment | {"definition": None} for name, deployment in api["deployments"].items()},
        }
        for name, api in apis.items()
    }


def mappings(gateway):
    """What the gateway's custom domains lead to: domain, key, API and stage."""
    pages = gateway.get_paginator("get_domain_names").paginate()
    return [
        (name, mapping["basePath"].removeprefix("(none)"), mapping["restApiId"], mapping.get("stage", ""))
        for name in [domain["domainName"] for page in pages for domain in page["items"]]
        for page in gateway.get_paginator("get_base_path_mappings").paginate(domainName=name)
        for mapping in page["items"]
    ]


def custom_urls(scheme, on_domains, api, stage_name):
    """The URLs of a stage on custom domains, in order. Where a mapping has no stage, the caller names it."""
    return sorted(
        "/".join([f"{scheme}://{domain}", *([key] if key else []), *([] if stage else [stage_name])])
        for domain, key, mapped, stage in on_domains
        if mapped == api and stage in ("", stage_name)
    )


def with_servers(export, urls):
    """The document with these servers, and everything else of the text as it is."""
    servers = json.dumps([{"url": url} for url in urls], separators=(",", ":"))
    member = json.dumps(json.loads(export)["servers"])
    assert export.count(member) == 1, "the servers as they are written in the text"
    return export.replace(member, servers)


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

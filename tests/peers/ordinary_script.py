"""What people write themselves to bring a gateway into an API center: the yardstick of `sandbox bench --peer`.

It is of the ordinary kind, as the tutorials of both SDKs show it: list, export and put everything in each run, one call after
another, with the SDKs' own retries. It is told where the clouds are by `SANDBOX`, what `sandbox --stand-ins` prints, and ends with
one line of JSON that says what it used.
"""

import json
import os
import resource
import time

import boto3
import botocore.config
from azure.identity import ManagedIdentityCredential
from azure.mgmt.apicenter import ApiCenterMgmtClient
from azure.mgmt.apicenter import models

RETRIES = 20


def gateway_client(clouds):
    """Amazon's client, which tries again by itself."""
    return boto3.client(
        "apigateway",
        endpoint_url=clouds["apiGateway"],
        region_name=clouds["region"],
        aws_access_key_id=clouds["awsAccessKeyId"],
        aws_secret_access_key=clouds["awsSecretAccessKey"],
        config=botocore.config.Config(retries={"mode": "standard", "max_attempts": RETRIES}),
    )


def catalog_client(clouds):
    """Azure's client, which waits as long as it is told to and tries again by itself."""
    _, _, subscription, _, resource_group, _, _, _, service = clouds["resourceId"].split("/")
    client = ApiCenterMgmtClient(
        ManagedIdentityCredential(),
        subscription,
        base_url=clouds["apiCenter"],
        credential_scopes=[f"{clouds['apiCenter']}/.default"],
        connection_verify=clouds["caFile"],
        retry_total=RETRIES,
        polling_interval=1,
    )
    return client, (resource_group, service, "default")


def synchronize(gateway, catalog, place):
    """Lists, exports and puts everything."""
    environment = models.Environment(
        properties=models.EnvironmentProperties(
            title="Amazon", kind="production", server=models.EnvironmentServer(type="AWS API Gateway")
        )
    )
    catalog.environments.create_or_update(*place, "amazon", environment)
    for page in gateway.get_paginator("get_rest_apis").paginate():
        for rest_api in page["items"]:
            put_api(gateway, catalog, place, rest_api)


def put_api(gateway, catalog, place, rest_api):
    """Puts an API with its stages."""
    name = f"amazon-{rest_api['id']}"
    properties = models.ApiProperties(title=rest_api["name"], kind="rest", description=rest_api.get("description"))
    catalog.apis.create_or_update(*place, name, models.Api(properties=properties))
    for stage in gateway.get_stages(restApiId=rest_api["id"])["item"]:
        put_stage(gateway, catalog, (*place, name), stage, rest_api["id"])


def put_stage(gateway, catalog, place, stage, rest_api_id):
    """Puts a stage as a version with its definition, and a deployment."""
    name = stage["stageName"]
    export = gateway.get_export(restApiId=rest_api_id, stageName=name, exportType="oas30", accepts="application/json")
    text = export["body"].read().decode()
    version = models.ApiVersionProperties(title=name, lifecycle_stage="design")
    catalog.api_versions.create_or_update(*place, name, models.ApiVersion(properties=version))
    definition = models.ApiDefinitionProperties(title="OpenAPI")
    catalog.api_definitions.create_or_update(*place, name, "openapi", models.ApiDefinition(properties=definition))
    imported = models.ApiSpecImportRequest(
        value=text,
        format="inline",
        specification=models.ApiSpecImportRequestSpecification(name="openapi", version=json.loads(text)["openapi"]),
    )
    catalog.api_definitions.begin_import_specification(*place, name, "openapi", imported).result()
    deployment = models.DeploymentProperties(
        title=name,
        environment_id="/workspaces/default/environments/amazon",
        definition_id=f"/workspaces/default/apis/{place[-1]}/versions/{name}/definitions/openapi",
        state="active",
        server=models.DeploymentServer(runtime_uri=[f"https://{rest_api_id}.execute-api.amazonaws.com/{name}"]),
    )
    catalog.deployments.create_or_update(*place, name, models.Deployment(properties=deployment))


def hurry(factor):
    """The clouds are sped up, so what this script waits for is, too."""
    sleep = time.sleep
    time.sleep = lambda seconds: sleep(seconds / factor)


def main():
    """One run."""
    clouds = json.loads(os.environ["SANDBOX"])
    hurry(float(os.environ["SANDBOX_FACTOR"]))
    catalog, place = catalog_client(clouds)
    synchronize(gateway_client(clouds), catalog, place)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"cpuSeconds": used.ru_utime + used.ru_stime, "peakMemoryBytes": used.ru_maxrss * 1024}))


if __name__ == "__main__":
    main()

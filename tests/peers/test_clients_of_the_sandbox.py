"""Libraries that other people wrote work with the sandbox as they work with the clouds."""

import boto3
import botocore
import botocore.config
import botocore.exceptions
import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.keyvault.secrets import SecretClient


@pytest.fixture(scope="module")
def vault(stand_ins, credential):
    with SecretClient(
        stand_ins["keyVault"], credential, verify_challenge_resource=False, connection_verify=stand_ins["caFile"]
    ) as client:
        yield client


def test_the_vault_gives_both_secrets(vault, stand_ins):
    assert vault.get_secret("aws-access-key").value == stand_ins["awsAccessKeyId"]
    assert vault.get_secret("aws-secret-access-key").value == stand_ins["awsSecretAccessKey"]


def test_the_vault_gives_the_version_that_is_asked_for(vault):
    newest = vault.get_secret("aws-access-key")
    assert vault.get_secret("aws-access-key", newest.properties.version).value == newest.value


def test_the_vault_has_no_other_secret(vault):
    with pytest.raises(ResourceNotFoundError):
        vault.get_secret("another")


def test_the_gateway_gives_its_apis_stages_and_exports(gateway_client, stand_ins):
    gateway = gateway_client(stand_ins["apiGateway"])
    rest_apis = [item for page in pages(gateway, 2) for item in page["items"]]
    assert len({rest_api["id"] for rest_api in rest_apis}) == len(rest_apis) > 2
    assert len(list(pages(gateway, 500))) == 1
    stages = [(rest_api["id"], stage) for rest_api in rest_apis for stage in gateway.get_stages(restApiId=rest_api["id"])["item"]]
    rest_api, stage = stages[0]
    export = gateway.get_export(restApiId=rest_api, stageName=stage["stageName"], exportType="oas30", accepts="application/json")
    assert export["contentType"] == "application/json"
    assert export["body"].read().startswith(b"{")


def test_the_gateway_refuses_a_wrong_secret(gateway_client, stand_ins):
    gateway = gateway_client(stand_ins["apiGateway"], secret_access_key="wrong")
    with pytest.raises(botocore.exceptions.ClientError) as refusal:
        gateway.get_rest_apis()
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_the_gateway_does_not_know_an_api_that_is_not_there(gateway_client, stand_ins):
    gateway = gateway_client(stand_ins["apiGateway"])
    with pytest.raises(gateway.exceptions.NotFoundException):
        gateway.get_stages(restApiId="absent0000")


def test_a_token_buys_a_session_that_the_gateway_takes(sts_client, stand_ins, credential):
    sts = sts_client(botocore.UNSIGNED)
    token = credential.get_token(f"{stand_ins['audience']}/.default").token
    asked = {"RoleArn": stand_ins["roleArn"], "RoleSessionName": "boto3"}
    session = sts.assume_role_with_web_identity(**asked, WebIdentityToken=token)
    assert session["AssumedRoleUser"]["Arn"].endswith(":assumed-role/apicenter-aws-sync/boto3")
    assert session["Audience"] == stand_ins["audience"]
    assert rest_apis(stand_ins, session["Credentials"])
    with pytest.raises(sts.exceptions.InvalidIdentityTokenException):
        token = credential.get_token("https://vault.azure.net/.default").token
        sts.assume_role_with_web_identity(**asked, WebIdentityToken=token)


def test_a_key_buys_a_session_that_knows_who_it_is(sts_client, stand_ins):
    sts = sts_client()
    assert sts.get_caller_identity()["Arn"].endswith(":user/apicenter-aws-sync")
    session = sts.assume_role(RoleArn=stand_ins["roleArn"], RoleSessionName="boto3", DurationSeconds=900)
    assert rest_apis(stand_ins, session["Credentials"])
    with pytest.raises(botocore.exceptions.ClientError) as refusal:
        sts.assume_role(RoleArn=f"{stand_ins['roleArn']}-2", RoleSessionName="boto3")
    assert refusal.value.response["Error"]["Code"] == "AccessDenied"


@pytest.fixture(scope="module")
def sts_client(stand_ins):
    """Makes a client of the Security Token Service."""

    def client(signature_version="v4"):
        return boto3.client(
            "sts",
            endpoint_url=stand_ins["sts"],
            region_name=stand_ins["region"],
            aws_access_key_id=stand_ins["awsAccessKeyId"],
            aws_secret_access_key=stand_ins["awsSecretAccessKey"],
            config=botocore.config.Config(signature_version=signature_version),
        )

    return client


def rest_apis(stand_ins, session):
    """What the gateway lists for a session."""
    gateway = boto3.client(
        "apigateway",
        endpoint_url=stand_ins["apiGateway"],
        region_name=stand_ins["region"],
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    return gateway.get_rest_apis()["items"]


def pages(gateway, size):
    """The gateway's list, in pages of a size."""
    return gateway.get_paginator("get_rest_apis").paginate(PaginationConfig={"PageSize": size})

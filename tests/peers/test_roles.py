"""Roles of an account that somebody else wrote are assumed by the real handler, with and without an access key.

moto believes every web identity token: who may exchange one is for the sandbox's own service and its tests to say. What is
shown here is that both understand each other's requests and answers. Of access keys it checks signatures and policies.
"""

import base64
import json
import urllib.parse

import boto3
import pytest
import requests
from azure.keyvault.secrets import SecretClient

from catalog import desired
from gateway import create_api, create_stage

ACCOUNT = "123456789012"
ISSUER = "sts.windows.net/11111111-1111-4111-8111-111111111111/"


@pytest.fixture(scope="module")
def filled(ministack, gateway_client):
    """A gateway with one API."""
    gateway = gateway_client(ministack)
    rest_api = create_api(gateway, "Pets", "All of them", {"/pets": {"get": {"responses": {"200": {}}}}})
    create_stage(gateway, rest_api, "prod", "")
    yield gateway
    gateway.delete_rest_api(restApiId=rest_api)


@pytest.fixture(scope="module")
def iam(moto, stand_ins):
    return boto3.client(
        "iam",
        endpoint_url=moto,
        region_name=stand_ins["region"],
        aws_access_key_id="AKIAADMINISTRATOR000",
        aws_secret_access_key="administrator",
    )


@pytest.fixture
def exchanges(moto):
    """Records what moto is asked; gives the forms of the exchanges, each with whether it was signed."""
    requests.post(f"{moto}/moto-api/recorder/reset-recording", timeout=60).raise_for_status()
    requests.post(f"{moto}/moto-api/recorder/start-recording", timeout=60).raise_for_status()

    def recorded():
        requests.post(f"{moto}/moto-api/recorder/stop-recording", timeout=60).raise_for_status()
        lines = requests.get(f"{moto}/moto-api/recorder/download-recording", timeout=60).text.splitlines()
        return [exchange(entry) for entry in map(json.loads, lines) if "Action=AssumeRole" in form(entry)]

    return recorded


def form(entry):
    """The body of a recorded request."""
    body = entry["body"] or ""
    return base64.b64decode(body).decode() if entry["body_encoded"] else body


def exchange(entry):
    """A recorded exchange: its parameters, and whether it was signed."""
    parameters = dict(urllib.parse.parse_qsl(form(entry)))
    return parameters, any(name.lower() == "authorization" for name in dict(entry["headers"]))


def trust(principal, action, condition):
    """A trust policy."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Condition": {"StringEquals": condition}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def source(stand_ins, **members):
    """The body of an integration."""
    return {"properties": {"amazonApiGatewaySource": {"regionName": stand_ins["region"], **members}}}


def assert_life(handler, catalog, filled, stand_ins, name, body):
    """Makes an integration, synchronizes it once more and deletes it."""
    before = catalog.apis()
    answer = handler.call("PUT", f"integrations/{name}", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["properties"]["lastSync"]["outcome"] == "succeeded", answer.text
    assert catalog.apis() == before | desired(filled, name, stand_ins["region"])
    answer = handler.call("POST", f"integrations/{name}/sync")
    assert (answer.status_code, answer.json()["outcome"]) == (200, "succeeded"), answer.text
    assert handler.call("DELETE", f"integrations/{name}").status_code == 204
    assert catalog.apis() == before


def test_a_role_is_taken_on_without_any_key(handler, catalog, filled, stand_ins, iam, exchanges):
    provider = iam.create_open_id_connect_provider(
        Url=f"https://{ISSUER}", ClientIDList=[stand_ins["audience"]], ThumbprintList=["0" * 40]
    )["OpenIDConnectProviderArn"]
    policy = trust({"Federated": provider}, "sts:AssumeRoleWithWebIdentity", {f"{ISSUER}:aud": stand_ins["audience"]})
    role = iam.create_role(RoleName="keyless", Path="/sync/", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    assert_life(handler, catalog, filled, stand_ins, "keyless", source(stand_ins, roleArn=role))
    made = exchanges()
    assert len(made) == 2, "one for each run"
    for parameters, signed in made:
        assert not signed
        assert parameters["Action"] == "AssumeRoleWithWebIdentity"
        assert (parameters["RoleArn"], parameters["RoleSessionName"]) == (role, "apicenter-keyless")
        claims = parameters["WebIdentityToken"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        assert (claims["iss"], claims["aud"]) == (f"https://{ISSUER}", stand_ins["audience"])


@pytest.fixture
def enforced(moto):
    """Lets moto check signatures and policies, until the test ends."""
    enforce = f"{moto}/moto-api/reset-auth"
    yield lambda: requests.post(enforce, data="0", timeout=60).raise_for_status()
    requests.post(enforce, data="inf", timeout=60).raise_for_status()


@pytest.fixture
def vault(stand_ins, credential):
    with SecretClient(
        stand_ins["keyVault"], credential, verify_challenge_resource=False, connection_verify=stand_ins["caFile"]
    ) as client:
        yield client


def test_a_role_is_taken_on_with_a_key_and_an_external_id(
    handler, catalog, filled, stand_ins, iam, exchanges, enforced, vault
):
    user = iam.create_user(UserName="sync")["User"]["Arn"]
    key = iam.create_access_key(UserName="sync")["AccessKey"]
    policy = trust({"AWS": user}, "sts:AssumeRole", {"sts:ExternalId": "shop:42"})
    role = iam.create_role(RoleName="by-key", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role}]}
    iam.put_user_policy(UserName="sync", PolicyName="assume", PolicyDocument=json.dumps(allowed))
    secrets = {
        "accessKey": vault.set_secret("moto-access-key", key["AccessKeyId"]),
        "secretAccessKey": vault.set_secret("moto-secret-access-key", key["SecretAccessKey"]),
    }
    members = {name: secret.id.rpartition("/")[0] for name, secret in secrets.items()} | {"roleArn": role}
    enforced()
    body = source(stand_ins, **members, externalId="shop:42")
    assert_life(handler, catalog, filled, stand_ins, "by-key", body)
    for parameters, signed in exchanges():
        assert signed
        assert (parameters["Action"], parameters["RoleSessionName"]) == ("AssumeRole", "apicenter-by-key")
        assert (parameters["RoleArn"], parameters["ExternalId"]) == (role, "shop:42")

    # moto wraps these refusals in an element more than Amazon does, so that their code cannot be read.
    other_role = f"arn:aws:iam::{ACCOUNT}:role/nobodys"
    assert_refused(handler, source(stand_ins, **members | {"roleArn": other_role}))
    vault.set_secret("moto-secret-access-key", "another-secret-access-key")
    assert_refused(handler, body)


def assert_refused(handler, body):
    """Puts an integration whose role cannot be assumed."""
    refused = handler.call("PUT", "integrations/by-key", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "RoleNotAssumable"), refused.text


def test_the_handlers_log_holds_no_token(handler):
    assert "eyJ" not in handler.log.read_text(), "which every token begins with"

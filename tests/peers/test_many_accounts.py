"""A whole organisation that somebody else wrote is read by the real handler, and Microsoft's client reads what comes of it.

ministack has the accounts, each with gateways of its own in each region, checks signatures and policies, the trust of the
member roles with their external id among them, and lists the organisation. It has no pages of accounts, and an account of it
has a `Status` and no `State`; whoever asks first is the management account. Both are for the sandbox and its tests to show.
"""

import json
import types

import boto3
import pytest
from azure.keyvault.secrets import SecretClient

from catalog import desired
from conftest import amazon, catalog_of, clouds, credential_of, handler_between
from gateway import create_api, create_stage

MANAGEMENT = "100000000001"
NAMES = ["Development", "Test", "Production"]
REGIONS = ["us-east-1", "eu-west-1"]
ROLE = "apicenter-aws-sync"
EXTERNAL_ID = "apicenter"
# What infra/aws/identity.yaml lets a hub do.
OF_THE_HUB = {
    "sts:AssumeRole": f"arn:aws:iam::*:role/{ROLE}",
    "organizations:ListAccounts": "*",
    "organizations:ListAccountsForParent": "*",
    "organizations:ListOrganizationalUnitsForParent": "*",
}


def policy(allowed):
    """A policy that allows these actions on these resources."""
    statements = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in allowed.items()]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def as_root(url, account, service, region="us-east-1"):
    """A client of an account's root user, whose access key is the account's number."""
    return boto3.client(service, endpoint_url=url, region_name=region, aws_access_key_id=account, aws_secret_access_key="root")


def create_member_role(url, account, hub):
    """Makes the role that reads an account's gateways, for the hub alone."""
    condition = {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}}
    trust = {"Effect": "Allow", "Principal": {"AWS": hub}, "Action": "sts:AssumeRole", "Condition": condition}
    iam = as_root(url, account, "iam")
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    iam.put_role_policy(RoleName=ROLE, PolicyName="read", PolicyDocument=policy({"apigateway:GET": "*"}))


def create_account(organizations, name):
    """Makes an account in the organisation; gives its number."""
    status = organizations.create_account(Email=f"{name.lower()}@example.com", AccountName=name)["CreateAccountStatus"]
    return status["AccountId"]


def create(gateway, title):
    """Makes an API with a stage."""
    api = create_api(gateway, title, "", {"/things": {"get": {"responses": {"200": {}}}}})
    create_stage(gateway, api, "prod", "")


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """An organisation of three accounts with a role, and one in a unit of its own that has one, too."""
    services = "apigateway,iam,sts,organizations"
    with amazon(tmp_path_factory.mktemp("company") / "ministack.log", SERVICES=services, AUTH="true") as url:
        iam = as_root(url, MANAGEMENT, "iam")
        hub = iam.create_user(UserName="hub")["User"]["Arn"]
        iam.put_user_policy(UserName="hub", PolicyName="hub", PolicyDocument=policy(OF_THE_HUB))
        key = iam.create_access_key(UserName="hub")["AccessKey"]
        organizations = as_root(url, MANAGEMENT, "organizations")
        [root] = organizations.list_roots()["Roots"]
        accounts = [create_account(organizations, name) for name in NAMES]
        unit = organizations.create_organizational_unit(ParentId=root["Id"], Name="Sandboxes")["OrganizationalUnit"]["Id"]
        left_out = create_account(organizations, "Playground")
        organizations.move_account(AccountId=left_out, SourceParentId=root["Id"], DestinationParentId=unit)
        for account in [*accounts, left_out]:
            create_member_role(url, account, hub)
            for region in REGIONS:
                for title in ("Orders", "Payments"):
                    create(as_root(url, account, "apigateway", region), f"{title} of {account} in {region}")
        yield types.SimpleNamespace(url=url, key=key, accounts=accounts, unit=unit)


@pytest.fixture(scope="module")
def world(company, tmp_path_factory):
    """Clouds with an empty API center, the hub's key in their vault, and the handler between them and the company."""
    folder = tmp_path_factory.mktemp("many-accounts")
    with (
        clouds(folder / "stand-ins.log") as stand_ins,
        credential_of(stand_ins) as credential,
        catalog_of(stand_ins, credential) as catalog,
        SecretClient(
            stand_ins["keyVault"], credential, verify_challenge_resource=False, connection_verify=stand_ins["caFile"]
        ) as vault,
        handler_between(
            stand_ins, company.url, company.url, folder / "handler.log", AWS_ENDPOINT_URL_ORGANIZATIONS=company.url
        ) as handler,
    ):
        vault.set_secret("hub-id", company.key["AccessKeyId"])
        vault.set_secret("hub-secret", company.key["SecretAccessKey"])
        source = {
            "name": "all",
            "regionNames": REGIONS,
            "accessKey": f"{stand_ins['keyVault']}/secrets/hub-id",
            "secretAccessKey": f"{stand_ins['keyVault']}/secrets/hub-secret",
            "externalId": EXTERNAL_ID,
            "accounts": {"organization": True, "except": [company.unit]},
        }
        body = {"properties": {"amazonApiGatewaySources": [source]}}
        yield types.SimpleNamespace(handler=handler, catalog=catalog, body=body)


def wanted(company):
    """What the catalog ought to hold of the company."""
    places = [(account, region) for account in company.accounts for region in REGIONS]
    apis = [desired(as_root(company.url, account, "apigateway", region), "company", region) for account, region in places]
    return {name: api for found in apis for name, api in found.items()}


def ours(world):
    """What the integration has in the catalog."""
    return {name: api for name, api in world.catalog.apis().items() if name.startswith("company-")}


def states(report):
    """The gateways of a report, with their states."""
    return {(gateway["account"], gateway["region"]): gateway["state"] for gateway in report["gateways"]}


def test_every_account_in_every_region_is_in_the_catalog(company, world):
    answer = world.handler.call("PUT", "integrations/company", json=world.body)
    assert answer.status_code == 201, answer.text
    report = answer.json()["properties"]["lastSync"]
    # Nobody has rolled the role out to the management account, which is no fault.
    assert (report["outcome"], report["created"]) == ("succeeded", 12), answer.text
    read = {(account, region): "read" for account in company.accounts for region in REGIONS}
    assert states(report) == read | {(MANAGEMENT, region): "denied" for region in REGIONS}
    apis = ours(world)
    assert len(apis) == 12
    assert apis == wanted(company)


def test_what_goes_from_one_gateway_goes_from_the_catalog_and_nothing_else(company, world):
    gateway = as_root(company.url, company.accounts[0], "apigateway", REGIONS[1])
    gateway.delete_rest_api(restApiId=gateway.get_rest_apis()["items"][0]["id"])
    create(gateway, "Shipping")
    report = world.handler.call("POST", "integrations/company/sync").json()
    assert (report["created"], report["deleted"], report["unchanged"]) == (1, 1, 11), report
    assert ours(world) == wanted(company)


def test_the_external_id_is_asked_for(company, world):
    body = json.loads(json.dumps(world.body))
    body["properties"]["amazonApiGatewaySources"][0]["externalId"] = "another"
    refused = world.handler.call("PUT", "integrations/others", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "RoleNotAssumable"), refused.text

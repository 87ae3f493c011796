"""A hub and its member roles: who may assume what, what they may do, and what a weaker template would be caught by.

moto checks the trust of roles in the caller's own account only, so most tests have both in one account, as the hub's own
account has. What moto does not check is asserted to the letter, as in `test_identity`.
"""

import json

import pytest
from botocore.exceptions import ClientError

from account import IDENTITY, MEMBER_ROLE
from test_identity import (
    ACCESS_KEY,
    ACCESS_KEY_AND_ROLE,
    EXTERNAL_ID,
    WEB_IDENTITY,
    assert_only_the_managed_identity_may_assume_the_role,
    assert_policy_reads_and_nothing_else,
    assert_user_may_only_assume_the_role,
    attached,
    made_key,
    user_with_every_permission,
    who,
)

MEMBER = {"Regions": "us-east-1,eu-central-1"}
NAME = "apicenter-aws-sync"
READS_ORGANIZATION = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "ReadOrganization",
            "Effect": "Allow",
            "Action": [
                "organizations:ListAccounts",
                "organizations:ListAccountsForParent",
                "organizations:ListOrganizationalUnitsForParent",
            ],
            "Resource": "*",
        }
    ],
}


def deploy_member(account, hub, template=None, **parameters):
    """Makes the member role, in a stack beside the hub's."""
    return account.deploy(template or MEMBER_ROLE.read_text(), stack="member", HubArn=hub, **MEMBER | parameters)


def documents(account, kind, name):
    """The policies attached to a user or a role, but for the one that reads gateways."""
    policies = [account.policy(arn) for arn in attached(account, kind, name)]
    return [policy for policy in policies if policy["Statement"][0]["Sid"] != "ReadApis"]


def assumes(account, name):
    """The policy that lets a hub assume the role of a name, in any account."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AssumeTheMemberRole",
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Resource": f"arn:{account.partition}:iam::*:role/{name}",
            }
        ],
    }


def assert_trusts_the_hub_only(account, role, hub, condition):
    assert account.role(role)["AssumeRolePolicyDocument"] == {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "TheHubOnly", "Effect": "Allow", "Principal": {"AWS": hub}, "Action": "sts:AssumeRole"} | condition
        ],
    }


def assert_member_is_closed(account, outputs, hub):
    """All that makes a member role harmless."""
    condition = {"Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}}}
    assert_trusts_the_hub_only(account, outputs["RoleArn"], hub, condition)
    assert_policy_reads_and_nothing_else(account, outputs)
    role = outputs["RoleArn"].rpartition("/")[2]
    assert attached(account, "role", role) == [outputs["ReadPolicyArn"]]
    assert account.iam.list_role_policies(RoleName=role)["PolicyNames"] == []


def assert_hub_is_closed(account, outputs):
    """All that a hub may do beside reading its own account."""
    assert documents(account, "user", outputs["UserName"]) == [assumes(account, NAME)]
    assert_policy_reads_and_nothing_else(account, outputs)


def test_the_member_role_reads_and_is_for_the_hub_with_the_external_id(account_anywhere):
    account = account_anywhere
    hub = account.deploy(**ACCESS_KEY, MemberRole=NAME)
    assert set(hub) == {"UserName", "HubArn", "ReadPolicyArn"}
    assert_hub_is_closed(account, hub)
    member = deploy_member(account, hub["HubArn"], ExternalId=EXTERNAL_ID)
    assert set(member) == {"RoleArn", "ReadPolicyArn"}
    assert member["RoleArn"] == f"arn:{account.partition}:iam::123456789012:role/{NAME}"
    assert account.everything() == {"users": 1, "roles": 1, "policies": 3, "providers": 0}
    assert_member_is_closed(account, member, hub["HubArn"])
    assert account.role(member["RoleArn"])["MaxSessionDuration"] == 3600


def test_the_hub_assumes_the_member_role_of_every_account_and_no_other_role(account_anywhere):
    account = account_anywhere
    hub = account.deploy(**ACCESS_KEY, MemberRole=NAME)
    member = deploy_member(account, hub["HubArn"], ExternalId=EXTERNAL_ID)["RoleArn"]
    key, stranger = made_key(account, hub["UserName"]), made_key(account, user_with_every_permission(account))
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    open_to_all = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    account.iam.create_role(RoleName=f"{NAME}-2", AssumeRolePolicyDocument=open_to_all)
    account.enforce(True)

    def assume(credentials, role, external_id=EXTERNAL_ID):
        return account.client("sts", credentials).assume_role(
            RoleArn=role, RoleSessionName="apicenter-shop", ExternalId=external_id
        )["Credentials"]

    assumed = f"arn:{account.partition}:sts::123456789012:assumed-role/{NAME}/apicenter-shop"
    assert who(account, assume(key, member)) == assumed
    elsewhere = member.replace("123456789012", "444455556666")
    for what, credentials, role, external_id in [
        ("another external id", key, member, "another"),
        ("somebody else", stranger, member, EXTERNAL_ID),
        ("a longer name", key, f"{member}-2", EXTERNAL_ID),
        ("another role elsewhere", key, elsewhere.replace(NAME, "Admin"), EXTERNAL_ID),
        ("the name below a path", key, elsewhere.replace(NAME, f"team/{NAME}"), EXTERNAL_ID),
    ]:
        with pytest.raises(ClientError, match="AccessDenied") as refusal:
            assume(credentials, role, external_id)
        assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403, what


@pytest.mark.parametrize("parameters", [ACCESS_KEY_AND_ROLE, WEB_IDENTITY])
def test_a_hub_that_is_a_role_is_named_as_such(account, parameters):
    hub = account.deploy(**parameters, MemberRole=NAME)
    assert hub["HubArn"] == hub["RoleArn"]
    assert documents(account, "role", hub["RoleArn"].rpartition("/")[2]) == [assumes(account, NAME)]
    if parameters == WEB_IDENTITY:
        assert_only_the_managed_identity_may_assume_the_role(account, hub)
    else:
        assert_user_may_only_assume_the_role(account, hub)


def test_without_an_external_id_the_trust_has_no_condition(account):
    hub = account.deploy(**WEB_IDENTITY, MemberRole=NAME)["HubArn"]
    assert_trusts_the_hub_only(account, deploy_member(account, hub)["RoleArn"], hub, {})


def test_a_member_role_can_have_a_path_a_name_and_a_boundary(account):
    hub = account.deploy(**ACCESS_KEY, MemberRole="platform/reader")
    assert documents(account, "user", hub["UserName"]) == [assumes(account, "platform/reader")]
    account.iam.create_policy(
        PolicyName="boundary",
        Path="/platform/",
        PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
    )
    member = deploy_member(
        account, hub["HubArn"], RolePath="/platform/", RoleName="reader", PermissionsBoundaryName="platform/boundary"
    )["RoleArn"]
    assert member == "arn:aws:iam::123456789012:role/platform/reader"
    boundary = "arn:aws:iam::123456789012:policy/platform/boundary"
    assert account.role(member)["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary


def test_the_organization_is_read_by_whom_it_is_granted_and_never_changed(account):
    hub = account.deploy(**ACCESS_KEY, MemberRole=NAME, ReadsOrganization="true")
    assert documents(account, "user", hub["UserName"]) == [assumes(account, NAME), READS_ORGANIZATION]
    member = deploy_member(account, hub["HubArn"], ReadsOrganization="true")
    assert documents(account, "role", NAME) == [READS_ORGANIZATION]
    assert_policy_reads_and_nothing_else(account, member)

    organization = account.client("organizations")
    organization.create_organization(FeatureSet="ALL")
    [root] = organization.list_roots()["Roots"]
    without = account.iam.create_user(UserName="without")["User"]["UserName"]
    account.iam.attach_user_policy(UserName=without, PolicyArn=hub["ReadPolicyArn"])
    keys = made_key(account, hub["UserName"]), made_key(account, without)
    account.enforce(True)
    reader, other = (account.client("organizations", key) for key in keys)
    assert [member["Id"] for member in reader.list_accounts()["Accounts"]] == ["123456789012"]
    assert reader.list_organizational_units_for_parent(ParentId=root["Id"])["OrganizationalUnits"] == []
    for what, refused in [
        ("not granted", other.list_accounts),
        ("not called", reader.list_roots),
        ("changes", lambda: reader.create_organizational_unit(ParentId=root["Id"], Name="unit")),
        ("closes", lambda: reader.close_account(AccountId="123456789012")),
    ]:
        with pytest.raises(ClientError, match="AccessDenied"):
            refused()
            pytest.fail(what)


def test_a_stack_set_makes_the_role_in_each_account_of_a_unit(account):
    hub = account.deploy(**ACCESS_KEY, MemberRole=NAME)
    key = made_key(account, hub["UserName"])
    organization = account.client("organizations")
    organization.create_organization(FeatureSet="ALL")
    [root] = organization.list_roots()["Roots"]
    unit = organization.create_organizational_unit(ParentId=root["Id"], Name="apis")["OrganizationalUnit"]["Id"]
    numbers = []
    for name in ("orders", "billing"):
        status = organization.create_account(AccountName=name, Email=f"{name}@example.com")["CreateAccountStatus"]
        numbers.append(status["AccountId"])
        organization.move_account(AccountId=numbers[-1], SourceParentId=root["Id"], DestinationParentId=unit)

    parameters = MEMBER | {"HubArn": hub["HubArn"], "ExternalId": EXTERNAL_ID}
    cloudformation = account.client("cloudformation")
    cloudformation.create_stack_set(
        StackSetName=NAME,
        TemplateBody=MEMBER_ROLE.read_text().replace("${AWS::Partition}", account.partition),
        PermissionModel="SERVICE_MANAGED",
        AutoDeployment={"Enabled": True, "RetainStacksOnAccountRemoval": False},
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
    )
    cloudformation.create_stack_instances(
        StackSetName=NAME,
        DeploymentTargets={"OrganizationalUnitIds": [unit]},
        Regions=[account.region],
        OperationPreferences={"FailureTolerancePercentage": 100, "MaxConcurrentPercentage": 100},
    )

    members = [account.of_organization(number) for number in numbers]
    for number, member in zip(numbers, members, strict=True):
        [policy] = attached(member, "role", NAME)
        made = {"RoleArn": f"arn:aws:iam::{number}:role/{NAME}", "ReadPolicyArn": policy}
        assert_member_is_closed(member, made, hub["HubArn"])
    account.enforce(True)
    for number in numbers:
        assumed = account.client("sts", key).assume_role(
            RoleArn=f"arn:aws:iam::{number}:role/{NAME}", RoleSessionName="apicenter-shop", ExternalId=EXTERNAL_ID
        )
        assert who(account, assumed["Credentials"]) == f"arn:aws:sts::{number}:assumed-role/{NAME}/apicenter-shop"


WEAKNESSES = {
    "a member for any external id": (
        MEMBER_ROLE,
        "                  sts:ExternalId: !Ref ExternalId",
        '                  sts:ExternalId: "*"',
    ),
    "a member for the hub's whole account": (MEMBER_ROLE, "AWS: !Ref HubArn", "AWS: !Ref AWS::AccountId"),
    "a member that writes": (MEMBER_ROLE, "Action: apigateway:GET", 'Action: ["apigateway:GET", "apigateway:POST"]'),
    "a member that reads everything": (MEMBER_ROLE, "/restapis/*/stages\n", "/*\n"),
    "a hub for every role": (IDENTITY, "role/${MemberRole}", "role/*"),
    "a hub for every role of such a name": (IDENTITY, "role/${MemberRole}", "role/${MemberRole}*"),
    "a hub that does more than assume": (
        IDENTITY,
        "Action: sts:AssumeRole\n            Resource: !Sub",
        "Action: sts:*\n            Resource: !Sub",
    ),
}


@pytest.mark.parametrize("weakness", WEAKNESSES)
def test_a_weaker_template_is_caught(account, weakness):
    path, find, put = WEAKNESSES[weakness]
    assert path.read_text().count(find) == 1, find

    def check(templates):
        account.reset()
        hub = account.deploy(templates[IDENTITY], **ACCESS_KEY, MemberRole=NAME)
        member = deploy_member(account, hub["HubArn"], templates[MEMBER_ROLE], ExternalId=EXTERNAL_ID)
        assert_hub_is_closed(account, hub)
        assert_member_is_closed(account, member, hub["HubArn"])

    templates = {template: template.read_text() for template in (IDENTITY, MEMBER_ROLE)}
    check(templates)
    with pytest.raises(AssertionError):
        check(templates | {path: templates[path].replace(find, put)})

"""The template's stack in each mode: what it makes, what that may do, and what a weaker template would be caught by.

moto checks signatures, the actions and resources of identity policies and the principals and external ids of trust policies.
It checks neither the conditions of identity policies, nor that an external id is given at all, nor anything of a web
identity's token. Those are asserted to the letter in the documents that it holds.
"""

import fnmatch

import pytest
from botocore.exceptions import ClientError

from account import IDENTITY

TENANT = "72f0c0de-0000-4000-8000-00000000cafe"
PRINCIPAL = "5ab1ec70-1111-4111-8111-111111111111"
AUDIENCE = "api://0a0d1e2c-2222-4222-8222-222222222222"
ISSUER = f"sts.windows.net/{TENANT}/"
EXTERNAL_ID = "shop/3f9c"

ACCESS_KEY = {"AccessMode": "AccessKey", "Regions": "us-east-1,eu-central-1"}
ACCESS_KEY_AND_ROLE = ACCESS_KEY | {"AccessMode": "AccessKeyAndRole", "ExternalId": EXTERNAL_ID}
WEB_IDENTITY = ACCESS_KEY | {
    "AccessMode": "WebIdentity",
    "TenantId": TENANT,
    "Audience": AUDIENCE,
    "PrincipalId": PRINCIPAL,
}


def assert_policy_reads_and_nothing_else(account, outputs):
    name, number = account.partition, outputs["ReadPolicyArn"].split(":")[4]
    assert account.policy(outputs["ReadPolicyArn"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ReadApis",
                "Effect": "Allow",
                "Action": "apigateway:GET",
                "Resource": [
                    f"arn:{name}:apigateway:*::/restapis",
                    f"arn:{name}:apigateway:*::/restapis/??????????",
                    f"arn:{name}:apigateway:*::/restapis/*/stages",
                    f"arn:{name}:apigateway:*::/restapis/*/stages/*/exports/*",
                    f"arn:{name}:apigateway:*::/apis",
                    f"arn:{name}:apigateway:*::/apis/??????????",
                    f"arn:{name}:apigateway:*::/apis/*/stages",
                    f"arn:{name}:apigateway:*::/apis/*/exports/*",
                    f"arn:{name}:apigateway:*::/apis/*/routes",
                    f"arn:{name}:apigateway:*::/apis/*/models",
                    f"arn:{name}:apigateway:*::/domainnames",
                    f"arn:{name}:apigateway:*::/domainnames/*/apimappings",
                    f"arn:{name}:apigateway:*::/domainnames/*/basepathmappings",
                    f"arn:{name}:apigateway:*:{number}:/domainnames/*/basepathmappings",
                ],
                "Condition": {"StringEquals": {"aws:RequestedRegion": ["us-east-1", "eu-central-1"]}},
            },
            {
                "Sid": "ReadRoutingRules",
                "Effect": "Allow",
                "Action": "apigateway:ListRoutingRules",
                "Resource": f"arn:{name}:apigateway:*:{number}:/domainnames/*/routingrules/*",
                "Condition": {"StringEquals": {"aws:RequestedRegion": ["us-east-1", "eu-central-1"]}},
            },
        ],
    }


def assert_only_the_managed_identity_may_assume_the_role(account, outputs):
    assert account.role(outputs["RoleArn"])["AssumeRolePolicyDocument"] == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TheManagedIdentityOnly",
                "Effect": "Allow",
                "Principal": {"Federated": f"arn:{account.partition}:iam::123456789012:oidc-provider/{ISSUER}"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": {f"{ISSUER}:aud": AUDIENCE, f"{ISSUER}:sub": PRINCIPAL}},
            }
        ],
    }


def assert_only_the_user_with_the_external_id_may_assume_the_role(account, outputs):
    assert account.role(outputs["RoleArn"])["AssumeRolePolicyDocument"] == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TheUserOnly",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{account.partition}:iam::123456789012:user/{outputs['UserName']}"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}},
            }
        ],
    }


def assert_user_may_only_assume_the_role(account, outputs):
    user = outputs["UserName"]
    assert account.iam.list_attached_user_policies(UserName=user)["AttachedPolicies"] == []
    [name] = account.iam.list_user_policies(UserName=user)["PolicyNames"]
    assert account.iam.get_user_policy(UserName=user, PolicyName=name)["PolicyDocument"] == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AssumeTheRoleThatReads",
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Resource": outputs["RoleArn"],
            }
        ],
    }


def attached(account, kind, name):
    policies = getattr(account.iam, f"list_attached_{kind}_policies")(**{f"{kind.title()}Name": name})
    return [policy["PolicyArn"] for policy in policies["AttachedPolicies"]]


def made_key(account, user):
    """An access key as `aws iam create-access-key` makes it."""
    return account.iam.create_access_key(UserName=user)["AccessKey"]


def who(account, credentials):
    return account.client("sts", credentials).get_caller_identity()["Arn"]


def test_the_user_has_the_policy_and_a_key_made_for_it_works(account_anywhere):
    account = account_anywhere
    outputs = account.deploy(**ACCESS_KEY)
    assert set(outputs) == {"UserName", "ReadPolicyArn"}
    assert account.everything() == {"users": 1, "roles": 0, "policies": 1, "providers": 0}
    assert_policy_reads_and_nothing_else(account, outputs)
    user = outputs["UserName"]
    assert attached(account, "user", user) == [outputs["ReadPolicyArn"]]
    assert account.iam.list_user_policies(UserName=user)["PolicyNames"] == []
    assert account.iam.list_access_keys(UserName=user)["AccessKeyMetadata"] == [], "the template makes no key"

    key = made_key(account, user)
    assert who(account, key) == f"arn:{account.partition}:iam::123456789012:user/{user}"
    assert account.client("apigateway", key).get_rest_apis()["items"] == []


def test_a_user_can_have_two_keys_at_once_and_a_deleted_key_is_refused(account):
    user = account.deploy(**ACCESS_KEY)["UserName"]
    old, new = made_key(account, user), made_key(account, user)
    with pytest.raises(ClientError, match="LimitExceeded"):
        made_key(account, user)
    account.iam.delete_access_key(UserName=user, AccessKeyId=old["AccessKeyId"])
    account.enforce(True)
    assert who(account, new).endswith(f"user/{user}")
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        who(account, old)


def test_the_user_assumes_the_role_and_nothing_else(account_anywhere):
    account = account_anywhere
    outputs = account.deploy(**ACCESS_KEY_AND_ROLE)
    assert set(outputs) == {"UserName", "RoleArn", "ReadPolicyArn"}
    assert account.everything() == {"users": 1, "roles": 1, "policies": 1, "providers": 0}
    assert_policy_reads_and_nothing_else(account, outputs)
    assert_only_the_user_with_the_external_id_may_assume_the_role(account, outputs)
    assert_user_may_only_assume_the_role(account, outputs)
    assert attached(account, "role", outputs["RoleArn"].rpartition("/")[2]) == [outputs["ReadPolicyArn"]]

    key = made_key(account, outputs["UserName"])
    stranger = made_key(account, user_with_every_permission(account))
    other_role = role_that_trusts_everybody(account)
    account.enforce(True)
    assumed = account.client("sts", key).assume_role(
        RoleArn=outputs["RoleArn"], RoleSessionName="shop", ExternalId=EXTERNAL_ID
    )
    role = outputs["RoleArn"].rpartition("/")[2]
    assert who(account, assumed["Credentials"]) == f"arn:{account.partition}:sts::123456789012:assumed-role/{role}/shop"
    for what, credentials, role_arn, external_id in [
        ("another external id", key, outputs["RoleArn"], "another"),
        ("another user", stranger, outputs["RoleArn"], EXTERNAL_ID),
        ("another role", key, other_role, EXTERNAL_ID),
    ]:
        with pytest.raises(ClientError, match="AccessDenied") as refusal:
            account.client("sts", credentials).assume_role(
                RoleArn=role_arn, RoleSessionName="shop", ExternalId=external_id
            )
        assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403, what


def test_the_role_is_for_the_managed_identity_alone(account_anywhere):
    account = account_anywhere
    outputs = account.deploy(**WEB_IDENTITY)
    assert set(outputs) == {"RoleArn", "ReadPolicyArn", "OidcProviderArn"}
    assert account.everything() == {"users": 0, "roles": 1, "policies": 1, "providers": 1}
    assert_policy_reads_and_nothing_else(account, outputs)
    assert_only_the_managed_identity_may_assume_the_role(account, outputs)
    assert attached(account, "role", outputs["RoleArn"].rpartition("/")[2]) == [outputs["ReadPolicyArn"]]
    assert account.role(outputs["RoleArn"])["MaxSessionDuration"] == 3600

    provider = account.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=outputs["OidcProviderArn"])
    assert provider["Url"] == ISSUER
    assert provider["ClientIDList"] == [AUDIENCE]
    assert provider["ThumbprintList"] == []

    assumed = account.client("sts").assume_role_with_web_identity(
        RoleArn=outputs["RoleArn"], RoleSessionName="shop", WebIdentityToken="header.payload.signature"
    )
    assert account.client("apigateway", assumed["Credentials"]).get_rest_apis()["items"] == []


def test_a_provider_that_the_account_has_already_is_used(account):
    existing = account.iam.create_open_id_connect_provider(
        Url=f"https://{ISSUER}", ClientIDList=["api://another"], ThumbprintList=["0" * 40]
    )["OpenIDConnectProviderArn"]
    outputs = account.deploy(**WEB_IDENTITY, OidcProviderArn=existing)
    assert account.everything()["providers"] == 1
    assert outputs["OidcProviderArn"] == existing
    assert_only_the_managed_identity_may_assume_the_role(account, outputs)


def test_a_permissions_boundary_bounds_the_role(account):
    boundary = account.iam.create_policy(
        PolicyName="boundary",
        PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
    )["Policy"]["Arn"]
    outputs = account.deploy(**WEB_IDENTITY, PermissionsBoundaryArn=boundary)
    assert account.role(outputs["RoleArn"])["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary


def test_a_thumbprint_goes_to_the_provider(account):
    outputs = account.deploy(**WEB_IDENTITY, Thumbprint="a" * 40)
    provider = account.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=outputs["OidcProviderArn"])
    assert provider["ThumbprintList"] == ["a" * 40]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/restapis", True),
        ("GET", "/restapis/a1b2c3d4e5/stages", True),
        ("GET", "/restapis/a1b2c3d4e5/stages/prod/exports/oas30", True),
        ("GET", "/restapis/a1b2c3d4e5", True),
        ("GET", "/restapis/a1b2c3d4e5/resources", False),
        ("GET", "/restapis/a1b2c3d4e5/authorizers", False),
        ("GET", "/restapis/a1b2c3d4e5/stages/prod", False),
        ("GET", "/restapis/a1b2c3d4e5/stages/prod/sdks/java", False),
        ("GET", "/apikeys", False),
        ("GET", "/apis", True),
        ("GET", "/apis/a1b2c3d4e5", True),
        ("GET", "/apis/a1b2c3d4e5/stages", True),
        ("GET", "/apis/a1b2c3d4e5/exports/OAS30", True),
        ("GET", "/apis/a1b2c3d4e5/routes", True),
        ("GET", "/apis/a1b2c3d4e5/models", True),
        ("GET", "/apis/a1b2c3d4e5/integrations", False),
        ("GET", "/apis/a1b2c3d4e5/authorizers", False),
        ("POST", "/apis", False),
        ("GET", "/clientcertificates", False),
        ("GET", "/domainnames", True),
        ("GET", "/domainnames/api.example.com/apimappings", True),
        ("GET", "/domainnames/api.example.com/basepathmappings", True),
        ("GET", "/domainnames/api.example.com", False),
        ("POST", "/domainnames", False),
        ("GET", "/usageplans", False),
        ("GET", "/tags/arn", False),
        ("POST", "/restapis", False),
        ("PATCH", "/restapis/a1b2c3d4e5/stages", False),
        ("DELETE", "/restapis/a1b2c3d4e5/stages", False),
    ],
)
def test_the_policy_lets_through_what_is_read_and_nothing_else(account, method, path, allowed):
    statement, _ = account.policy(account.deploy(**ACCESS_KEY)["ReadPolicyArn"])["Statement"]
    resource = f"arn:aws:apigateway:us-east-1::{path}"
    matches = any(fnmatch.fnmatchcase(resource, pattern) for pattern in statement["Resource"])
    assert (matches and statement["Action"] == f"apigateway:{method}") == allowed


WEAKNESSES = {
    "every action": (ACCESS_KEY, "apigateway:GET", "apigateway:*", assert_policy_reads_and_nothing_else),
    "every path": (ACCESS_KEY, "/restapis/*/stages\n", "/*\n", assert_policy_reads_and_nothing_else),
    "every region": (
        ACCESS_KEY,
        "!Ref Regions\n          - Sid: ReadRoutingRules",
        '"*"\n          - Sid: ReadRoutingRules',
        assert_policy_reads_and_nothing_else,
    ),
    "routing rules of every region": (
        ACCESS_KEY,
        "!Ref Regions\n      Users:",
        '"*"\n      Users:',
        assert_policy_reads_and_nothing_else,
    ),
    "everybody in the tenant": (
        WEB_IDENTITY,
        """,
                      "sts.windows.net/${TenantId}/:sub": "${PrincipalId}\"""",
        "",
        assert_only_the_managed_identity_may_assume_the_role,
    ),
    "tokens for any audience": (
        WEB_IDENTITY,
        '"sts.windows.net/${TenantId}/:aud": "${Audience}",',
        "",
        assert_only_the_managed_identity_may_assume_the_role,
    ),
    "any external id": (
        ACCESS_KEY_AND_ROLE,
        "StringEquals:\n                  sts:ExternalId: !Ref ExternalId",
        "StringLike:\n                  sts:ExternalId: '*'",
        assert_only_the_user_with_the_external_id_may_assume_the_role,
    ),
    "every user of the account": (
        ACCESS_KEY_AND_ROLE,
        "AWS: !GetAtt User.Arn",
        "AWS: !Ref AWS::AccountId",
        assert_only_the_user_with_the_external_id_may_assume_the_role,
    ),
    "every role": (
        ACCESS_KEY_AND_ROLE,
        "Resource: !GetAtt Role.Arn",
        "Resource: '*'",
        assert_user_may_only_assume_the_role,
    ),
}


@pytest.mark.parametrize("weakness", WEAKNESSES)
def test_a_weaker_template_is_caught(account, weakness):
    parameters, find, put, check = WEAKNESSES[weakness]
    template = IDENTITY.read_text()
    assert template.count(find) == 1, find
    outputs = account.deploy(template.replace(find, put), **parameters)
    with pytest.raises(AssertionError):
        check(account, outputs)
    account.reset()
    check(account, account.deploy(**parameters))


def user_with_every_permission(account):
    account.iam.create_user(UserName="stranger")
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    account.iam.put_user_policy(UserName="stranger", PolicyName="everything", PolicyDocument=document)
    return "stranger"


def role_that_trusts_everybody(account):
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'
    return account.iam.create_role(RoleName="other", AssumeRolePolicyDocument=document)["Role"]["Arn"]

"""What the template refuses before it makes anything: CloudFormation checks that, moto does not."""

import re

import cfnlint.decode
import pytest

from account import TEMPLATE

GUID = "72f0c0de-0000-4000-8000-00000000cafe"


@pytest.fixture(scope="module")
def template():
    decoded, faults = cfnlint.decode.decode(str(TEMPLATE))
    assert faults == []
    return decoded


VALUES = {
    "Regions": (
        ["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1", "ap-southeast-5"],
        ["", "us-east", "*", "us-east-1 ", "US-EAST-1", "us-east-*"],
    ),
    "PermissionsBoundaryArn": (
        ["", "arn:aws:iam::123456789012:policy/team/boundary", "arn:aws-cn:iam::aws:policy/ReadOnlyAccess"],
        ["boundary", "arn:aws:iam::123456789012:role/boundary"],
    ),
    "ExternalId": (["", "ab", "shop/3f9c", GUID], ["a", "a b", 'a"b', "*" * 3, "a" * 1225]),
    "TenantId": (["", GUID], [GUID.upper(), "contoso.example", f"{GUID}/", f'{GUID}"']),
    "PrincipalId": (["", GUID], [GUID.upper(), "*", f"{GUID}*"]),
    "Audience": (["", f"api://{GUID}", "https://contoso.example/sync"], ["a" * 256, 'api://a"', "api://*"]),
    "OidcProviderArn": (
        ["", f"arn:aws:iam::123456789012:oidc-provider/sts.windows.net/{GUID}/"],
        [
            f"arn:aws:iam::123456789012:oidc-provider/sts.windows.net/{GUID}",
            f"arn:aws:iam::123456789012:oidc-provider/login.microsoftonline.com/{GUID}/",
            f"https://sts.windows.net/{GUID}/",
        ],
    ),
    "Thumbprint": (["", "0123456789" * 4], ["0" * 39, "A" * 40, "0" * 41]),
}


@pytest.mark.parametrize("parameter", VALUES)
def test_a_parameter_takes_what_fits_and_nothing_else(template, parameter):
    pattern = template["Parameters"][parameter]["AllowedPattern"]
    right, wrong = VALUES[parameter]
    assert [value for value in right if not re.search(pattern, value)] == []
    assert [value for value in wrong if re.search(pattern, value)] == []


def test_every_parameter_has_a_label_a_description_and_a_bound(template):
    interface = template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(template["Parameters"]) == sorted(interface["ParameterLabels"])
    for name, parameter in template["Parameters"].items():
        assert parameter["Description"], name
        assert "AllowedPattern" in parameter or "AllowedValues" in parameter, name
    assert set(VALUES) | {"AccessMode"} == set(template["Parameters"])


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"AccessMode": "AccessKey"}, []),
        ({"AccessMode": "AccessKeyAndRole"}, ["ExternalId"]),
        ({"AccessMode": "AccessKeyAndRole", "ExternalId": "shop"}, []),
        ({"AccessMode": "WebIdentity"}, ["TenantId", "Audience", "PrincipalId"]),
        ({"AccessMode": "WebIdentity", "TenantId": GUID, "Audience": "api://a"}, ["PrincipalId"]),
        ({"AccessMode": "WebIdentity", "TenantId": GUID, "Audience": "api://a", "PrincipalId": GUID}, []),
    ],
)
def test_a_mode_without_what_it_needs_is_refused(template, given, missing):
    values = {name: parameter.get("Default") for name, parameter in template["Parameters"].items()} | given
    refused = [
        assertion["AssertDescription"]
        for rule in template["Rules"].values()
        if holds(rule["RuleCondition"], values)
        for assertion in rule["Assertions"]
        if not holds(assertion["Assert"], values)
    ]
    assert refused == [f"{given['AccessMode']} needs {name}." for name in missing]


def holds(condition, values):
    """The value of a condition made of Ref, Fn::Equals and Fn::Not."""
    [(function, argument)] = condition.items()
    match function:
        case "Fn::Equals":
            left, right = (values[side["Ref"]] if isinstance(side, dict) else side for side in argument)
            return left == right
        case "Fn::Not":
            return not holds(argument[0], values)
    raise AssertionError(f"{function} is not understood")


def test_there_is_no_access_key_and_no_secret(template):
    types = {resource["Type"] for resource in template["Resources"].values()}
    assert types == {
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::OIDCProvider",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::IAM::User",
    }
    assert set(template["Outputs"]) == {"OidcProviderArn", "ReadPolicyArn", "RoleArn", "UserName"}

"""What the templates refuse before they make anything: CloudFormation checks that, moto does not."""

import re

import cfnlint.decode
import pytest

from account import IDENTITY, MEMBER_ROLE

GUID = "72f0c0de-0000-4000-8000-00000000cafe"


def decoded(path):
    template, faults = cfnlint.decode.decode(str(path))
    assert faults == []
    return template


TEMPLATES = {path.name: decoded(path) for path in (IDENTITY, MEMBER_ROLE)}
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
    "MemberRole": (
        ["", "apicenter-aws-sync", "platform/readers/apicenter-aws-sync"],
        ["*", "apicenter-*", "/apicenter", "platform/", "apicenter/*", "arn:aws:iam::123456789012:role/a", "a" * 65],
    ),
    "HubArn": (
        ["arn:aws:iam::123456789012:role/hub", "arn:aws-cn:iam::123456789012:user/team/hub"],
        [
            "",
            "*",
            "123456789012",
            "arn:aws:iam::123456789012:root",
            "arn:aws:iam::123456789012:role/*",
            "arn:aws:iam::*:role/hub",
        ],
    ),
    "RoleName": (["apicenter-aws-sync", "a" * 64], ["", "*", "platform/reader", "a" * 65]),
    "RolePath": (["/", "/platform/", "/platform/readers/"], ["", "platform", "/platform", "//", "/*/"]),
    "PermissionsBoundaryName": (
        ["", "boundary", "platform/boundary"],
        ["*", "/boundary", "a" * 129, "arn:aws:iam::aws:policy/a"],
    ),
}
CHOICES = {"AccessMode", "ReadsOrganization"}
PARAMETERS = [(name, parameter) for name, template in TEMPLATES.items() for parameter in template["Parameters"]]


@pytest.mark.parametrize(("template", "parameter"), [pair for pair in PARAMETERS if pair[1] not in CHOICES])
def test_a_parameter_takes_what_fits_and_nothing_else(template, parameter):
    pattern = TEMPLATES[template]["Parameters"][parameter]["AllowedPattern"]
    right, wrong = VALUES[parameter]
    assert [value for value in right if not re.search(pattern, value)] == []
    assert [value for value in wrong if re.search(pattern, value)] == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_parameter_has_a_label_a_description_and_a_bound(name):
    template = TEMPLATES[name]
    interface = template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(template["Parameters"]) == sorted(interface["ParameterLabels"])
    for name, parameter in template["Parameters"].items():
        assert parameter["Description"], name
        assert "AllowedPattern" in parameter or "AllowedValues" in parameter, name


def test_what_two_templates_have_in_common_is_the_same_in_both():
    identity, member_role = TEMPLATES.values()
    for policy in ("ReadPolicy", "OrganizationPolicy"):
        first, second = (template["Resources"][policy]["Properties"] for template in (identity, member_role))
        for part in ("Description", "PolicyDocument"):
            assert first[part] == second[part], policy
    for parameter in set(identity["Parameters"]) & set(member_role["Parameters"]):
        first, second = (template["Parameters"][parameter] for template in (identity, member_role))
        for part in ("Type", "Default", "AllowedPattern", "AllowedValues"):
            assert first.get(part) == second.get(part), parameter


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"AccessMode": "AccessKey", "MemberRole": "a", "ReadsOrganization": "true"}, []),
        ({"AccessMode": "AccessKey"}, []),
        ({"AccessMode": "AccessKeyAndRole"}, ["ExternalId"]),
        ({"AccessMode": "AccessKeyAndRole", "ExternalId": "shop"}, []),
        ({"AccessMode": "WebIdentity"}, ["TenantId", "Audience", "PrincipalId"]),
        ({"AccessMode": "WebIdentity", "TenantId": GUID, "Audience": "api://a"}, ["PrincipalId"]),
        ({"AccessMode": "WebIdentity", "TenantId": GUID, "Audience": "api://a", "PrincipalId": GUID}, []),
    ],
)
def test_a_mode_without_what_it_needs_is_refused(given, missing):
    template = TEMPLATES[IDENTITY.name]
    values = {name: parameter.get("Default") for name, parameter in template["Parameters"].items()} | given
    refused = [
        assertion["AssertDescription"]
        for rule in template["Rules"].values()
        if holds(rule["RuleCondition"], values)
        for assertion in rule["Assertions"]
        if not holds(assertion["Assert"], values)
    ]
    assert refused == [f"{given['AccessMode']} needs {name}." for name in missing]


def test_the_organization_is_for_hubs():
    rule = TEMPLATES[IDENTITY.name]["Rules"]["MemberRoleIsGiven"]
    values = {"MemberRole": "", "ReadsOrganization": "true"}
    assert holds(rule["RuleCondition"], values)
    assert not holds(rule["Assertions"][0]["Assert"], values)


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


@pytest.mark.parametrize(
    ("name", "types", "outputs"),
    [
        (
            IDENTITY.name,
            {"ManagedPolicy", "OIDCProvider", "Policy", "Role", "User"},
            {"HubArn", "OidcProviderArn", "ReadPolicyArn", "RoleArn", "UserName"},
        ),
        (MEMBER_ROLE.name, {"ManagedPolicy", "Role"}, {"ReadPolicyArn", "RoleArn"}),
    ],
)
def test_there_is_no_access_key_and_no_secret(name, types, outputs):
    template = TEMPLATES[name]
    assert {resource["Type"] for resource in template["Resources"].values()} == {f"AWS::IAM::{kind}" for kind in types}
    assert set(template["Outputs"]) == outputs

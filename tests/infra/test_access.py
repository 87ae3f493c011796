"""Who may do what: every role assignment of every scenario, and the custom role."""

import json

import pytest

from conftest import INFRA, SHARED
from snapshot import GROUP, ROLES, SUBSCRIPTION, role, scope_of

BLOB_DATA_OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
METRICS_PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"
SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
API_CENTER_CONTRIBUTOR = "dd24193f-ef65-44e5-8a7e-6fa6e03f7713"

OTHER = "00000000-0000-0000-0000-000000000002"
COMPANY_APIS = f"/subscriptions/{OTHER}/resourceGroups/catalog-group/providers/Microsoft.ApiCenter/services/company-apis"
COMPANY_VAULT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/secrets-group/providers/Microsoft.KeyVault/vaults/company-vault"
OTHER_VAULT = COMPANY_VAULT.replace(SUBSCRIPTION, OTHER)


def own(snapshot):
    """What every deployment gives on what it makes."""
    return {
        (snapshot.one("Microsoft.Storage/storageAccounts")["id"], role(BLOB_DATA_OWNER)),
        (snapshot.one("Microsoft.Insights/components")["id"], role(METRICS_PUBLISHER)),
    }


def custom(snapshot, subscription=SUBSCRIPTION):
    """The id of the custom role."""
    return role(snapshot.one("Microsoft.Authorization/roleDefinitions")["name"], subscription)


def granted(snapshot):
    """Scopes and roles; the principal is always the same one."""
    grants = snapshot.grants()
    assert {principal for _, _, principal in grants} == {f"[{snapshot.of_identity('principalId')}]"}
    return {(scope, definition) for scope, definition, _ in grants}


def test_a_role_assignment_is_named_by_scope_principal_and_role(snapshot):
    """An assignment that has outlived its identity keeps its name, and Azure lets nobody give it another principal."""
    for assignment in snapshot.all(ROLES):
        properties = assignment["properties"]
        scope = scope_of(assignment)
        name = f"guid('{scope}', {properties['principalId'].strip('[]')}, '{properties['roleDefinitionId']}')"
        assert assignment["name"] == f"[{name}]"
        assert assignment["id"] == f"[extensionResourceId('{scope}', '{ROLES}', {name})]"


@pytest.mark.parametrize(
    "scenario", ["main", "everything-new", "longest-names", "shortest-names", "action-group", "all-settings"]
)
def test_a_new_vault_is_opened_as_a_whole_and_a_new_api_center_by_the_custom_role(snapshots, scenario):
    snapshot = snapshots[scenario]
    assert granted(snapshot) == own(snapshot) | {
        (snapshot.one("Microsoft.ApiCenter/services")["id"], custom(snapshot)),
        (snapshot.one("Microsoft.KeyVault/vaults")["id"], role(SECRETS_USER)),
    }


def test_of_an_existing_vault_only_the_two_secrets_are_opened(snapshots):
    snapshot = snapshots["existing-elsewhere"]
    assert granted(snapshot) == own(snapshot) | {
        (COMPANY_APIS, custom(snapshot, OTHER)),
        (f"{COMPANY_VAULT}/secrets/gateway-key", role(SECRETS_USER)),
        (f"{COMPANY_VAULT}/secrets/gateway-secret-key", role(SECRETS_USER)),
    }


def test_without_keys_no_vault_is_opened(snapshots):
    snapshot = snapshots["keyless"]
    assert granted(snapshot) == own(snapshot) | {(snapshot.one("Microsoft.ApiCenter/services")["id"], custom(snapshot))}


def test_the_built_in_role_and_the_whole_of_an_existing_vault_are_there_for_who_asks_for_them(snapshots):
    snapshot = snapshots["built-in-role"]
    assert granted(snapshot) == own(snapshot) | {
        (COMPANY_APIS, role(API_CENTER_CONTRIBUTOR, OTHER)),
        (OTHER_VAULT, role(SECRETS_USER, OTHER)),
    }


@pytest.mark.parametrize(
    ("scenario", "group"),
    [("everything-new", GROUP), ("keyless", GROUP), ("existing-elsewhere", COMPANY_APIS.split("/providers/")[0])],
)
def test_the_custom_role_is_the_published_list_and_can_be_assigned_in_the_api_centers_group_only(snapshots, scenario, group):
    definition = snapshots[scenario].one("Microsoft.Authorization/roleDefinitions")
    actions = json.loads((INFRA / "api-center-actions.json").read_text())
    assert definition["id"] == f"{group}/providers/Microsoft.Authorization/roleDefinitions/{definition['name']}"
    properties = definition["properties"]
    assert properties["type"] == "CustomRole"
    assert properties["permissions"] == [{"actions": actions, "notActions": [], "dataActions": [], "notDataActions": []}]
    assert properties["assignableScopes"] == [group]


def test_every_app_has_a_custom_role_of_its_own(snapshots):
    """So that removing or upgrading one takes nothing from another."""
    made = [
        snapshots[name].one("Microsoft.Authorization/roleDefinitions")
        for name in ("everything-new", "longest-names", "shortest-names")
    ]
    assert len({definition["name"] for definition in made}) == 3
    assert len({definition["properties"]["roleName"] for definition in made}) == 3


def test_the_actions_are_operations_of_the_service_spelled_out(actions_of_the_service):
    actions = json.loads((INFRA / "api-center-actions.json").read_text())
    assert len(set(actions)) == len(actions)
    assert not [action for action in actions if "*" in action]
    assert set(actions) <= actions_of_the_service


@pytest.fixture
def actions_of_the_service():
    """The actions that the operations of the service's own specification ask for."""
    specification = json.loads((SHARED / "data/api-center/apicenter-2024-03-01.swagger.json").read_text())
    verbs = {"get": "read", "head": "read", "put": "write", "patch": "write", "delete": "delete"}
    actions = {
        # How long-running operations are followed; the answers name it, the specification does not.
        "Microsoft.ApiCenter/services/workspaces/apis/versions/definitions/operationResults/read",
        # What every provider's resources have: what a principal may do with them.
        "Microsoft.Authorization/permissions/read",
    }
    for path, operations in specification["paths"].items():
        resource = "/".join(part for part in path.split("/providers/")[1].split("/") if not part.startswith("{"))
        actions |= {f"{resource}/{verbs.get(method, 'action')}" for method in operations if method != "parameters"}
    assert "Microsoft.ApiCenter/services/workspaces/apis/versions/definitions/importSpecification/action" in actions
    return actions

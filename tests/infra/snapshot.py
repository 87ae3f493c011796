"""A snapshot: the resources that a deployment would make, with what only Azure knows as expressions in brackets."""

import collections
import os

SUBSCRIPTION = os.environ["SUBSCRIPTION"]
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/app-group"
ROLES = "Microsoft.Authorization/roleAssignments"


class Snapshot:
    """The resources of one deployment."""

    def __init__(self, document):
        assert document["diagnostics"] == []
        self.resources = document["predictedResources"]
        self.outputs = document["outputs"]

    def types(self):
        """How many resources there are of each type."""
        return dict(collections.Counter(resource["type"] for resource in self.resources))

    def all(self, kind):
        """The resources of a type."""
        return [resource for resource in self.resources if resource["type"] == kind]

    def one(self, kind):
        """The only resource of a type."""
        (resource,) = self.all(kind)
        return resource

    def identity(self):
        """The id of the function app's identity."""
        return self.one("Microsoft.ManagedIdentity/userAssignedIdentities")["id"]

    def of_identity(self, member):
        """The expression for something that only Azure knows of the identity."""
        return f"reference('{self.identity()}', '2024-11-30').{member}"

    def grants(self):
        """Who may do what where: for each role assignment its scope, the role's id and the principal."""
        grants = set()
        for assignment in self.all(ROLES):
            scope = scope_of(assignment)
            properties = assignment["properties"]
            assert set(properties) == {"principalId", "principalType", "roleDefinitionId"}
            assert properties["principalType"] == "ServicePrincipal"
            grants.add((scope, properties["roleDefinitionId"], properties["principalId"]))
        return grants

    def settings(self):
        """The app settings."""
        listed = self.one("Microsoft.Web/sites")["properties"]["siteConfig"]["appSettings"]
        settings = {setting["name"]: setting["value"] for setting in listed}
        assert len(settings) == len(listed), "a setting is listed twice"
        return settings


def scope_of(assignment):
    """What a role assignment is on. Its id is an expression, since its name is one."""
    return assignment["id"].removeprefix("[extensionResourceId('").split("'")[0]


def role(number, subscription=SUBSCRIPTION):
    """The id of a role definition."""
    return f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{number}"


def leaves(value, path=""):
    """Every text and number in a document, with the way to it."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from leaves(member, f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]")
    else:
        yield path, value

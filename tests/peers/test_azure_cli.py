"""Microsoft's own command line works with the sandbox, with the lines that the README gives."""

import pytest


@pytest.fixture(scope="module")
def signed_in(az, stand_ins):
    """The command line, told of the sandbox and signed in to it."""
    az(
        *("cloud", "register", "--name", "Sandbox", "--skip-endpoint-discovery"),
        *("--endpoint-resource-manager", stand_ins["apiCenter"]),
        *("--endpoint-management", stand_ins["apiCenter"]),
        *("--endpoint-active-directory", stand_ins["apiCenter"]),
        *("--endpoint-active-directory-resource-id", stand_ins["apiCenter"]),
        *("--endpoint-active-directory-graph-resource-id", stand_ins["apiCenter"]),
    )
    az("cloud", "set", "--name", "Sandbox")
    az("login", "--identity")
    return az


def test_it_shows_the_subscription_of_the_api_center(signed_in, stand_ins):
    assert signed_in("account", "show")["id"] == stand_ins["resourceId"].split("/")[2]


def test_it_shows_the_resource_group_of_the_api_center(signed_in, stand_ins):
    group = stand_ins["resourceId"].split("/")[4]
    assert signed_in("group", "show", "--name", group)["name"] == group


def test_it_shows_the_catalog(signed_in, stand_ins, catalog):
    url = f"{stand_ins['apiCenter']}{stand_ins['resourceId']}/workspaces/default/apis?api-version=2024-03-01"
    page = signed_in("rest", "--method", "get", "--url", url, "--resource", stand_ins["apiCenter"])
    first = page["value"][0]
    assert catalog.apis()[first["name"]]["title"] == first["properties"]["title"]

"""The judge of requests can tell good ones from bad ones."""

import pytest

SERVICE = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/r/providers/Microsoft.ApiCenter/services/center"
APIS = f"{SERVICE}/workspaces/default/apis"
VERSION = "?api-version=2024-03-01"
HEADERS = {"Authorization": "Bearer token", "Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", f"{APIS}{VERSION}", ""),
        ("PUT", f"{APIS}/pets{VERSION}", '{"properties":{"title":"Pets","kind":"rest","customProperties":{"own":{"a":1}}}}'),
        (
            "POST",
            f"{APIS}/pets/versions/one/definitions/openapi/importSpecification{VERSION}",
            '{"format":"inline","value":"{}","specification":{"name":"openapi","version":"3.0.1"}}',
        ),
        ("POST", f"{APIS}/pets/versions/one/definitions/openapi/exportSpecification{VERSION}", ""),
        ("DELETE", f"{APIS}/pets{VERSION}", ""),
    ],
)
def test_a_request_as_specified_passes(judge, method, target, body):
    assert judge.violations(method, target, HEADERS, body) == []


@pytest.mark.parametrize(
    ("method", "target", "headers", "body"),
    [
        pytest.param("GET", APIS, HEADERS, "", id="no version of the interface"),
        pytest.param("GET", f"{APIS}{VERSION}", {}, "", id="no token"),
        pytest.param("GET", f"{SERVICE}/workspaces/default/apps{VERSION}", HEADERS, "", id="no such collection"),
        pytest.param("PATCH", f"{APIS}/pets{VERSION}", HEADERS, "{}", id="no such method"),
        pytest.param("PUT", f"{APIS}/pets{VERSION}", HEADERS, "", id="no body"),
        pytest.param("PUT", f"{APIS}/my_pets{VERSION}", HEADERS, '{"properties":{"title":"a","kind":"rest"}}', id="bad name"),
        pytest.param("PUT", f"{APIS}/pets{VERSION}", HEADERS, '{"properties":{"kind":"rest"}}', id="no title"),
        pytest.param("PUT", f"{APIS}/pets{VERSION}", HEADERS, '{"properties":{"title":"a","kind":"REST"}}', id="bad kind"),
        pytest.param(
            "PUT", f"{APIS}/pets{VERSION}", HEADERS, '{"properties":{"title":"%s","kind":"rest"}}' % ("a" * 51), id="long title"
        ),
        pytest.param(
            "PUT", f"{APIS}/pets{VERSION}", HEADERS, '{"properties":{"title":"a","kind":"rest","colour":"red"}}', id="unknown"
        ),
    ],
)
def test_a_request_against_the_specification_is_found(judge, method, target, headers, body):
    assert judge.violations(method, target, headers, body)

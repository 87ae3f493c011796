"""The gateway that somebody else wrote does what the tests build on."""

import json

from gateway import create_api, create_stage


def test_its_list_comes_in_pages(gateway_client, ministack):
    gateway = gateway_client(ministack)
    made = [gateway.create_rest_api(name=f"page {number}")["id"] for number in range(7)]
    pages = list(gateway.get_paginator("get_rest_apis").paginate(PaginationConfig={"PageSize": 3}))
    assert all(len(page["items"]) <= 3 for page in pages)
    assert set(made) <= {rest_api["id"] for page in pages for rest_api in page["items"]}
    for rest_api in made:
        gateway.delete_rest_api(restApiId=rest_api)


def test_its_export_is_the_same_text_every_time(gateway_client, ministack, documents):
    gateway = gateway_client(ministack)
    document = json.loads((documents / "3.0" / "json" / "petstore.json").read_text())
    rest_api = create_api(gateway, "Pets", "All of them", document["paths"])
    create_stage(gateway, rest_api, "prod", "")
    first, second = (
        gateway.get_export(restApiId=rest_api, stageName="prod", exportType="oas30", accepts="application/json")["body"].read()
        for _ in range(2)
    )
    assert first == second
    assert set(json.loads(first)["paths"]) == set(document["paths"])
    gateway.delete_rest_api(restApiId=rest_api)

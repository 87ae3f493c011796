"""What the linters of the workflows do not look at."""

import re
import tomllib

import pytest
import yaml

from documents import ROOT, WORKFLOWS, steps, workflows

PIN = re.compile(r"uses: ([\w-]+/[\w-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$")


def test_there_are_workflows():
    assert sorted(workflows()) == ["advisories.yml", "ci.yml", "deploy.yml", "release.yml", "weekly.yml"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_commit_with_its_version(path):
    uses = [line.strip() for line in path.read_text().splitlines() if re.match(r"\s*(- )?uses:", line)]
    assert uses
    for line in uses:
        assert PIN.search(line) or line.startswith("uses: ./.github/workflows/"), line


def test_an_action_has_one_version_everywhere():
    found = {}
    for path in WORKFLOWS:
        for line in path.read_text().splitlines():
            if pin := PIN.search(line):
                found.setdefault(pin[1], set()).add((pin[2], pin[3]))
    assert found
    assert {action: pins for action, pins in found.items() if len(pins) > 1} == {}


@pytest.mark.parametrize("name", workflows())
def test_a_workflow_may_nothing_and_its_jobs_little_and_not_for_long(name):
    workflow = workflows()[name]
    assert workflow["permissions"] == {}
    assert workflow["concurrency"]["group"]
    for job in workflow["jobs"].values():
        assert job["permissions"]
        if "uses" not in job:
            assert 0 < job["timeout-minutes"] <= 60
            assert job["runs-on"] == "ubuntu-24.04"


def test_no_checkout_leaves_a_token_behind():
    checkouts = [step for _, step in steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert len(checkouts) == 10
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_no_script_holds_an_expression():
    assert [step["name"] for _, step in steps() if "${{" in step.get("run", "")] == []


def test_only_the_release_may_write_and_only_what_it_is_for():
    writes = {
        (name, job, scope)
        for name, workflow in workflows().items()
        for job, content in workflow["jobs"].items()
        for scope, access in content["permissions"].items()
        if access == "write"
    }
    assert writes == {
        ("release.yml", "attest", "attestations"),
        ("release.yml", "attest", "id-token"),
        ("release.yml", "publish", "contents"),
        ("deploy.yml", "deploy", "id-token"),
    }


def test_the_template_for_azd_has_the_version_of_the_workspace():
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]
    project = yaml.safe_load((ROOT / "azure.yaml").read_text())
    assert project["metadata"]["template"] == f"{project['name']}@{workspace['package']['version']}"

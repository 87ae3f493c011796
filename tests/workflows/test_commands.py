"""Every command that people are told to paste, and every script of the workflows."""

import json
import pathlib
import subprocess
import sys

import pytest

from documents import ROOT, blocks, scripts

LANGUAGES = {"json", "kusto", "rust", "sh", "text", "yaml"}
SHELLCHECK = pathlib.Path(sys.executable).with_name("shellcheck")
OPTIONS = ["--shell=bash", "--severity=style", "--format=gcc"]
BLOCKS = list(blocks())
SCRIPTS = list(scripts())
PROGRAMS = [
    path
    for path in (
        ROOT / ".ci" / "run",
        ROOT / "fuzz" / "run",
        *ROOT.glob("tests/*/run"),
        *ROOT.glob("tests/*.sh"),
        *ROOT.glob(".github/*"),
    )
    if path.is_file() and path.suffix in ("", ".sh")
]


def checked(text, *options):
    """What bash, which does not run it, and shellcheck say of a script."""
    return said("bash", "-n", given=text) + said(SHELLCHECK, *OPTIONS, *options, "-", given=text)


def said(*command, given=None):
    done = subprocess.run(command, cwd=ROOT, input=given, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1, 2), done
    return done.stdout + done.stderr


def test_there_are_scripts_in_the_guides_and_the_workflows():
    files = {script.file for script in SCRIPTS}
    assert {"README.md", "docs/aws-account.md", "docs/deploy.md", "docs/rotation.md", ".github/workflows/release.yml"} <= files


def test_every_block_says_what_language_it_is_in():
    assert [str(block) for block in BLOCKS if block.language not in LANGUAGES] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=str)
def test_a_script_is_sound(script):
    # Who pastes goes by what they see: no failure ends a script there, so none can be masked or missed.
    options = ["--exclude=SC2155,SC2164"] if script.file.endswith(".md") else []
    assert checked(script.text, *options) == ""


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_program_is_sound(path):
    assert said("bash", "-n", path) + said(SHELLCHECK, *OPTIONS, "--external-sources", path) == ""


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "json"], ids=str)
def test_json_is_json(block):
    json.loads(block.text)


@pytest.mark.parametrize("unsound", ["if true; then", "rm $1", "cat x | grep y > x", "for i in $(ls); do echo $i; done"])
def test_an_unsound_script_is_caught(unsound):
    assert checked(unsound) != ""

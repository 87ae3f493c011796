"""The lines of the guide that make an access key and hand it to Key Vault, with stand-ins of both programs."""

import json
import os
import subprocess
import sys

import pytest

from documents import scripts

KEY, SECRET = "AKIAEXAMPLE000000000", "5ecret/With+Odd=Letters"
PROGRAM = f"""#!{sys.executable}
import json, os, sys
name = os.path.basename(sys.argv[0])
given = sys.stdin.read() if "/dev/stdin" in sys.argv else None
with open(os.environ["CALLS"], "a") as calls:
    calls.write(json.dumps([[name, *sys.argv[1:]], given]) + "\\n")
if "create-access-key" in sys.argv:
    if os.environ["FAILING"] == "create":
        sys.exit("AccessDenied")
    print({KEY!r} + "\\t" + {SECRET!r})
if os.environ["FAILING"] in sys.argv:
    sys.exit("the vault refuses")
"""


def guide(part):
    """The one block of the guide with this part."""
    [script] = [script for script in scripts() if script.file == "docs/aws-account.md" and part in script.text]
    return script.text


def run(folder, failing):
    for name in ("aws", "az"):
        (folder / name).write_text(PROGRAM)
        (folder / name).chmod(0o755)
    calls = folder / "calls"
    calls.touch()
    settings = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "CALLS": str(calls), "FAILING": failing, "AWS_USER": "user"}
    script = "output() { echo vault; }\n" + guide("create-access-key")
    done = subprocess.run(["bash", "-c", script], env=os.environ | settings, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr, [json.loads(line) for line in calls.read_text().splitlines()]


def stored(calls):
    return {argv[argv.index("--name") + 1]: (given, argv) for argv, given in calls if argv[:4] == ["az", "keyvault", "secret", "set"]}


def deleted(calls):
    return [argv for argv, _ in calls if "delete-access-key" in argv]


def test_a_key_goes_into_the_vault_and_is_seen_nowhere(tmp_path):
    said, calls = run(tmp_path, failing="nothing")
    secrets = stored(calls)
    assert {name: given for name, (given, _) in secrets.items()} == {"aws-access-key": KEY, "aws-secret-access-key": SECRET}
    for _, argv in secrets.values():
        assert argv[argv.index("--vault-name") + 1] == "vault"
        assert "utf-8" in argv, "otherwise it is taken for base64"
    assert SECRET not in said and SECRET not in json.dumps([argv for argv, _ in calls])
    assert f"The key {KEY} is in vault." in said
    assert deleted(calls) == []


@pytest.mark.parametrize("failing", ["aws-secret-access-key", "aws-access-key"])
def test_a_key_that_does_not_reach_the_vault_is_deleted(tmp_path, failing):
    said, calls = run(tmp_path, failing)
    assert deleted(calls) == [["aws", "iam", "delete-access-key", "--user-name", "user", "--access-key-id", KEY]]
    assert "is in vault" not in said and SECRET not in said


def test_nothing_is_stored_when_no_key_was_made(tmp_path):
    _, calls = run(tmp_path, failing="create")
    assert stored(calls) == {}
    assert deleted(calls) == []

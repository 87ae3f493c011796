"""What the sandbox wrote down of the requests to Azure."""

import requests


def forget(stand_ins):
    """Makes the record empty."""
    assert requests.delete(f"{stand_ins['control']}/requests", timeout=60).ok


def taken(stand_ins):
    """The requests to Azure since the record was made empty."""
    recorded = requests.get(f"{stand_ins['control']}/requests", timeout=60).json()
    return [made for made in recorded if made["service"] == "apiCenter"]


def path(made):
    """A request's path."""
    return made["target"].split("?")[0]


def is_write(made):
    """Whether a request asked to change something."""
    return made["method"] not in ("GET", "HEAD") and not path(made).endswith("/exportSpecification")


def violations(judge, recorded):
    """What is wrong with the requests, each with its method and target."""
    return [
        (made["method"], made["target"], found)
        for made in recorded
        if (found := judge.violations(made["method"], made["target"], made["requestHeaders"], made["requestBody"].encode()))
    ]

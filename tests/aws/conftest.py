"""What the tests share: a server of moto's, and an empty account for each test."""

import pytest

from account import Account, started, url_of


@pytest.fixture(scope="session")
def server():
    server = started()
    yield url_of(server)
    server.stop()


@pytest.fixture
def account(server):
    return account_in(server, "us-east-1")


@pytest.fixture(params=["us-east-1", "cn-north-1", "us-gov-west-1"])
def account_anywhere(server, request):
    """An account in each of the partitions."""
    return account_in(server, request.param)


def account_in(server, region):
    account = Account(server, region)
    account.reset()
    return account

"""boto3 remembers the credentials of the first client: each test has its own."""

import boto3
import pytest


@pytest.fixture(autouse=True)
def own_session(monkeypatch):
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

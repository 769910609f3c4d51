"""The production example's CORS as tests: who gets in, who does not, and what a page can read.

Run it from this directory (`pip install '.[pytest]' fastapi python-multipart`):

    pytest test_cors.py

The `cors` fixture asks the application in process, without a server. Nothing is mocked: what is judged is what the
application really answers, and requests that change data reach it.
"""

from __future__ import annotations

import pytest
from fastapi_production import app

FRONTEND = "https://app.example.com"


def test_the_frontend_reads_with_cookies(cors):
    cors(app).assert_allowed("/data", origin=FRONTEND, credentials="include", exposes=["X-Total-Count"])


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_the_frontend_writes(cors, method):
    headers = {"Content-Type": "application/json", "X-Tenant": "7"}
    cors(app).assert_allowed("/data", origin=FRONTEND, method=method, headers=headers, credentials="include", body="{}")


def test_a_missing_token_can_be_read(cors):
    result = cors(app).assert_allowed("/me", origin=FRONTEND)
    assert result.response.status == 401


@pytest.mark.parametrize("origin", ["http://app.example.com", "https://app.example.com.evil.example", "null"])
def test_nobody_else_gets_in(cors, origin):
    cors(app).assert_blocked("/data", origin=origin, because="CORS301")


def test_what_is_not_listed_is_refused(cors):
    site = cors(app)
    site.assert_blocked("/data", origin=FRONTEND, method="PATCH", because="CORS401")
    site.assert_blocked("/data", origin=FRONTEND, headers={"X-Debug": "1"}, because="CORS401")


def test_a_preflight_is_asked_once_in_ten_minutes(cors):
    preflight = cors(app).preflight("/data", origin=FRONTEND, method="DELETE", headers={"X-Tenant": "7"}).preflight
    assert preflight.because == ("method DELETE", "header x-tenant")
    assert preflight.cache_seconds["chromium"] == preflight.cache_seconds["firefox"] == 600

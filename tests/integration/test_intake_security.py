"""Who may call what: tokens, rights and units."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from services.intake.security import declared
from services.runtime.tables import tokens
from services.runtime.tokens import CACHE_SECONDS, RIGHTS, TokenRefused, TokenRows, hash_token
from tests.support.intake import BUREAU, DIRECTOR, DISTRICT, HILL, LAKE, NOW, OTHER_DISTRICT, PRINCIPAL, Intake, problem


async def test_every_route_declares_one_right_or_says_it_is_public(intake: Intake) -> None:
    """No route is open by oversight."""
    seen = {route.path: (rights, public) for route, rights, public in declared(intake.app)}

    assert len(seen) > 15
    for path, (rights, public) in seen.items():
        assert (len(rights), public) in {(1, False), (0, True)}, path
    assert {path for path, (_, public) in seen.items() if public} == {
        "/a/{token}",
        "/v1/acknowledge",
        "/v1/petitions",
        "/v1/petitions/{receipt}",
        "/v1/petitions/{receipt}/ask-review",
        "/v1/petitions/{receipt}/withdraw",
        "/v1/webhooks/sms-gateway/status",
        "/v1/webhooks/twilio/sms",
        "/v1/webhooks/twilio/status/{notification_id}",
        "/v1/webhooks/twilio/voice/{notification_id}",
        "/zero-report",
        "/health/live",
        "/health/ready",
        "/metrics",
    }


@pytest.mark.parametrize("header", [None, "", "Basic abc", "Bearer", "Bearer ", "Bearer tcs_wrong", "tcs_wrong"])
async def test_request_without_a_known_token_is_refused(intake: Intake, header: str | None) -> None:
    """401 with a challenge, whatever is missing."""
    async with intake.anonymous(headers={} if header is None else {"Authorization": header}) as client:
        answer = await client.post("/v1/incidents", json={"kind": "fire"})

    problem(answer, 401, "not-signed-in")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (await intake.stored())["reports"] == 0


async def test_expired_token_opens_nothing(intake: Intake) -> None:
    """The service's clock ends a token, also one that is still remembered."""
    async with intake.client() as client:
        assert (await client.post("/v1/incidents", json={"kind": "fire"})).status_code == 202
        intake.clock.show(NOW + timedelta(days=1))
        answer = await client.post("/v1/incidents", json={"kind": "fire"})

    assert "expired" in problem(answer, 401, "not-signed-in")["detail"]


async def test_revoked_token_opens_nothing_at_once(intake: Intake) -> None:
    """Revoking is felt in the same process with the next request."""
    async with intake.client() as client:
        await client.post("/v1/incidents", json={"kind": "fire"})
        assert await intake.deps.tokens.revoke("reporter-None", LAKE, NOW) == 1
        answer = await client.post("/v1/incidents", json={"kind": "fire"})

    assert "revoked" in problem(answer, 401, "not-signed-in")["detail"]


async def test_token_revoked_elsewhere_ends_within_five_seconds(intake: Intake) -> None:
    """Another process's revocation is noticed when the short memory runs out."""
    secret = await intake.token()
    await intake.deps.tokens.find(secret, NOW)
    await TokenRows(intake.database).revoke("reporter-None", LAKE, NOW)

    assert await intake.deps.tokens.find(secret, NOW)
    intake.real_seconds[0] = CACHE_SECONDS
    with pytest.raises(TokenRefused, match="revoked"):
        await intake.deps.tokens.find(secret, NOW)


async def test_only_the_hash_of_a_token_is_stored(intake: Intake) -> None:
    """A stolen database opens nothing."""
    secret = await intake.token()
    async with intake.database.reading() as connection:
        row = (await connection.execute(select(tokens))).one()

    assert secret.startswith("tcs_")
    assert len(secret) == 47
    assert row.token_hash == hash_token(secret)
    assert secret not in str(row)


@pytest.mark.parametrize(("entropy", "days"), [(b"short", 1), (bytes(32), 0)])
async def test_unusable_token_is_not_made(intake: Intake, entropy: bytes, days: int) -> None:
    """Weak or already expired tokens do not come into being."""
    with pytest.raises(ValueError, match="token"):
        await intake.deps.tokens.create(
            entropy, name="n", role="watcher", unit_id=LAKE, now=NOW, expires_at=NOW + timedelta(days=days)
        )


async def test_role_without_the_right_is_refused(intake: Intake) -> None:
    """Each role does what its table says and no more."""
    case = await intake.file()
    calls = {
        "incident.file": ("POST", "/v1/incidents"),
        "case.read": ("GET", "/v1/cases"),
        "case.act": ("POST", f"/v1/cases/{case['case_id']}/acknowledge"),
    }
    for role, rights in RIGHTS.items():
        async with intake.client(role, person_id=PRINCIPAL) as client:
            for right, (method, path) in calls.items():
                json = {"kind": "fire"} if path.endswith("incidents") else {}
                answer = await client.request(method, path, json=json if method == "POST" else None)
                if right in rights:
                    assert answer.status_code in {200, 202}, (role, right, answer.text)
                else:
                    problem(answer, 403, "not-allowed")


async def test_stream_needs_its_right(intake: Intake) -> None:
    """A principal's token does not follow the journal."""
    async with intake.client("principal") as client:
        problem(await client.get("/v1/stream"), 403, "not-allowed")


@pytest.mark.parametrize("unit", [HILL, OTHER_DISTRICT])
async def test_case_outside_the_callers_units_looks_like_none(intake: Intake, unit: str) -> None:
    """Every road to a foreign case answers exactly like a road to no case."""
    case_id = (await intake.file())["case_id"]
    await intake.judge_filed()
    before = await intake.stored()
    async with intake.client("officer", unit, DIRECTOR) as client:
        for method, path in (("GET", ""), ("GET", "/timeline"), ("POST", "/acknowledge"), ("POST", "/close")):
            foreign = await client.request(method, f"/v1/cases/{case_id}{path}", json={} if method == "POST" else None)
            absent = await client.request(method, f"/v1/cases/no-such{path}", json={} if method == "POST" else None)
            problem(foreign, 404, "unknown-case")
            assert foreign.content == absent.content
        listed = (await client.get("/v1/cases")).json()["cases"]

    assert listed == []
    assert await intake.stored() == before


@pytest.mark.parametrize("unit", [LAKE, DISTRICT, BUREAU])
async def test_case_is_seen_from_its_school_and_above(intake: Intake, unit: str) -> None:
    """The chain above a school sees its cases."""
    case_id = (await intake.file())["case_id"]
    async with intake.client("watcher", unit) as client:
        assert (await client.get(f"/v1/cases/{case_id}")).status_code == 200
        assert [case["case_id"] for case in (await client.get("/v1/cases")).json()["cases"]] == [case_id]

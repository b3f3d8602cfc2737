"""Who is asking: keys are shown once, kept hashed, compared safely, and end."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalogs.people.people import (
    BOOTSTRAP,
    add_person,
    authenticate,
    current,
    issue_key,
    new_person,
    people,
    person,
    registrar,
    require,
    revoke_keys,
)
from catalogs.register import register_city
from catalogs.tables import KEY
from catalogs.values.model import Grade, Role
from infra.database import read
from infra.errors import HubError, Refused, WrongUse
from infra.ground import Ground, open_ground, sample_city


@pytest.fixture
def city(ground: Ground) -> Ground:
    register_city(ground, sample_city(), "tester")
    return ground


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Ground]:
    """A ground that is no demo."""
    with open_ground({"HUB_HOME": str(tmp_path / "home")}, create=True) as opened:
        opened.prepare()
        register_city(opened, sample_city(), "tester")
        yield opened


def with_key(ground: Ground, key: str) -> Ground:
    return open_ground({"HUB_HOME": str(ground.home), "HUB_API_KEY": key})


def test_a_key_names_its_person_and_is_kept_nowhere(real: Ground, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        key = issue_key(real, "engineer_li", "tester")
    assert authenticate(real, key).id == "engineer_li"
    with with_key(real, key) as asking:
        assert current(asking).id == "engineer_li"
    secret = key.split("_", 2)[2]
    assert len(secret) >= 43
    for path in real.home.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
    assert secret not in caplog.text
    assert key != issue_key(real, "engineer_li", "tester")


@pytest.mark.parametrize("key", ["", "hubk", "hubk__", "hubk_x_y", "x" * 5000, "hubk_\0_\0", "键_é_ü", "hubk_'--_1"])
def test_what_is_no_key_is_unknown(real: Ground, key: str) -> None:
    with pytest.raises(Refused, match="PERSON_UNKNOWN"):
        authenticate(real, key)


def test_a_forged_key_is_unknown(real: Ground) -> None:
    key = issue_key(real, "engineer_li", "tester")
    other = issue_key(real, "auditor_zhao", "tester")
    head, secret = key.rsplit("_", 1) if key.count("_") == 2 else (key[:21], key[22:])
    number = other.split("_", 2)[1]
    for forged in (key[:-1] + ("A" if key[-1] != "A" else "B"), f"hubk_{number}_{secret}", head + "_", key + "x"):
        with pytest.raises(Refused, match="PERSON_UNKNOWN"):
            authenticate(real, forged)


def test_a_key_has_a_life(real: Ground) -> None:
    key = issue_key(real, "engineer_li", "tester", life=timedelta(hours=1))
    later = real.now() + timedelta(hours=2)
    real.clock = lambda: later
    with pytest.raises(Refused, match="KEY_EXPIRED"):
        authenticate(real, key)
    with pytest.raises(WrongUse, match="KEY_LIFE"):
        issue_key(real, "engineer_li", "tester", life=timedelta(days=4000))


def test_a_revoked_key_is_over_at_once(real: Ground) -> None:
    keys = [issue_key(real, "engineer_li", "tester") for _ in range(2)]
    kept = issue_key(real, "auditor_zhao", "tester")
    assert revoke_keys(real, "engineer_li", "tester") == 2
    for key in keys:
        with pytest.raises(Refused, match="KEY_EXPIRED"):
            authenticate(real, key)
    assert authenticate(real, kept).id == "auditor_zhao"
    assert revoke_keys(real, "engineer_li", "tester") == 0


def test_outside_the_demo_nobody_is_somebody_else(real: Ground) -> None:
    with pytest.raises(Refused, match="PERSON_UNKNOWN"):
        current(real)
    with pytest.raises(WrongUse, match="PERSON_AS"):
        current(real, "engineer_li")


def test_in_the_demo_the_local_user_plays_every_role(city: Ground) -> None:
    local = current(city)
    assert local.local
    assert local.roles == frozenset(Role)
    assert current(city, "operator_sun").clearance is Grade.GENERAL_1
    with pytest.raises(Refused, match="PERSON_UNKNOWN"):
        current(city, "nobody")
    with with_key(city, issue_key(city, "auditor_zhao", "x")) as asking:
        assert current(asking).id == "auditor_zhao"


def test_the_demo_city_has_every_role_in_one_person_each(city: Ground) -> None:
    single = {next(iter(each.roles)) for each in people(city.engine) if len(each.roles) == 1}
    assert single == set(Role)


def test_only_the_authority_registers_once_somebody_is_there(ground: Ground) -> None:
    assert registrar(ground) == BOOTSTRAP
    register_city(ground, sample_city(), BOOTSTRAP)
    assert registrar(ground) == "local"
    with with_key(ground, issue_key(ground, "engineer_li", "x")) as asking, pytest.raises(Refused, match="PERSON_ROLE"):
        registrar(asking)
    require(current(ground), Role.AUDITOR)


def test_outside_the_demo_the_first_key_needs_nobodys(real: Ground) -> None:
    assert registrar(real) == BOOTSTRAP
    key = issue_key(real, "reviewer_authority", BOOTSTRAP)
    with pytest.raises(Refused, match="PERSON_UNKNOWN"):
        registrar(real)
    with with_key(real, key) as asking:
        assert registrar(asking) == "reviewer_authority"


def test_the_first_key_is_of_somebody_who_can_issue_the_next(real: Ground) -> None:
    with pytest.raises(Refused, match="KEY_FIRST") as told:
        issue_key(real, "engineer_li", BOOTSTRAP)
    assert "hub people key reviewer_authority" in told.value.sentence("en")
    assert registrar(real) == BOOTSTRAP, "nothing was issued"


def test_before_the_city_is_registered_the_first_key_says_so(ground: Ground) -> None:
    with pytest.raises(Refused, match="KEY_FIRST") as told:
        issue_key(ground, "reviewer_authority", BOOTSTRAP)
    assert "hub catalog register" in told.value.sentence("en")


def test_when_the_authority_s_keys_have_ended_whoever_holds_the_machine_may_issue_one_again(real: Ground) -> None:
    issue_key(real, "reviewer_authority", BOOTSTRAP)
    issue_key(real, "engineer_li", "reviewer_authority")
    with pytest.raises(Refused, match="PERSON_UNKNOWN"):
        registrar(real)
    revoke_keys(real, "reviewer_authority", "reviewer_authority")
    assert registrar(real) == BOOTSTRAP


def test_adding_a_person(city: Ground) -> None:
    words = (["engineer", "审计员"], "一般3级", ["quality"])
    new = new_person(city.engine, "wang", "王(虚构)", "jinshui_transport", words)
    add_person(city, new, "tester")
    add_person(city, new, "tester")
    assert person(city.engine, "wang") == new
    assert (new.unit, new.clearance, new.roles) == ("jinshui", Grade.GENERAL_3, {Role.ENGINEER, Role.AUDITOR})


@pytest.mark.parametrize(
    ("identity", "department", "words"),
    [
        ("wang", "jinshui_transport", (["king"], "general_1", [])),
        ("wang", "jinshui_transport", (["engineer"], "top", [])),
        ("Wang!", "jinshui_transport", (["engineer"], "general_1", [])),
        ("wang", "jinshui_transport", (["engineer"], "general_1", ["A B"])),
        ("wang", "nowhere", (["engineer"], "general_1", [])),
    ],
)
def test_a_person_in_wrong_words(
    city: Ground, identity: str, department: str, words: tuple[list[str], str, list[str]]
) -> None:
    with pytest.raises(HubError, match=r"PERSON_WORD|PERSON_PLACE"):
        new_person(city.engine, identity, "王", department, words)


def test_equal_secrets_would_be_kept_as_different_digests(city: Ground) -> None:
    for _ in range(3):
        issue_key(city, "engineer_li", "tester")
    with read(city.engine) as connection:
        salts = list(connection.execute(sa.select(KEY.c.salt)).scalars())
    assert len(set(salts)) == 3

"""Columns that come, go, change their name or their type: seen, told, and held where the contract says so."""

from datetime import timedelta

import pytest
import yaml
from sqlalchemy import Engine, create_engine, text

from govpipes.errors import SchemaError
from govpipes.ledger import tables as t
from govpipes.pipeline import land, standardize, verify
from govpipes.pipeline.drift import drift
from govpipes_tests.tiny import DAY, GOOD, Tiny, day_of

NEXT = DAY + timedelta(days=1)


def columns(**types: str) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in types.items()]


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({"id": "INTEGER", "xm": "VARCHAR"}, []),
        ({"id": "INTEGER", "xm": "VARCHAR", "bz": "VARCHAR"}, ["bz is new (VARCHAR)"]),
        ({"id": "INTEGER"}, ["xm is missing"]),
        ({"id": "VARCHAR", "xm": "VARCHAR"}, ["id was INTEGER and is VARCHAR"]),
        ({"id": "INTEGER", "xingming": "VARCHAR"}, ["xm looks renamed to xingming"]),
        ({"id": "INTEGER", "nl": "INTEGER"}, ["xm is missing", "nl is new (INTEGER)"]),
        ({"xm": "VARCHAR", "id": "INTEGER"}, []),
    ],
)
def test_what_has_changed_is_said(now: dict[str, str], told: list[str]) -> None:
    assert drift(columns(id="INTEGER", xm="VARCHAR"), columns(**now)) == told


def drifted(tiny: Tiny, policy: str = "warn") -> None:
    tiny.add("people", unknown_columns=policy)
    for day in (DAY, NEXT):
        tiny.put("people", [(str(day.day), GOOD[0], "王芳", "", "0", f"{day} 09:00:00")])


def test_a_change_is_a_warning_and_the_column_is_landed(tiny: Tiny) -> None:
    drifted(tiny)
    with tiny.open() as ws:
        people = ws.catalogue.contracts["people"]
        day_of(ws, people, DAY)
        tiny.sql("ALTER TABLE people ADD COLUMN bz TEXT")
        assert day_of(ws, people, NEXT).inserted == 1
        verdict = verify(ws, people, NEXT, "r")
        schema = next(outcome for outcome in verdict.outcomes if outcome.expectation == "columns")
        assert (schema.passed, schema.severity) == (False, "warn")
        assert schema.observed == "bz is new (VARCHAR); bz is not in the contract"
        assert [(row["day"], row["drift"]) for row in ws.ledger.drifted()] == [(NEXT, ["bz is new (VARCHAR)"])]
        landing = ws.ledger.latest(t.landings, "people", NEXT)
        assert landing is not None
        assert ws.lake.one("SELECT count(bz) + 1 FROM read_parquet(?)", [landing["path"]]) == 1


def test_a_frozen_contract_allows_no_unknown_column(tiny: Tiny) -> None:
    drifted(tiny, "freeze")
    with tiny.open() as ws:
        people = ws.catalogue.contracts["people"]
        day_of(ws, people, DAY)
        tiny.sql("ALTER TABLE people RENAME COLUMN dh TO dianhua")
        land(ws, people, NEXT, "r")
        with pytest.raises(SchemaError, match="does not know: dianhua"):
            standardize(ws, people, NEXT, "r")


def typed(tiny: Tiny, policy: str) -> Engine:
    """Three days of a table in PostgreSQL, whose columns have types."""
    (tiny.settings.data_dir / "systems.yaml").write_text(
        yaml.safe_dump({"systems": {"office": {"url": tiny.postgres_url}}}), encoding="utf-8"
    )
    tiny.write("people", unknown_columns=policy)
    engine = create_engine(tiny.postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as con:
        con.execute(
            text("CREATE TABLE people (id int PRIMARY KEY, sfzh text, xm text, dh text, zxbs text, gxsj timestamp)")
        )
        for number, day in enumerate((DAY, NEXT, NEXT + timedelta(days=1))):
            row = {"n": number, "id": GOOD[0], "at": day}
            con.execute(text("INSERT INTO people VALUES (:n, :id, '王芳', '', '0', :at)"), row)
    return engine


def test_a_frozen_contract_allows_no_other_type_until_it_is_let_in_once(tiny: Tiny) -> None:
    engine = typed(tiny, "freeze")
    with tiny.open() as ws:
        people = ws.catalogue.contracts["people"]
        day_of(ws, people, DAY)
        with engine.begin() as con:
            con.execute(text("ALTER TABLE people ALTER COLUMN id TYPE text"))
        for day in (NEXT, NEXT + timedelta(days=1)):
            with pytest.raises(SchemaError, match="another type: id was INTEGER and is VARCHAR") as error:
                day_of(ws, people, day)
            assert str(DAY) in str(error.value), "what was published is the measure, not what was refused"
        standardize(ws, people, DAY, "r")
    tiny.write("people", unknown_columns="warn")
    with tiny.open() as ws:
        people = ws.catalogue.contracts["people"]
        assert day_of(ws, people, NEXT).inserted == 1
        columns_told = next(o for o in verify(ws, people, NEXT, "r").outcomes if o.expectation == "columns")
        assert columns_told.observed == "id was INTEGER and is VARCHAR"
    tiny.write("people", unknown_columns="freeze")
    with tiny.open() as ws:
        for day in (DAY, NEXT, NEXT + timedelta(days=1)):
            day_of(ws, ws.catalogue.contracts["people"], day)
    engine.dispose()

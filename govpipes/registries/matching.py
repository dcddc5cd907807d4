"""Matching: whom a record is about that gives no number (Fellegi and Sunter 1969, by Splink; DOMAIN §4.2).

Here: which pairs are looked at (blocks), what is compared and how much each agreement weighs. The weights are the table
below and not trained: the same data gives the same links, whatever arrived first and however little there is
(docs/decisions/0016). Not here: whose records these are, what a number or people decide (subjects).
"""

from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import Any

import duckdb

from govpipes.sql import ident, literal

IN_REGISTRY = 0.9
"""How many of the subjects without a number are in the registry at all: who is elsewhere must not be found here."""

_CROWD = 1000
"""A weak block with more of the registry's records than this tells nothing, and would cost much."""


@dataclass(frozen=True, slots=True)
class Level:
    """One way in which two values can agree.

    label: in words, for the review list (Chinese). sql: over `<column>_l` (subject) and `<column>_r` (registry).
    m, u: how often it is so among pairs of the same, and of different, subjects. rarity: the column whose own frequency
    in the registry takes the place of u: to be called 王芳 says less than a name that one person has.
    """

    label: str
    sql: str
    m: float
    u: float
    rarity: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared: the levels from the strongest on; `otherwise` has m and u of the rest, `differs` its label."""

    name: str
    missing: str
    levels: tuple[Level, ...]
    otherwise: tuple[float, float]
    differs: str


@dataclass(frozen=True, slots=True)
class Model:
    """How an entity's records are found.

    subjects, registry: SQL of the two sides, over `said` (catalogue.model.Says, beside `entity_key`) and over the
    golden table `{golden}`. Both give `id`, `name`, `former` (another name it had) and what is compared and blocked by.
    names: which of these columns are names. made: SQL of columns to add that are made from a name as it is compared.
    blocks: SQL of a list of keys over a side's columns; pairs with an equal key are compared. weak: the same, but a key
    that too many share is left out.
    """

    subjects: str
    registry: str
    names: tuple[str, ...]
    made: str
    comparisons: tuple[Comparison, ...]
    blocks: tuple[str, ...]
    weak: tuple[str, ...]


_NUMBER = Comparison(
    "number",
    "mask_l IS NULL",
    (Level("证件号未遮部分一致", "number_r LIKE mask_l", 0.999, 0.0001),),
    (0.001, 0.9999),
    "证件号不一致",
)
_COUNTY = Comparison(
    "county",
    "county_l IS NULL OR len(counties_r) = 0",
    (Level("作出决定机关所在县一致", "list_contains(counties_r, county_l)", 0.8, 0.3),),
    (0.2, 0.7),
    "所在县不一致",
)

# 3201**********4018: the ends that are shown, and a pattern for the whole
_SUBJECT = r"""
SELECT entity_key AS id, NULL::VARCHAR AS former, NULL::VARCHAR AS number,
       CASE WHEN contains(number, '*') THEN regexp_replace(number, '\*+', '%', 'g') END AS mask,
       CASE WHEN regexp_matches(number, '^[0-9A-Z]{4}.*\*.*[0-9A-Z]{4}$')
            THEN left(number, 4) || right(number, 4) END AS ends,
       county, []::VARCHAR[] AS counties"""
_KNOWN = "NULL::VARCHAR AS mask, NULL::VARCHAR AS county"

PERSON = Model(
    subjects=f"""{_SUBJECT}, fold_name(name) AS name, sex, age, on_day, NULL::DATE AS born,
       [CAST(year(on_day) - age AS VARCHAR), CAST(year(on_day) - age - 1 AS VARCHAR)] AS years
FROM said WHERE person""",
    registry=f"""
SELECT entity_key AS id, fold_name(name) AS name, fold_name(former_name) AS former, entity_key AS number, {_KNOWN},
       left(entity_key, 4) || right(entity_key, 4) AS ends,
       list_filter([hukou_region, residence_region], lambda region_of: region_of IS NOT NULL) AS counties,
       sex, NULL::BIGINT AS age, NULL::DATE AS on_day, birth_date AS born, [CAST(year(birth_date) AS VARCHAR)] AS years
FROM {{golden}}""",
    names=("name", "former"),
    made="",
    comparisons=(
        Comparison(
            "name",
            "name_l IS NULL OR name_r IS NULL OR name_holes(name_l) = length(name_l)",
            (
                Level("姓名一致", "name_l = name_r", 0.92, 0.001, rarity="name"),
                Level("与曾用名一致", "name_l = former_r", 0.02, 0.00002),
                Level("姓名同音", "pinyin_l = pinyin_r", 0.02, 0.002, rarity="pinyin"),
                Level(
                    "姓名缺损部分之外一致",
                    "name_gap(name_l, name_r) = 0 AND length(name_l) - name_holes(name_l) > 1",
                    0.02,
                    0.005,
                ),
                Level("姓名仅存一字一致", "name_gap(name_l, name_r) = 0", 0.005, 0.03),
                Level("姓名差一字", "name_gap(name_l, name_r) = 1 AND length(name_r) > 2", 0.01, 0.02),
            ),
            (0.005, 0.942),
            "姓名不一致",
        ),
        Comparison(
            "sex",
            "sex_l IS NULL OR sex_r IS NULL",
            (Level("性别一致", "sex_l = sex_r", 0.995, 0.5),),
            (0.005, 0.5),
            "性别不一致",
        ),
        Comparison(
            "age",
            "age_l IS NULL OR born_r IS NULL OR on_day_l IS NULL",
            (
                Level("年龄一致", "date_sub('year', born_r, on_day_l) = age_l", 0.95, 0.016),
                Level("年龄差一岁", "abs(date_sub('year', born_r, on_day_l) - age_l) = 1", 0.045, 0.032),
            ),
            (0.005, 0.952),
            "年龄不一致",
        ),
        _NUMBER,
        _COUNTY,
    ),
    blocks=(
        "['n' || name, 'n' || former, 'm' || ends]",
        "list_transform(years, lambda birth_year: 'p' || pinyin || birth_year)",
    ),
    weak=("list_transform(years, lambda birth_year: 's' || left(name, 1) || birth_year || sex)",),
)

ORGANIZATION = Model(
    subjects=f"""{_SUBJECT}, fold_organization(name) AS name,
       fold_name(representative) AS representative
FROM said WHERE NOT person""",
    registry=f"""
SELECT entity_key AS id, fold_organization(name) AS name, NULL::VARCHAR AS former, uscc AS number, {_KNOWN},
       left(uscc, 4) || right(uscc, 4) AS ends,
       list_filter([registration_region], lambda region_of: region_of IS NOT NULL) AS counties,
       fold_name(legal_representative) AS representative
FROM {{golden}}""",
    names=("name", "former", "representative"),
    made=", name_core(name) AS core",
    comparisons=(
        Comparison(
            "name",
            "name_l IS NULL OR name_r IS NULL OR name_holes(name_l) > 2",
            (
                Level("名称一致", "name_l = name_r", 0.85, 0.001, rarity="name"),
                Level("字号一致", "core_l = core_r", 0.06, 0.001, rarity="core"),
                Level("名称同音", "pinyin_l = pinyin_r", 0.03, 0.001, rarity="pinyin"),
                Level("名称缺损部分之外一致", "name_gap(name_l, name_r) = 0", 0.02, 0.0001),
                Level("名称差一字", "name_gap(name_l, name_r) = 1 AND length(name_r) > 6", 0.02, 0.0005),
            ),
            (0.02, 0.9964),
            "名称不一致",
        ),
        Comparison(
            "representative",
            "representative_l IS NULL OR representative_r IS NULL",
            (Level("法定代表人一致", "representative_l = representative_r", 0.85, 0.0005),),
            (0.15, 0.9995),
            "法定代表人不一致",
        ),
        _NUMBER,
        _COUNTY,
    ),
    blocks=("['n' || name, 'c' || core, 'p' || pinyin, 'm' || ends]",),
    weak=(
        "['r' || representative]",
        "list_transform(range(1, length(core) - 1), lambda place: 't' || substr(core, CAST(place AS INTEGER), 3))",
    ),
)

MODELS = {"population.person": PERSON, "legal_entity.organization": ORGANIZATION}
"""The entities that can be found, as `registry.entity` (catalogue.model.MATCHABLE)."""

_MACROS = r"""
CREATE OR REPLACE TEMP MACRO name_is_damaged(x) AS regexp_matches(x, '[□?*○\x{E000}-\x{F8FF}]');
CREATE OR REPLACE TEMP MACRO name_holes(x) AS length(x) - length(regexp_replace(x, '[□?*○\x{E000}-\x{F8FF}]', '', 'g'));
-- How many characters of two names of one length differ; a damaged one stands for any. One more or fewer: 1; else NULL.
CREATE OR REPLACE TEMP MACRO name_gap(a, b) AS CASE
    WHEN length(a) = length(b) THEN len(list_filter(list_zip(string_split(a, ''), string_split(b, '')),
        lambda two: two[1] <> two[2] AND NOT name_is_damaged(two[1]) AND NOT name_is_damaged(two[2])))
    WHEN abs(length(a) - length(b)) = 1 AND list_contains(list_transform(range(1, greatest(length(a), length(b)) + 1),
        lambda place: left(CASE WHEN length(a) > length(b) THEN a ELSE b END, CAST(place - 1 AS INTEGER))
            || substr(CASE WHEN length(a) > length(b) THEN a ELSE b END, CAST(place + 1 AS INTEGER))),
        CASE WHEN length(a) > length(b) THEN b ELSE a END) THEN 1 END;
"""


def match(con: duckdb.DuckDBPyConnection, model: Model, golden: str) -> str:
    """Score the pairs of the subjects in the temp table `said` and the records of the table `golden`.

    Returns the name of a temp table: `id` (the record that has a subject), `known_id` (the golden record), `weight`
    (the binary logarithm of the odds that both are one, when nine of ten subjects are in the registry) and `reasons`.
    """
    _prepare(con)
    con.execute("CREATE OR REPLACE TEMP TABLE scored (id VARCHAR, known_id VARCHAR, weight DOUBLE, reasons VARCHAR[])")
    con.execute(f"CREATE OR REPLACE TEMP TABLE side_a AS {model.subjects}")
    if _one(con, "SELECT count(*) FROM side_a"):
        con.execute(f"CREATE OR REPLACE TEMP TABLE side_b AS {model.registry.format(golden=golden)}")
        records = _one(con, "SELECT count(*) FROM side_b")
        for side in ("side_a", "side_b"):
            _write_names(con, model, side)
        _block(con, model)
        _count_names(con, model, records)
        if _one(con, "SELECT count(*) FROM pair"):
            _score(con, model, records)
    for table in ("side_a", "side_b", "pair"):
        con.execute(f"DROP TABLE IF EXISTS temp.{table}")
    return "scored"


def _prepare(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(_MACROS)
    columns = "{'character': 'VARCHAR', 'simplified': 'VARCHAR', 'pinyin': 'VARCHAR'}"
    with as_file(files("govpipes.standards") / "han.csv") as file:
        given = f"read_csv({literal(file)}, header = true, auto_detect = false, delim = ',', columns = {columns})"
        con.execute(f"CREATE TEMP TABLE IF NOT EXISTS han AS FROM {given}")


def _write_names(con: duckdb.DuckDBPyConnection, model: Model, side: str) -> None:
    """Names as they are compared: simplified, without dots; and how they sound. Each different name is done once."""
    every = " UNION ".join(f"SELECT {name} AS name FROM {side}" for name in model.names)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE written AS SELECT name, string_agg(coalesce(simplified, letter), '' ORDER BY n) "
        "AS plain, string_agg(coalesce(pinyin, letter), ' ' ORDER BY n) AS pinyin FROM ("
        "SELECT name, unnest(letters) AS letter, generate_subscripts(letters, 1) AS n FROM ("
        "SELECT name, string_split(replace(name, '·', ''), '') AS letters "
        f"FROM ({every}) WHERE name <> '')) LEFT JOIN han ON character = letter GROUP BY name"
    )
    plain = ", ".join(f"w_{name}.plain AS {name}" for name in model.names)
    joins = " ".join(f"LEFT JOIN written w_{name} ON w_{name}.name = s.{name}" for name in model.names)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {side} AS SELECT *{model.made} FROM ("
        f"SELECT s.* REPLACE ({plain}), w_name.pinyin FROM {side} s {joins})"
    )
    con.execute("DROP TABLE written")


def _block(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Which pairs are compared: those that share a key."""
    for name, lists in (("strong", model.blocks), ("weak", model.weak)):
        for side in ("side_a", "side_b"):
            keys = " UNION ".join(f"SELECT id, unnest({keys}) AS key FROM {side}" for keys in lists)
            wanted = f" SEMI JOIN {name}_side_a USING (key)" if side == "side_b" else ""
            con.execute(f"CREATE OR REPLACE TEMP TABLE {name}_{side} AS FROM ({keys}){wanted} WHERE key IS NOT NULL")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE pair AS SELECT a.id, b.id AS known_id FROM strong_side_a a "
        "JOIN strong_side_b b USING (key) UNION SELECT a.id, b.id FROM weak_side_a a JOIN "
        f"(FROM weak_side_b QUALIFY count(*) OVER (PARTITION BY key) <= {_CROWD}) b USING (key)"
    )
    for table in ("strong_side_a", "strong_side_b", "weak_side_a", "weak_side_b"):
        con.execute(f"DROP TABLE {table}")


def _rare(model: Model) -> list[str]:
    return [level.rarity for comparison in model.comparisons for level in comparison.levels if level.rarity]


def _count_names(con: duckdb.DuckDBPyConnection, model: Model, records: int) -> None:
    """Give both sides, cut down to the pairs, how frequent their values are in the whole registry."""
    for column in _rare(model):
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE often_{column} AS SELECT {column}, count(*) / {records} AS share "
            f"FROM side_b WHERE {column} IN (SELECT {column} FROM side_a) GROUP BY {column}"
        )
    for side, key in (("side_a", "id"), ("side_b", "known_id")):
        joins = " ".join(f"LEFT JOIN often_{column} USING ({column})" for column in _rare(model))
        shares = ", ".join(
            f"coalesce(often_{column}.share, 1 / {max(records, 1)}) AS tf_{column}" for column in _rare(model)
        )
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {side} AS SELECT s.*, {shares} "
            f"FROM (FROM {side} WHERE id IN (SELECT {key} FROM pair)) s {joins}"
        )
    for column in _rare(model):
        con.execute(f"DROP TABLE often_{column}")


def _score(con: duckdb.DuckDBPyConnection, model: Model, records: int) -> None:
    # takes a quarter of a second to import; most installations' days have nothing to match
    from splink import DuckDBAPI, Linker

    api = DuckDBAPI(connection=con)
    sides = [api.register(side, dataset_display_name=side) for side in ("side_a", "side_b")]
    linker = Linker(sides, _settings(model, records), log_level=None)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE blocked AS SELECT '0' AS match_key, 'side_a-__-' || id AS join_key_l, "
        "'side_b-__-' || known_id AS join_key_r FROM pair"
    )
    linker.table_management.register_blocked_pairs_for_predict(api.register("blocked"))
    scored = linker.inference.predict(warning_mode="never").physical_name
    reasons = ", ".join(_reason(comparison) for comparison in model.comparisons)
    con.execute(
        "INSERT INTO temp.scored SELECT id_l, id_r, match_weight, "
        f"list_filter([{reasons}], lambda reason: reason IS NOT NULL) FROM {ident(scored)}"
    )
    api.delete_tables_created_by_splink_from_db()  # type: ignore[no-untyped-call]
    con.execute("DROP TABLE blocked")


def _settings(model: Model, records: int) -> dict[str, Any]:
    """The model as Splink wants it.

    Its prior is for one pair: a subject that is in the registry is one of its records.
    """
    odds = IN_REGISTRY / (1 - IN_REGISTRY) / records
    return {
        "link_type": "link_only",
        "unique_id_column_name": "id",
        "probability_two_random_records_match": odds / (1 + odds),
        "blocking_rules_to_generate_predictions": [],
        "comparisons": [_comparison(comparison) for comparison in model.comparisons],
        "retain_intermediate_calculation_columns": False,
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    m, u = comparison.otherwise
    levels: list[dict[str, Any]] = [
        {"sql_condition": comparison.missing, "is_null_level": True, "label_for_charts": "missing"}
    ]
    for level in comparison.levels:
        levels.append(
            {
                "sql_condition": level.sql,
                "m_probability": level.m,
                "u_probability": level.u,
                "label_for_charts": level.label,
                **({"tf_adjustment_column": level.rarity} if level.rarity else {}),
            }
        )
    levels.append({"sql_condition": "ELSE", "m_probability": m, "u_probability": u, "label_for_charts": "otherwise"})
    return {"output_column_name": comparison.name, "comparison_levels": levels}


def _reason(comparison: Comparison) -> str:
    """Splink numbers the levels from the weakest (0: none holds) to the strongest; -1: something is missing."""
    strongest = len(comparison.levels)
    cases = " ".join(f"WHEN {strongest - n} THEN {literal(level.label)}" for n, level in enumerate(comparison.levels))
    return f"CASE {ident('gamma_' + comparison.name)} {cases} WHEN 0 THEN {literal(comparison.differs)} END"


def _one(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    assert row is not None
    return int(row[0])

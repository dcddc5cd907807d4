"""Whom records are about, where their own number may not say it: by number, by rule, by matching, by decision.

For each link with a `matching` there are two tables in the registry of its entity. `<link>_link` has one row per
record: the other side, how it was found, or NULL when nobody was; a doubtful link is worse than none. `<link>_review`
has every pair that was found without a number: how sure, why, and what came of it.

What people decided about a pair (ledger: link_decisions) is obeyed; asking and deciding belong to review, how pairs are
scored to matching. Both tables are a function of the golden records, the catalogue and the decisions alone.
"""

import hashlib

import duckdb

from govpipes.catalogue.model import Entity, Link, Matching
from govpipes.pipeline.workspace import Workspace
from govpipes.registries import matching
from govpipes.sql import column_list, ident, literal
from govpipes.warehouse import LAKE, Column

_SUBJECT = [
    Column("subject_registry", "VARCHAR", "the other side's registry; NULL = nobody found"),
    Column("subject_entity", "VARCHAR", "the other side's entity"),
    Column("subject_key", "VARCHAR", "entity_key of the other side's golden record"),
]
_LINK = [
    Column("entity_key", "VARCHAR", "the record"),
    *_SUBJECT,
    Column("how", "VARCHAR", "number, matched or decided"),
    Column("linked_by", "VARCHAR", "number, former_number, registration_number, masked_number, name or match"),
    Column("probability", "DOUBLE", "how sure it is that both are one, 0 to 1"),
    Column("recorded_from", "TIMESTAMP WITH TIME ZONE", "when this link last changed"),
]
_REVIEW = [
    Column("pair", "VARCHAR", "names record and other side without saying who they are (SHA-256)"),
    Column("entity_key", "VARCHAR", "the record"),
    *_SUBJECT,
    Column("linked_by", "VARCHAR", "masked_number, name or match"),
    Column("probability", "DOUBLE", "how sure it is that both are one, 0 to 1"),
    Column("reasons", "VARCHAR[]", "what agrees and what does not"),
    Column("state", "VARCHAR", "linked, waiting (for a decision), accepted or rejected"),
    Column("recorded_from", "TIMESTAMP WITH TIME ZONE", "when this row last changed"),
]
_TEMPORARY = ("said", "decided", "kept", "evidence", "single", "scored", "found_pair", "review", "links")


def link_subjects(ws: Workspace, entity: Entity, link: Link, run_id: str) -> int:
    """Bring the two tables of a link with a matching up to date; returns how many of their rows changed.

    Does nothing when no entity it reads, no decision and no rule has changed since. A link can appear long after its
    record: when the organization it names is registered. Raises WarehouseError when the lake cannot be written.
    """
    if link.matching is None or (golden := _golden(ws, entity, link)) is None:
        return 0
    # before anything is read: what arrives meanwhile is for the next linking
    stamp = _stamp(ws, entity, link)
    if _known_stamp(ws, entity, link) == stamp:
        return 0
    decided = {row["pair"]: row["decision"] for row in ws.ledger.link_decisions(_name(entity, link))}
    review = ident(LAKE, entity.registry, link.review_table) if _has_review(ws, entity, link) else None
    find(ws.con, link.item, link.matching, golden, decided, review)
    try:
        what = f"{entity.registry}.{link.table}"
        return ws.lake.write(what, f"{what} ({run_id})", lambda: _write(ws, entity, link, stamp))
    finally:
        drop(ws.con)


def find(
    con: duckdb.DuckDBPyConnection,
    item: str,
    said: Matching,
    golden: dict[str, str],
    decided: dict[str, str],
    kept: str | None = None,
) -> None:
    """Make the temp tables `links` and `review` as the two tables should be, but for recorded_from.

    item: the column of the records that has the number. golden: the tables: the records' under "", the other sides'
    under `registry.entity`. decided: pair -> accept, reject or undo. kept: the review table as it was, which knows
    decided pairs that are not found any more.
    """
    columns = ", ".join(f"CAST(({sql}\n) AS {kind}) AS {name}" for name, (kind, sql) in said.says.columns.items())
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE said AS SELECT entity_key, {ident(item)} AS key, {columns} FROM {golden['']}"
    )
    con.execute("CREATE OR REPLACE TEMP TABLE decided (pair VARCHAR, decision VARCHAR)")
    standing = [[pair, decision] for pair, decision in decided.items() if decision != "undo"]
    if standing:
        con.executemany("INSERT INTO decided VALUES (?, ?)", standing)
    sides = {name: table for name, table in golden.items() if name}
    con.execute(f"CREATE OR REPLACE TEMP TABLE kept AS {_kept_sql(kept or _NO_REVIEW, sides)}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE evidence AS SELECT *, {_PAIR} AS pair FROM ({_evidence_sql(sides)})")
    con.execute(f"CREATE OR REPLACE TEMP TABLE single AS {_SINGLE}")
    con.execute("DELETE FROM said WHERE key IS NOT NULL OR entity_key IN (SELECT entity_key FROM single)")
    con.execute(f"CREATE OR REPLACE TEMP TABLE found_pair ({_FOUND})")
    for name, table in sides.items():
        scored = matching.match(con, matching.MODELS[name], table)
        registry, entity = name.split(".")
        con.execute(
            f"INSERT INTO found_pair SELECT id, {literal(registry)}, {literal(entity)}, known_id, 'match', "
            f"pow(2, weight), reasons FROM {scored}"
        )
    con.execute(f"CREATE OR REPLACE TEMP TABLE review AS {_review_sql(said)}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE links AS {_LINKS.format(records=golden[''])}")


def drop(con: duckdb.DuckDBPyConnection) -> None:
    """Drop the temp tables of `find`."""
    for table in _TEMPORARY:
        con.execute(f"DROP TABLE IF EXISTS temp.{table}")


def _name(entity: Entity, link: Link) -> str:
    return f"{entity.registry}.{entity.name}.{link.name}"


def _has_review(ws: Workspace, entity: Entity, link: Link) -> bool:
    return link.review_table in ws.lake.tables(entity.registry)


def _golden(ws: Workspace, entity: Entity, link: Link) -> dict[str, str] | None:
    """The golden tables the link reads (see find); None while one of them is not there."""
    sides = {"": entity} | {target: ws.catalogue.entity(*target.split(".")) for target in link.to}
    if not ws.lake.views().issuperset((side.registry, side.table) for side in sides.values()):
        return None
    return {name: ident(LAKE, side.registry, side.table) for name, side in sides.items()}


def _stamp(ws: Workspace, entity: Entity, link: Link) -> str:
    """Changes when a linking could find something else."""
    read = [(entity.registry, entity.name), *(tuple(target.split(".")) for target in link.to)]
    fusions = ws.con.execute(
        f"SELECT registry, entity, dataset, publication_id, spec_sha256 FROM {LAKE}.pipeline.fusions "
        f"WHERE (registry, entity) IN ({', '.join('(?, ?)' for _ in read)}) ORDER BY ALL",
        [part for one in read for part in one],
    ).fetchall()
    decisions = [row["sequence"] for row in ws.ledger.link_decisions(_name(entity, link))]
    # derived columns are no part of a fusion
    entities = [ws.catalogue.entity(*one).model_dump_json() for one in read]
    review = _review_sql(link.matching) if link.matching else ""
    rules = (_EVIDENCE, _SINGLE, review, _LINKS, matching.MODELS, matching.IN_REGISTRY)
    return hashlib.sha256(repr((fusions, decisions, entities, link, rules)).encode()).hexdigest()


def _known_stamp(ws: Workspace, entity: Entity, link: Link) -> str | None:
    if not _has_review(ws, entity, link):
        return None
    query = f"SELECT spec_sha256 FROM {LAKE}.pipeline.fusions WHERE registry = ? AND entity = ?"
    found = ws.con.execute(query, [entity.registry, link.table]).fetchone()
    return str(found[0]) if found else None


def _write(ws: Workspace, entity: Entity, link: Link, stamp: str) -> int:
    title = f"{entity.title.zh}：{link.title.zh}"
    changed = 0
    for name, wanted, columns, comment in (
        (str(link.table), "links", _LINK, title),
        (link.review_table, "review", _REVIEW, f"{title}匹配的复核清单"),
    ):
        ws.lake.ensure_table(entity.registry, name, columns, comment=comment)
        changed += _merge(ws, ident(LAKE, entity.registry, name), wanted, columns)
    books, named = f"{LAKE}.pipeline.fusions", [entity.registry, link.table]
    ws.con.execute(f"DELETE FROM {books} WHERE registry = ? AND entity = ?", named)
    ws.con.execute(f"INSERT INTO {books} VALUES (?, ?, '', 0, ?, now())", [*named, stamp])
    return changed


def _merge(ws: Workspace, table: str, wanted: str, columns: list[Column]) -> int:
    """Make a table equal to `wanted`, leaving the rows that are so already; how many rows were wrong or missing."""
    con, key = ws.con, ident(columns[0].name)
    names = column_list([column.name for column in columns[:-1]])
    for name, these, those in (("stale", table, wanted), ("fresh", wanted, table)):
        query = f"SELECT {names} FROM {these} EXCEPT SELECT {names} FROM {those}"
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")
    changed = int(ws.lake.one(f"SELECT count(*) FROM (SELECT {key} FROM stale UNION SELECT {key} FROM fresh)"))
    if changed:
        con.execute(f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM stale)")
        con.execute(f"INSERT INTO {table} ({names}, recorded_from) SELECT {names}, now() FROM fresh")
    con.execute("DROP TABLE stale; DROP TABLE fresh")
    return changed


_PAIR = "sha256(concat_ws('|', entity_key, registry, entity, subject))"
_FOUND = (
    "entity_key VARCHAR, registry VARCHAR, entity VARCHAR, subject VARCHAR, linked_by VARCHAR, odds DOUBLE, "
    "reasons VARCHAR[]"
)
_NO_REVIEW = f"(SELECT {', '.join(f'CAST(NULL AS {c.type}) AS {c.name}' for c in _REVIEW)} WHERE false)"
_REJECTED = "(SELECT pair FROM decided WHERE decision = 'reject')"


def _evidence_sql(sides: dict[str, str]) -> str:
    """Who a record may be about by what it says of a number or, of an organization, by its whole name.

    sides: `registry.entity` -> table.
    """
    found = []
    for name, table in sides.items():
        registry, entity = name.split(".")
        named = f"{literal(registry)} AS registry, {literal(entity)} AS entity, t.entity_key AS subject"
        by_number = f"SELECT s.entity_key, 1 AS strength, 'number' AS linked_by, {named} FROM said s JOIN {table} t"
        found.append(f"{by_number} ON t.entity_key = s.key")
        found += [part.format(named=named, table=table) for part in _EVIDENCE[name]]
    return " UNION ALL ".join(found)


_EVIDENCE = {
    "population.person": (
        "SELECT s.entity_key, 2, 'former_number', {named} FROM said s JOIN {table} t ON t.former_citizen_id = s.key",
        # a masked number (3201**********4018) shows its ends; with the name they may name one person
        "SELECT s.entity_key, 3, 'masked_number', {named} FROM said s JOIN {table} t "
        "ON fold_name(t.name) = fold_name(s.name) "
        "AND left(t.entity_key, 4) = left(s.number, 4) AND right(t.entity_key, 4) = right(s.number, 4) "
        "WHERE s.person AND s.key IS NULL AND contains(s.number, '*')",
    ),
    "legal_entity.organization": (
        "SELECT s.entity_key, 2, 'registration_number', {named} FROM said s JOIN {table} t "
        "ON t.registration_number = s.registration_number",
        "SELECT s.entity_key, 4, 'name', {named} FROM said s JOIN {table} t "
        "ON fold_organization(t.name) = fold_organization(s.name) WHERE NOT s.person AND s.key IS NULL",
    ),
}
"""Rules beside the whole number, for each that can be found; the lower the strength, the stronger."""


# Of the strongest kind of evidence, and only when it names one subject. A number is not a matter of decision.
_SINGLE = f"""
SELECT entity_key, strength, linked_by, registry, entity, any_value(subject) AS subject
FROM (SELECT *, min(strength) OVER (PARTITION BY entity_key) AS strongest FROM evidence
      WHERE strength < 3 OR pair NOT IN {_REJECTED})
WHERE strength = strongest
GROUP BY ALL HAVING count(DISTINCT subject) = 1
"""


def _kept_sql(review: str, sides: dict[str, str]) -> str:
    """Decided pairs that were found before, both sides of which are still there."""
    there = " UNION ALL ".join(
        f"SELECT {literal(name)} AS side, entity_key AS subject FROM {table}" for name, table in sides.items()
    )
    return (
        "SELECT r.pair, r.entity_key, r.subject_registry AS registry, r.subject_entity AS entity, "
        f"r.subject_key AS subject, r.linked_by FROM {review} r SEMI JOIN decided d ON d.pair = r.pair "
        "SEMI JOIN said s ON s.entity_key = r.entity_key "
        f"SEMI JOIN ({there}) t ON t.side = r.subject_registry || '.' || r.subject_entity AND t.subject = r.subject_key"
    )


def _review_sql(sure: Matching) -> str:
    """Every pair found without a number that counts, may count, or was decided.

    A match's probability is its odds against all others of the record, and against nobody: a subject is one of its
    candidates or somebody who is not in the registry.
    """
    return f"""
WITH pair AS (
    SELECT *, {_PAIR} AS pair FROM found_pair
), standing AS (
    SELECT pair, odds / (1 + sum(odds) OVER (PARTITION BY entity_key)) AS probability
    FROM pair WHERE pair NOT IN {_REJECTED}
), every AS (
    -- never certain, however often 9 stands there
    SELECT pair, entity_key, registry, entity, subject, linked_by, reasons,
           least(coalesce(probability, 0), 0.9999) AS probability
    FROM pair LEFT JOIN standing USING (pair)
    UNION ALL
    SELECT e.pair, e.entity_key, e.registry, e.entity, e.subject, e.linked_by,
           [CASE e.linked_by WHEN 'name' THEN '名称一致' ELSE '姓名和证件号首尾一致' END],
           CASE WHEN s.subject IS NULL THEN 0 ELSE 1 END
    FROM evidence e
    LEFT JOIN single s ON s.entity_key = e.entity_key AND s.subject = e.subject AND s.linked_by = e.linked_by
    WHERE e.strength > 2
    UNION ALL
    SELECT pair, entity_key, registry, entity, subject, linked_by, ['已不再相符'], 0 FROM kept
), judged AS (
    SELECT *, CASE decision WHEN 'accept' THEN 'accepted' WHEN 'reject' THEN 'rejected' ELSE
        CASE WHEN probability >= {sure.link} THEN 'linked' WHEN probability >= {sure.review} THEN 'waiting' END
        END AS state
    FROM (SELECT * REPLACE (round(probability, 4) AS probability) FROM every) LEFT JOIN decided USING (pair)
    -- one row for a pair that was found in several ways
    QUALIFY row_number() OVER (PARTITION BY pair ORDER BY probability DESC, linked_by, len(reasons) DESC) = 1
)
SELECT pair, entity_key, registry AS subject_registry, entity AS subject_entity, subject AS subject_key, linked_by,
       CAST(probability AS DOUBLE) AS probability, reasons, state
FROM judged
WHERE state IS NOT NULL AND entity_key NOT IN (SELECT entity_key FROM single WHERE strength < 3)
-- what somebody accepted leaves nothing to ask or link beside it
QUALIFY state IN ('accepted', 'rejected') OR NOT bool_or(state = 'accepted') OVER (PARTITION BY entity_key)
"""


_LINKS = """
WITH known AS (
    SELECT entity_key, registry, entity, subject, 'number' AS how, linked_by, 1.0 AS probability
    FROM single WHERE strength < 3
    UNION ALL
    SELECT entity_key, subject_registry, subject_entity, subject_key,
           CASE state WHEN 'accepted' THEN 'decided' ELSE 'matched' END, linked_by, probability
    FROM review WHERE state IN ('linked', 'accepted')
    -- two accepted for one record: neither, until one of them is undone
    QUALIFY count(*) OVER (PARTITION BY entity_key) = 1
)
SELECT r.entity_key, k.registry AS subject_registry, k.entity AS subject_entity, k.subject AS subject_key, k.how,
       k.linked_by, CAST(k.probability AS DOUBLE) AS probability
FROM {records} r LEFT JOIN known k USING (entity_key)
"""

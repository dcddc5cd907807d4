"""Credit: who a record is about (DOMAIN: records are linked by number, else by matching), and the subjects' profiles.

`credit.subject_link` has one row per credit record: the person or organization, how it was found, or NULL when nobody
was. Matching by name counts only when exactly one candidate fits; a doubtful link is worse than none.

`credit.subject_profile` says of each subject what is recorded, by category, class of dishonesty and state of the record
(DOMAIN §3.3: 信用信息修复管理办法, NDRC order 58 of 2023).
"""

from functools import partial

from govpipes.pipeline.workspace import Workspace
from govpipes.sql import column_list, ident
from govpipes.warehouse import LAKE, Column

_COLUMNS = [
    Column("entity_key", "VARCHAR", "the credit record (credit.record)"),
    Column("subject_registry", "VARCHAR", "population or legal_entity; NULL = nobody found"),
    Column("subject_entity", "VARCHAR", "person or organization"),
    Column("subject_key", "VARCHAR", "entity_key of the subject's golden record"),
    Column("linked_by", "VARCHAR", "number, registration_number, masked_number or name"),
    Column("recorded_from", "TIMESTAMP WITH TIME ZONE", "when this link last changed"),
]

_NEEDED = {"population": "person", "legal_entity": "organization", "credit": "record"}


def link_subjects(ws: Workspace, run_id: str) -> int:
    """Bring `credit.subject_link` up to date; returns how many links were written, changed or removed.

    A link can appear long after its record: when the organization it names is registered.
    """
    if not ws.lake.views().issuperset(_NEEDED.items()):
        return 0
    changed = ws.lake.write("credit.subject_link", f"link credit subjects ({run_id})", lambda: _write(ws))
    _ensure_profiles(ws)
    return changed


def profile_sql(records: str, day: str) -> str:
    """SQL for what is recorded of each subject on `day` (SQL of a DATE), of the credit records `records` (a table).

    state: 撤销 the organ took it back; 已修复 it ended because the subject mended what was wrong; 已过期 its term or
    publicity ended; 有效 otherwise.
    """
    ends = "coalesce(r.publicity_until, r.valid_until)"
    state = (
        "CASE WHEN r.status = '2' THEN '撤销' "
        f"WHEN r.category IN ('court_defaulter', 'abnormal_operation') AND r.valid_until <= {day} THEN '已修复' "
        f"WHEN {ends} < {day} THEN '已过期' ELSE '有效' END"
    )
    return (
        "SELECT l.subject_registry, l.subject_entity, l.subject_key, r.category, r.dishonesty_class, "
        f"{state} AS state, count(*) AS records, sum(r.amount_yuan) AS amount_yuan, "
        "min(r.decision_date) AS first_decided, max(r.decision_date) AS last_decided "
        f"FROM {records} r JOIN credit.subject_link l ON l.entity_key = r.entity_key "
        f"WHERE l.subject_key IS NOT NULL AND (r.decision_date IS NULL OR r.decision_date <= {day}) GROUP BY ALL"
    )


def _ensure_profiles(ws: Workspace) -> None:
    """The view `credit.subject_profile` (today) and its macro `subject_profile_as_of(valid_day, known_day)`.

    Who a record is about is what is known now in either.
    """
    today = "CAST(now() AT TIME ZONE 'Asia/Shanghai' AS DATE)"
    query = profile_sql("credit.record", today)
    then = f"coalesce(CAST(valid_day AS DATE), {today})"
    as_of = profile_sql("credit.record_as_of(valid_day, known_day)", then)
    macros = {"subject_profile_as_of(valid_day, known_day)": as_of}
    if not ws.lake.view_stands("credit", "subject_profile", query, [], macros):
        made = partial(ws.lake.ensure_view, "credit", "subject_profile", query, [], "信用主体画像", macros)
        ws.lake.write("credit.subject_profile", "credit profiles", made)


def _write(ws: Workspace) -> int:
    con, table = ws.con, ident(LAKE, "credit", "subject_link")
    con.execute(f"CREATE OR REPLACE TEMP TABLE links AS {links_sql()}")
    keys = [column.name for column in _COLUMNS[:-1]]
    if "subject_link" not in ws.lake.tables("credit"):
        ws.lake.ensure_table("credit", "subject_link", _COLUMNS, comment="信用记录与主体的关联")
    names = column_list(keys)
    con.execute(f"CREATE OR REPLACE TEMP TABLE stale AS SELECT {names} FROM {table} EXCEPT SELECT {names} FROM links")
    con.execute(f"CREATE OR REPLACE TEMP TABLE fresh AS SELECT {names} FROM links EXCEPT SELECT {names} FROM {table}")
    changed = int(ws.lake.one("SELECT count(*) FROM (SELECT entity_key FROM stale UNION SELECT entity_key FROM fresh)"))
    if changed:
        con.execute(f"DELETE FROM {table} WHERE entity_key IN (SELECT entity_key FROM stale)")
        con.execute(f"INSERT INTO {table} ({names}, recorded_from) SELECT {names}, now() FROM fresh")
    for name in ("links", "stale", "fresh"):
        con.execute(f"DROP TABLE {name}")
    return changed


def links_sql() -> str:
    """The link of every credit record, by the strongest evidence there is."""
    record, person, organization = (
        ident(LAKE, registry, table)
        for registry, table in (("credit", "record"), ("population", "person"), ("legal_entity", "organization"))
    )
    return f"""
WITH record AS (
    SELECT entity_key, subject_key, subject_registration_number AS registration_number,
           subject_certificate_number AS masked_number, fold_name(subject_name) AS name
    FROM {record}
), organization AS (
    SELECT entity_key, registration_number, fold_name(name) AS name FROM {organization}
), person AS (
    SELECT entity_key, fold_name(name) AS name FROM {person}
), evidence AS (
    SELECT r.entity_key, 1 AS strength, 'number' AS linked_by,
           'legal_entity' AS registry, 'organization' AS entity, o.entity_key AS subject
    FROM record r JOIN organization o ON o.entity_key = r.subject_key
    UNION ALL
    SELECT r.entity_key, 1, 'number', 'population', 'person', p.entity_key
    FROM record r JOIN person p ON p.entity_key = r.subject_key
    UNION ALL
    SELECT r.entity_key, 2, 'registration_number', 'legal_entity', 'organization', o.entity_key
    FROM record r JOIN organization o ON o.registration_number = r.registration_number
    UNION ALL
    -- a masked number (3201**********4018) shows its ends; with the name they may name one person
    SELECT r.entity_key, 3, 'masked_number', 'population', 'person', p.entity_key
    FROM record r JOIN person p ON p.name = r.name
        AND left(p.entity_key, 4) = left(r.masked_number, 4) AND right(p.entity_key, 4) = right(r.masked_number, 4)
    WHERE contains(r.masked_number, '*')
    UNION ALL
    SELECT r.entity_key, 4, 'name', 'legal_entity', 'organization', o.entity_key
    FROM record r JOIN organization o ON o.name = r.name
    WHERE r.subject_key IS NULL
), single AS (
    -- of the strongest kind of evidence, and only when it names one subject
    SELECT entity_key, linked_by, registry, entity, any_value(subject) AS subject
    FROM (SELECT *, min(strength) OVER (PARTITION BY entity_key) AS strongest FROM evidence)
    WHERE strength = strongest
    GROUP BY ALL HAVING count(DISTINCT subject) = 1
)
SELECT r.entity_key, s.registry AS subject_registry, s.entity AS subject_entity, s.subject AS subject_key, s.linked_by
FROM record r LEFT JOIN single s USING (entity_key)
"""

"""Credit: the profiles of those whom credit records are about (subjects says who they are).

`credit.subject_profile` says of each subject what is recorded, by category, class of dishonesty and state of the record
(DOMAIN §3.3: 信用信息修复管理办法, NDRC order 58 of 2023).
"""

from functools import partial

from govpipes.pipeline.workspace import Workspace


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


def ensure_profiles(ws: Workspace) -> None:
    """The view `credit.subject_profile` (today) and its macro `subject_profile_as_of(valid_day, known_day)`.

    Who a record is about is what is known now in either. Raises WarehouseError when the lake cannot be written.
    """
    if "subject_link" not in ws.lake.tables("credit"):
        return
    today = "CAST(now() AT TIME ZONE 'Asia/Shanghai' AS DATE)"
    query = profile_sql("credit.record", today)
    then = f"coalesce(CAST(valid_day AS DATE), {today})"
    as_of = profile_sql("credit.record_as_of(valid_day, known_day)", then)
    macros = {"subject_profile_as_of(valid_day, known_day)": as_of}
    if not ws.lake.view_stands("credit", "subject_profile", query, [], macros):
        made = partial(ws.lake.ensure_view, "credit", "subject_profile", query, [], "信用主体画像", macros)
        ws.lake.write("credit.subject_profile", "credit profiles", made)

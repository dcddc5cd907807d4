"""What contestants must agree on: the number of rows and a hash of the current table that does not depend on order."""

ROWS = (
    "SELECT {key} AS register_number, citizen_id, name, sex, ethnic, birth_date, hukou_region, hukou_address, "
    "residence_address, phone, employer_uscc, marital, {changed} AS changed FROM {table}"
)
"""The rows of a contestant's table; key and changed are its names for the register's number and time of change."""

CONTENT = "SELECT count(*) || ':' || coalesce(sum(hash(r)::HUGEINT), 0)::VARCHAR FROM ({rows}) r"
"""Rows and hash, as one text."""

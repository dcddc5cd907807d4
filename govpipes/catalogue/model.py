"""The contract model: what one YAML file of the catalogue may say, and what it means.

Here: the fields with their types, defaults and the rules one file can break on its own. What needs other files, the
data elements or DuckDB (unknown elements, clashing authorities, SQL that does not bind) is checked by `loader`.
Words follow 《政务信息资源目录编制指南（试行）》 (发改高技术〔2017〕1272号). Times are Asia/Shanghai.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, time
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from govpipes.days import Cycle, first_day
from govpipes.standards import ELEMENTS

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""A name in the catalogue and the warehouse: lower-case English letters, digits and underscores."""

Column = Annotated[str, Field(min_length=1, max_length=200)]
"""A column of a source under the source's own name; the levels of a header of several rows are joined with `/`."""

Share = Annotated[float, Field(ge=0, le=1)]
"""A part of a whole, from 0 to 1."""

Severity = Literal["block", "warn"]
Scalar = str | int | float | bool
_Sql = Annotated[str, Field(min_length=1)]
EntityName = Annotated[str, Field(pattern=r"^[a-z0-9_]+\.[a-z0-9_]+$")]
"""An entity as `registry.entity`."""

CANDIDATE_COLUMNS = {
    "entity_key": "VARCHAR",
    "source_key": "VARCHAR",
    "cursor": "TIMESTAMP",
    "is_deleted": "BOOLEAN",
    "row_hash": "BIGINT",
    "flags": "VARCHAR[]",
}
"""What every candidate has beside its items; a contract's SQL checks may use these columns."""

RESERVED = frozenset(CANDIDATE_COLUMNS) | {
    *("reasons", "landing_id", "row_number", "source_day", "publication_id", "withdrawn_by"),
    *("valid_from", "valid_to", "recorded_from", "recorded_to", "provenance"),
}
"""Names the pipeline gives to columns of its own; no item may have one."""


_GOLDEN_TABLE = re.compile(r"\{([a-z0-9_]+\.[a-z0-9_]+)\}")
"""A golden table in an entity's rule, `{registry.entity}`: its place is another in the lake than in a check."""


class _Model(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )


class Title(_Model):
    """A title in Chinese (the official one) and English."""

    zh: Annotated[str, Field(min_length=1, max_length=128)]
    en: Annotated[str, Field(min_length=1, max_length=128)]


class Department(_Model):
    """A department 部门 that provides data. uscc: its unified social credit identifier, where it is on record."""

    code: Name
    title: Title
    uscc: Annotated[str, Field(pattern=r"^[0-9A-HJ-NP-RTUW-Y]{18}$")] | None = None


class EntityItem(_Model):
    """One item of an entity's golden record."""

    name: Name
    element: str
    title: Title
    description: str | None = None

    _free = field_validator("name")(lambda value: _unreserved(value))


class Derived(_Model):
    """A column computed from the golden record's items; never a claim of a department.

    sql: DuckDB, over the entity's items; type: a DuckDB type.
    """

    name: Name
    sql: Annotated[str, Field(min_length=1)]
    type: Annotated[str, Field(min_length=1)]
    title: Title

    _free = field_validator("name")(lambda value: _unreserved(value))


class Alias(_Model):
    """Another number an entity is known by.

    key: DuckDB SQL over the entity's items giving the key an entity has of which only this number is known; where such
    an entity is there, it is the same as the one whose claims give the number (pipeline/aliases.py).
    """

    name: Name
    key: Annotated[str, Field(min_length=1)]
    title: Title


class EntityRule(_Model):
    """What golden records should not say together; who breaks it is shown, and published all the same.

    sql: a query over golden tables, each written `{registry.entity}` (`{self}` is the entity's own), that gives the
    `entity_key` of a record that breaks the rule and, as `found`, what it was compared with (text). spatial: the query
    asks DuckDB's spatial extension, which readers need not have: what it finds is written down when one of its entities
    is fused.
    """

    name: Name
    sql: Annotated[str, Field(min_length=1)]
    title: Title
    spatial: bool = False

    @property
    def reads(self) -> tuple[str, ...]:
        """The entities that the query reads, as `registry.entity`."""
        return tuple(dict.fromkeys(_GOLDEN_TABLE.findall(self.sql)))

    def over(self, tables: Mapping[str, str]) -> str:
        """The query with each `{registry.entity}` replaced by what `tables` has for it."""
        return _GOLDEN_TABLE.sub(lambda found: tables[found[1]], self.sql)


_Certainty = Annotated[float, Field(gt=0, le=1)]

MATCHABLE = {
    "population.person": (
        "former_citizen_id",
        "name",
        "former_name",
        "sex",
        "birth_date",
        "hukou_region",
        "residence_region",
    ),
    "legal_entity.organization": ("name", "uscc", "registration_number", "registration_region", "legal_representative"),
}
"""The entities that can be found without a number, and what of them is compared (registries/matching.py)."""


class Says(_Model):
    """What a record says of whom it is about, each as DuckDB SQL over the entity's columns.

    person: whether it is a person, not an organization. number: as given, perhaps masked (3201**********4018). age: in
    whole years on `on_day`. county: six digits, where it is likely to be found. representative: an organization's.
    """

    person: _Sql
    name: _Sql
    number: _Sql | None = None
    registration_number: _Sql | None = None
    sex: _Sql | None = None
    age: _Sql | None = None
    on_day: _Sql | None = None
    county: _Sql | None = None
    representative: _Sql | None = None

    @property
    def columns(self) -> dict[str, tuple[str, str]]:
        """What is said -> its DuckDB type and its SQL; NULL for what records do not say."""
        types = {"person": "BOOLEAN", "age": "BIGINT", "on_day": "DATE"}
        return {name: (types.get(name, "VARCHAR"), sql or "NULL") for name, sql in self.model_dump().items()}


class Matching(_Model):
    """How the other side is found where a record gives no number that is of use.

    link: from which probability on a match counts; review: from which on a person is asked.
    """

    link: _Certainty
    review: _Certainty
    says: Says

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.review > self.link:
            _refuse("review", "what is sure enough to be linked is not reviewed: review must not be above link")
        return self


class Link(_Model):
    """How an entity's records are tied to another entity's.

    item: the item or derived column that holds the other side's `matches` (default its key). to: the entities that may
    be on the other side, as `registry.entity`. matching: where the item says nothing, the other side is looked for;
    what is found is in the tables `<link>_link` and `<link>_review` of the entity's registry.
    """

    name: Name
    title: Title
    item: Name
    to: Annotated[tuple[EntityName, ...], Field(min_length=1)]
    matches: Name = "entity_key"
    matching: Matching | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.matching and (self.matches != "entity_key" or not set(self.to) <= MATCHABLE.keys()):
            _refuse("matching", f"only {' and '.join(MATCHABLE)} can be found by matching, and by their key")
        return self

    @property
    def table(self) -> str | None:
        """The table of the entity's registry that has what was found by matching; None where nothing is matched."""
        return f"{self.name}_link" if self.matching else None

    @property
    def review_table(self) -> str:
        """The table of the pairs that were found by matching."""
        return f"{self.name}_review"


class Entity(_Model):
    """What a base registry keeps one golden record of.

    table: the golden table, `<registry>.<table>`. key: DuckDB SQL over the items giving the entity's key as text; an
    item a dataset lacks is NULL there, and NULL means "belongs to no entity yet".
    """

    registry: Name
    entity: Name
    table: Name
    title: Title
    description: str | None = None
    key: Annotated[str, Field(min_length=1)]
    items: Annotated[tuple[EntityItem, ...], Field(min_length=1)]
    derived: tuple[Derived, ...] = ()
    aliases: tuple[Alias, ...] = ()
    rules: tuple[EntityRule, ...] = ()
    links: tuple[Link, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, raw: Any) -> Any:
        if not isinstance(raw, dict) or "entity" not in raw:
            return raw
        given = {"table": raw["entity"], **raw}
        if isinstance(given.get("rules"), list):
            given["rules"] = [_of_itself(rule, f"{raw.get('registry')}.{raw['entity']}") for rule in given["rules"]]
        return given

    @property
    def name(self) -> str:
        """The entity's name within its registry."""
        return self.entity

    def item(self, name: str) -> EntityItem | None:
        """The item of that name, or None."""
        return next((item for item in self.items if item.name == name), None)


class Registry(_Model):
    """A base registry 基础库 and its entities."""

    registry: Name
    title: Title
    description: Annotated[str, Field(min_length=10)]
    entities: Annotated[tuple[Entity, ...], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _name_entities(cls, raw: Any) -> Any:
        if not isinstance(raw, dict) or not isinstance(raw.get("entities"), list | tuple):
            return raw
        named = [{"registry": raw.get("registry"), **e} if isinstance(e, dict) else e for e in raw["entities"]]
        return {**raw, "entities": named}


class ShareTerms(_Model):
    """共享类型, 共享条件, 共享方式, 是否向社会开放.

    condition: who may have it and what for (conditional), or the law that forbids sharing (none).
    """

    type: Literal["unconditional", "conditional", "none"]
    condition: Annotated[str, Field(min_length=2, max_length=500)] | None = None
    methods: tuple[Literal["table", "file", "folder", "api"], ...] = ()
    open: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.type != "unconditional" and not self.condition:
            _refuse("condition", f"share type {self.type} needs a condition: who and what for, or the legal basis")
        if self.type != "none" and not self.methods:
            _refuse("methods", "a shared dataset needs at least one method: table, file, folder, api")
        if self.type == "none" and (self.open or self.methods):
            _refuse("type", "what is not shared can neither be open nor have methods")
        return self


class Update(_Model):
    """更新周期 and when it is due.

    due: "HH:MM" in Asia/Shanghai, on the day after the period ends. start: the first day; its period also brings the
    opening stock. grace_hours: how long after due a day counts as merely late.
    """

    cycle: Cycle
    due: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    start: date
    grace_hours: Annotated[int, Field(ge=0, le=24 * 31)] = 6

    @field_validator("due", mode="before")
    @classmethod
    def _quoted(cls, value: Any) -> Any:
        if isinstance(value, int):  # YAML 1.1 reads 10:30 as the number 630
            raise PydanticCustomError("due", 'the time must be in quotes: due: "10:30"')
        return value

    @property
    def due_time(self) -> time:
        """The due time of day, Asia/Shanghai."""
        return time.fromisoformat(self.due)


class Deletes(_Model):
    """How the source marks a deleted row: `column` has `value`."""

    column: Column
    value: str


class Tombstones(_Model):
    """A table of the source that lists deleted rows: it has the source's key columns, and `cursor` says when."""

    table: Column
    cursor: Column


class Budget(_Model):
    """What reading may cost the department's system.

    timeout_seconds: the longest a question may take there. rows_per_second: how fast the reconciler's questions may
    read, on average. connections: how many govpipes may have open at once, from all its runs together.
    """

    timeout_seconds: Annotated[int, Field(ge=1, le=24 * 3600)] = 1800
    rows_per_second: Annotated[int, Field(ge=1)] | None = None
    connections: Annotated[int, Field(ge=1, le=32)] = 4


class Source(_Model):
    """Where and how a dataset is read.

    mode: `incremental` = a table that changes in place, read by its cursor's window; `file` = one file per period,
    a complete statement of that period's changes; `snapshot` = a full dump each period, compared with its
    predecessor. Left out, it is `file` where there is a `file`, else `incremental`.
    file: a strftime pattern of the period's first day, below the system's folder. cursor: the column with the time
    of a row's last change, in `time_zone`. key: the columns that identify a row in the source. lag_days: how many
    days back rows may still arrive late. deletes, tombstones: how the source tells of deleted rows. sweep: how often
    the keys of a table that deletes without a trace are compared with what is known. max_vanished: the share of the
    keys that a snapshot or a sweep may find gone without holding the day. budget: what reading may cost the source.
    """

    system: Name
    table: Column | None = None
    file: Column | None = None
    format: Literal["csv", "excel", "jsonl"] | None = None
    encoding: str = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    sheet: str | None = None
    mode: Literal["incremental", "snapshot", "file"]
    cursor: Column | None = None
    key: Annotated[tuple[Column, ...], Field(min_length=1)]
    deletes: Deletes | None = None
    tombstones: Tombstones | None = None
    sweep: Cycle | None = None
    lag_days: Annotated[int, Field(ge=0, le=366)] = 3
    max_vanished: Share = 0.2
    time_zone: Literal["Asia/Shanghai", "UTC"] = "Asia/Shanghai"
    budget: Budget = Budget()

    @model_validator(mode="before")
    @classmethod
    def _mode(cls, raw: Any) -> Any:
        return {"mode": "file" if "file" in raw else "incremental", **raw} if isinstance(raw, dict) else raw

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            "".encode(value)
        except LookupError:
            allowed = "utf-8, utf-8-sig, gb18030, gbk, utf-16"
            raise PydanticCustomError("encoding", "unknown text encoding", {"allowed": allowed}) from None
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.table is None) == (self.file is None):
            _refuse("system", "a source needs either `table` or `file`, and not both")
        if (self.file is None) != (self.format is None):
            _refuse("format", "`format` (csv, excel, jsonl) goes with `file`, and a file needs it")
        if self.mode == "incremental" and (self.table is None or self.cursor is None):
            _refuse("mode", "mode incremental needs `table` and `cursor`")
        if self.mode == "file" and self.file is None:
            _refuse("mode", "mode file needs `file`")
        if self.mode != "incremental" and (self.tombstones or self.sweep):
            _refuse("mode", "tombstones and sweep belong to mode incremental; a dump or file says what is gone itself")
        return self


class UnknownColumns(_Model):
    """Columns of the source the contract knowingly leaves out; any other unknown column is warned about."""

    ignore: tuple[Column, ...]


class Item(_Model):
    """信息项: one item of a dataset.

    columns (YAML `from`): the source column, or its names over time, newest first. value: a constant instead of a
    column. element: the data element that brings type, standardizing, rules, sensitivity and mask. authority: the
    lower number wins for this item of the entity; without one the item is kept in the dataset and takes no part in
    the golden record. options: the element's; of `datum` also a list, one of which each dataset-day is found to be in.
    on_error: an invalid value rejects its row, or only flags it (and is then left empty).
    """

    name: Name
    columns: Annotated[tuple[Column, ...], Field(alias="from")] = ()
    value: str | None = None
    element: str
    title: Title
    description: str | None = None
    required: bool = False
    authority: Annotated[int, Field(ge=1, le=999)] | None = None
    options: dict[str, Scalar | tuple[Scalar, ...]] = {}
    on_error: Literal["reject", "flag"] = "reject"

    _free = field_validator("name")(lambda value: _unreserved(value))

    @field_validator("columns", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if bool(self.columns) == (self.value is not None):
            _refuse("name", f"item {self.name} needs either `from` or `value`, and not both")
        return self

    @property
    def option_columns(self) -> tuple[str, ...]:
        """Source columns that options name (the other coordinate of a pair)."""
        element = ELEMENTS.get(self.element)
        names = element.column_options if element else ()
        return tuple(str(self.options[name]) for name in names if name in self.options)

    @property
    def datums(self) -> tuple[str, ...]:
        """The datums one of which a dataset-day's points are in, the usual one first; none where it is known which."""
        given = self.options.get("datum")
        return tuple(map(str, given)) if isinstance(given, tuple) else ()


class Rule(_Model):
    """A rule beyond what the elements bring.

    sql: DuckDB, true or false, over the items' standardized values and `cursor`; NULL passes. doubts: the items whose
    value cannot be true where a flagging rule is broken; golden records do without it (decision 17).
    """

    name: Name
    sql: Annotated[str, Field(min_length=1)]
    on_fail: Literal["reject", "flag"]
    doubts: tuple[Name, ...] = ()
    title: Title | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.doubts and self.on_fail == "reject":
            _refuse("doubts", "a row that is rejected is nowhere; `doubts` belongs to a rule with `on_fail: flag`")
        return self


class Valid(_Model):
    """When a record's versions begin to hold; left out of a contract: on the day of their cursor.

    since: the item with the day a state began. A version with another day there than its predecessor holds from that
    day; one with the same day changes something else and holds from its cursor's day. event: the item with the day of
    the one event the record tells of; a newer version corrects the older ones altogether. Either is at most the
    cursor's day: what is to begin later is not there yet.
    """

    since: Name | None = None
    event: Name | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.since is None) == (self.event is None):
            _refuse("since", "`valid` needs either `since` or `event`, and not both")
        return self


class Located(_Model):
    """Where records are by another registry's word: by it the datum of a dataset-day's points is told.

    entity: has longitude and latitude. key: DuckDB SQL over the items' standardized values, giving what the entity's
    column `matches` (default its key) has of the same place.
    """

    entity: EntityName
    matches: Name = "entity_key"
    key: _Sql


class _Check(_Model):
    severity: Severity = "block"


class RowCount(_Check):
    """Accepted rows of a dataset-day.

    drop_vs_last: the largest allowed drop against the last published day, as a share of that day's rows.
    """

    expect: Literal["row_count"]
    min: Annotated[int, Field(ge=0)] | None = None
    max: Annotated[int, Field(ge=0)] | None = None
    drop_vs_last: Share | None = None


class RejectRate(_Check):
    """Rejected rows, as a share of the rows read."""

    expect: Literal["reject_rate"]
    max: Share


class FillRate(_Check):
    """Rows in which an item has a value, as a share."""

    expect: Literal["fill_rate"]
    item: str
    min: Share


class Unique(_Check):
    """No two rows have the same values of these items together."""

    expect: Literal["unique"]
    items: Annotated[tuple[str, ...], Field(min_length=1)]


class InSet(_Check):
    """An item's values are among these (empty ones pass)."""

    expect: Literal["in_set"]
    item: str
    values: Annotated[tuple[Scalar, ...], Field(min_length=1)]


class Between(_Check):
    """An item's values lie in [min, max] (empty ones pass)."""

    expect: Literal["between"]
    item: str
    min: int | float | date | str | None = None
    max: int | float | date | str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.min is None and self.max is None:
            _refuse("item", "between needs `min`, `max` or both")
        return self


class SqlCheck(_Check):
    """A query over `{batch}` (the candidate: items and CANDIDATE_COLUMNS) that returns the bad rows; none may come.

    Write `SELECT … FROM {batch} p`.
    """

    expect: Literal["sql"]
    name: Name
    sql: Annotated[str, Field(min_length=1)]
    title: Title | None = None

    @field_validator("sql")
    @classmethod
    def _reads_batch(cls, value: str) -> str:
        if "{batch}" not in value:
            raise PydanticCustomError("batch", "the query must read {batch}")
        return value


Check = Annotated[RowCount | RejectRate | FillRate | Unique | InSet | Between | SqlCheck, Field(discriminator="expect")]


_SAYS_NOTHING_ABOUT_ROWS: Any = {
    "title": True,
    "abstract": True,
    "provider": True,
    "share": True,
    "update": {"due", "grace_hours"},
    "source": {"lag_days", "sweep", "budget"},
    "valid": True,
    "items": {"__all__": {"title", "description"}},
    "rules": {"__all__": {"doubts"}},
}
"""What of a contract decides neither what becomes of a row nor whether its day is published."""


class Contract(_Model):
    """What is agreed about one dataset 信息资源: who provides it, how it is read, what it must be, who may have it."""

    dataset: Name
    title: Title
    abstract: Annotated[str, Field(min_length=10, max_length=1000)]
    registry: Name
    entity: Name
    provider: Name
    share: ShareTerms
    update: Update
    source: Source
    valid: Valid | None = None
    unknown_columns: Literal["warn", "freeze"] | UnknownColumns = "warn"
    items: Annotated[tuple[Item, ...], Field(min_length=1)]
    located_by: Located | None = None
    rules: tuple[Rule, ...] = ()
    checks: tuple[Check, ...]

    _sha256: str | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _has_row_floor(self) -> Self:
        # a floor that only warns would let an empty delivery pass, and an empty delivery is the commonest failure
        if not any(isinstance(c, RowCount) and c.min is not None and c.severity == "block" for c in self.checks):
            _refuse("checks", "no row floor; add {expect: row_count, min: …} (0 says that no change is normal)")
        return self

    @property
    def sha256(self) -> str:
        """A hash of everything that decides what this contract makes of a row.

        The contract, its entity and the standards (macros and code lists), when it came from `load_catalogue`; the
        contract alone when it was made otherwise.
        """
        return self._sha256 or self.bind_hash()

    def bind_hash(self, *more: str) -> str:
        """Make `sha256` a hash over this contract and `more` (its entity's definition, the standards' fingerprint)."""
        said = self.model_dump(mode="json", exclude=_SAYS_NOTHING_ABOUT_ROWS)
        text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        self._sha256 = hashlib.sha256("\0".join((text, *more)).encode()).hexdigest()
        return self._sha256

    @property
    def first_day(self) -> date:
        """The first day of the contract's first period."""
        return first_day(self.update.cycle, self.update.start)

    def item(self, name: str) -> Item | None:
        """The item of that name, or None."""
        return next((item for item in self.items if item.name == name), None)

    @property
    def datums(self) -> tuple[str, ...]:
        """The datums one of which a dataset-day's points are in, the usual one first; none where it is known which."""
        return next((item.datums for item in self.items if item.datums), ())

    @property
    def source_columns(self) -> tuple[str, ...]:
        """Every source column the contract knows, under all its names, without repetition."""
        return tuple(dict.fromkeys(name for names, _ in self._columns() for name in names))

    def unknown_columns_in(self, columns: Iterable[str]) -> list[str]:
        """Which of a source's columns the contract neither uses nor ignores."""
        known = set(self.source_columns) | ({"tombstone"} if self.source.tombstones else set())
        if isinstance(self.unknown_columns, UnknownColumns):
            known.update(self.unknown_columns.ignore)
        return [name for name in columns if name not in known]

    def missing_columns_in(self, columns: Iterable[str], *, required_only: bool = False) -> list[str]:
        """Which columns the contract uses that a source lacks under every name; the newest name of each.

        required_only: only those without which no row can be judged: key, cursor, deletion mark, required items.
        """
        there = set(columns)
        lacking = [
            names[0]
            for names, needed in self._columns()
            if not there.intersection(names) and (needed or not required_only)
        ]
        return list(dict.fromkeys(lacking))

    def _columns(self) -> list[tuple[tuple[str, ...], bool]]:
        """The names of each column that is used, and whether rows cannot be judged without it."""
        source = self.source
        named: list[tuple[tuple[str, ...], bool]] = [((key,), True) for key in source.key]
        named += [((name,), True) for name in (source.cursor, source.deletes and source.deletes.column) if name]
        for item in self.items:
            named += [(item.columns, item.required)] if item.columns else []
            named += [((name,), item.required) for name in item.option_columns]
        return named


def _of_itself(rule: Any, entity: str) -> Any:
    """An entity's rule, as it is in the YAML, with its own table named: several entities may share the text."""
    if not isinstance(rule, dict) or not isinstance(rule.get("sql"), str):
        return rule
    return {**rule, "sql": rule["sql"].replace("{self}", f"{{{entity}}}")}


def _unreserved(value: str) -> str:
    if value in RESERVED:
        raise PydanticCustomError("reserved", "the name is used by the pipeline itself; choose another")
    return value


def _refuse(field: str, message: str) -> None:
    """Fail a model's own consistency check, naming the field whose line the message should point to."""
    raise PydanticCustomError("consistency", "{text}", {"text": message, "field": field})

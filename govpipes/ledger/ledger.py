"""Writing to the ledger and asking it.

One method per fact a step records, one per question. What a step decides from the answers belongs to the step.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Engine, Table, create_engine, func, insert, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateSchema

from govpipes.errors import SettingsError
from govpipes.ledger import tables as t

Row = dict[str, Any]


class Ledger:
    """The ledger of one installation."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, postgres_url: str) -> "Ledger":
        """The ledger in this PostgreSQL, its tables made where they are missing.

        Raises SettingsError when the server cannot be reached.
        """
        url = postgres_url.replace("postgresql://", "postgresql+psycopg://", 1)
        engine = create_engine(url, pool_pre_ping=True, pool_size=2)
        try:
            with engine.begin() as con:
                con.execute(text("SELECT pg_advisory_xact_lock(hashtext('govpipes.ledger.create'))"))
                con.execute(CreateSchema("ledger", if_not_exists=True))
                t.metadata.create_all(con)
        except OperationalError as error:
            raise SettingsError(
                "the ledger's PostgreSQL cannot be reached",
                found=str(error.orig).splitlines()[0] if error.orig else type(error).__name__,
                next_step="start it with `govpipes up`, or correct GOVPIPES_POSTGRES_URL",
            ) from None
        return cls(engine)

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    # -- recording ---------------------------------------------------------------------------------------------

    def record(self, table: Table, fact: Mapping[str, Any]) -> None:
        """Add one fact to one of the tables of `govpipes.ledger.tables`."""
        with self.engine.begin() as con:
            con.execute(insert(table).values(**fact))

    def next_publication_id(self) -> int:
        """A new number for a publication, larger than all before it."""
        with self.engine.begin() as con:
            return int(con.execute(select(t.publication_id.next_value())).scalar_one())

    # -- what a step needs to know -----------------------------------------------------------------------------

    def landings_of(self, dataset: str, day: date) -> list[Row]:
        """All landings of a dataset-day, oldest first."""
        return self._rows(
            select(t.landings)
            .where(t.landings.c.dataset == dataset, t.landings.c.day == day)
            .order_by(t.landings.c.sequence)
        )

    def newest_landed(self, dataset: str) -> date | None:
        """The newest day of a dataset that has been landed."""
        with self.engine.connect() as con:
            return con.execute(select(func.max(t.landings.c.day)).where(t.landings.c.dataset == dataset)).scalar()

    def landing_before(self, dataset: str, day: date) -> Row | None:
        """The newest landing of another day of a dataset."""
        landing = t.landings.c
        others = select(t.landings).where(landing.dataset == dataset, landing.day != day)
        rows = self._rows(others.order_by(landing.sequence.desc()).limit(1))
        return rows[0] if rows else None

    def latest(self, table: Table, dataset: str, day: date) -> Row | None:
        """The newest row of a table for a dataset-day."""
        rows = self._rows(
            select(table)
            .where(table.c.dataset == dataset, table.c.day == day)
            .order_by(table.c.sequence.desc())
            .limit(1)
        )
        return rows[0] if rows else None

    def verdict(self, dataset: str, day: date, candidate_sha256: str, contract_sha256: str) -> Row | None:
        """The newest verdict over exactly these hashes."""
        v = t.verdicts.c
        rows = self._rows(
            select(t.verdicts)
            .where(v.dataset == dataset, v.day == day)
            .where(v.candidate_sha256 == candidate_sha256, v.contract_sha256 == contract_sha256)
            .order_by(v.sequence.desc())
            .limit(1)
        )
        return rows[0] if rows else None

    def rows_published_before(self, dataset: str, day: date, first: date) -> int | None:
        """How many rows the last published day before `day` accepted; None when there is none to compare with.

        The opening day `first` is not compared with: it carries the whole stock.
        """
        p, c = t.publications, t.candidates
        query = (
            select(c.c.rows_accepted)
            .join(p, (p.c.candidate_sha256 == c.c.sha256) & (p.c.dataset == c.c.dataset) & (p.c.day == c.c.day))
            .where(p.c.dataset == dataset, p.c.day < day, p.c.day > first)
            .order_by(p.c.day.desc(), p.c.sequence.desc(), c.c.sequence.desc())
            .limit(1)
        )
        with self.engine.connect() as con:
            found = con.execute(query).scalar()
        return None if found is None else int(found)

    def standing(self, dataset: str) -> list[Row]:
        """How every day of a dataset that was ever begun stands: day, step, outcome, at, failures, steps, contract.

        step, outcome, at: of the newest step. failures: how many ended so in a row. steps: how many were ever run.
        contract_sha256: of the newest candidate. landed_at: of the newest landing.
        """
        with self.engine.connect() as con:
            return [dict(row) for row in con.execute(text(_STANDING), {"dataset": dataset}).mappings()]

    def published_days(self, dataset: str, contract_sha256: str) -> set[date]:
        """The days of a dataset that are published under exactly this contract, nothing having been begun since."""
        with self.engine.connect() as con:
            bound = {"dataset": dataset, "contract_sha256": contract_sha256}
            return set(con.execute(text(_PUBLISHED_DAYS), bound).scalars())

    def rows_read(self, dataset: str) -> dict[date, int]:
        """How many rows the newest reading of each day gave."""
        r = t.readings.c
        query = select(r.day, r.rows).where(r.dataset == dataset).order_by(r.sequence)
        with self.engine.connect() as con:
            return {day: int(rows) for day, rows in con.execute(query)}

    def publication_known(self, publication_id: int) -> bool:
        """Whether the ledger has this publication (after a crash the lake may know more than the ledger)."""
        p = t.publications
        with self.engine.connect() as con:
            return con.execute(select(p.c.sequence).where(p.c.publication_id == publication_id)).first() is not None

    def last_release(self) -> Row | None:
        """The newest release made (a rollback does not change which one that is)."""
        rows = self._rows(select(t.releases).order_by(t.releases.c.sequence.desc()).limit(1))
        return rows[0] if rows else None

    def link_decisions(self, link: str) -> list[Row]:
        """What people decided about the pairs of a link (registry.entity.link), oldest first."""
        d = t.link_decisions
        return self._rows(select(d).where(d.c.link == link).order_by(d.c.sequence))

    def last_maintenance(self) -> Row | None:
        """What the newest maintenance did."""
        rows = self._rows(select(t.maintenance).order_by(t.maintenance.c.sequence.desc()).limit(1))
        return rows[0] if rows else None

    # -- what people ask ---------------------------------------------------------------------------------------

    def dataset_days(
        self, first: date | None = None, last: date | None = None, dataset: str | None = None
    ) -> list[Row]:
        """The state of every dataset-day from `first` to `last`: flat rows for status, the demo and the UI.

        state: published, held (the gate said no), failed (a step could not be done), landed (on its way).
        The row counts are those of the newest candidate and of its publications together.
        """
        return self._ask(_DATASET_DAYS, first, last, dataset)

    def drifted(self, day: date | None = None, dataset: str | None = None) -> list[Row]:
        """The dataset-days whose newest landing has other columns than the reading before, or other rows than it had.

        dataset, day, drift (what of the columns), replaced (how many keys are new, gone and changed; NULL).
        """
        return self._ask(_DRIFTED, day, day, dataset)

    def published_landing(self, dataset: str, sequence: int) -> Row | None:
        """Of the landings up to this sequence the newest that was ever published."""
        with self.engine.connect() as con:
            bound = {"dataset": dataset, "sequence": sequence}
            row = con.execute(text(_PUBLISHED_LANDING), bound).mappings().first()
        return None if row is None else dict(row)

    def balance(self, first: date | None = None, last: date | None = None) -> list[Row]:
        """The law of conservation per published dataset-day (DESIGN.md D6): every row has one fate.

        balanced: read = accepted + quarantined, and accepted = inserted + updated + unchanged + superseded.
        """
        return self._ask(_BALANCE, first, last, None)

    def held(self) -> list[Row]:
        """The dataset-days that are held or failed now."""
        return [row for row in self.dataset_days() if row["state"] in ("held", "failed")]

    def stopped(self) -> list[Row]:
        """The dataset-days (dataset, day) that were ever held or failed, or whose drift was noted."""
        steps = select(t.steps.c.dataset, t.steps.c.day).where(t.steps.c.outcome.in_(("held", "failed"))).distinct()
        return [*self._rows(steps), *self.drifted()]

    def datums(self, first: date | None = None, last: date | None = None, dataset: str | None = None) -> list[Row]:
        """The newest row of `ledger.datums` of each dataset-day that has one."""
        return self._ask(_DATUMS, first, last, dataset)

    def releases(self) -> list[Row]:
        """All releases, newest first."""
        return self._rows(select(t.releases).order_by(t.releases.c.sequence.desc()))

    def _ask(self, query: str, first: date | None, last: date | None, dataset: str | None) -> list[Row]:
        bound = {"first": first or date.min, "last": last or date.max, "dataset": dataset}
        with self.engine.connect() as con:
            return [dict(row) for row in con.execute(text(query), bound).mappings()]

    def _rows(self, query: Any) -> list[Row]:
        with self.engine.connect() as con:
            return [dict(row) for row in con.execute(query).mappings()]

    def counts(self, names: Iterable[str]) -> dict[str, int]:
        """How many rows the named ledger tables have; for tests and doctors."""
        found = {}
        with self.engine.connect() as con:
            for name in names:
                table = t.metadata.tables[f"ledger.{name}"]
                found[name] = int(con.execute(select(func.count()).select_from(table)).scalar_one())
        return found


_STANDING = """
WITH numbered AS (
    SELECT day, step, outcome, at, sequence,
           row_number() OVER (PARTITION BY day ORDER BY sequence DESC) AS age,
           sum(CASE WHEN step = 'publish' AND outcome = 'ok' THEN 1 ELSE 0 END)
               OVER (PARTITION BY day ORDER BY sequence DESC) AS published_since
    FROM ledger.steps WHERE dataset = :dataset
)
SELECT n.day, max(step) FILTER (WHERE age = 1) AS step, max(outcome) FILTER (WHERE age = 1) AS outcome,
       max(n.at) AS at, count(*) FILTER (WHERE outcome = 'failed' AND published_since = 0) AS failures,
       count(*) AS steps, max(published_since) > 0 AS published,
       (SELECT contract_sha256 FROM ledger.candidates c WHERE c.dataset = :dataset AND c.day = n.day
        ORDER BY c.sequence DESC LIMIT 1) AS contract_sha256,
       (SELECT max(l.at) FROM ledger.landings l WHERE l.dataset = :dataset AND l.day = n.day) AS landed_at
FROM numbered n GROUP BY n.day ORDER BY n.day DESC
"""

_PUBLISHED_DAYS = """
SELECT p.day
FROM (SELECT DISTINCT ON (day) day, contract_sha256 FROM ledger.publications
      WHERE dataset = :dataset ORDER BY day, sequence DESC) p
JOIN (SELECT DISTINCT ON (day) day, step, outcome FROM ledger.steps
      WHERE dataset = :dataset ORDER BY day, sequence DESC) s USING (day)
WHERE p.contract_sha256 = :contract_sha256 AND s.step = 'publish' AND s.outcome = 'ok'
"""

_DATASET_DAYS = """
WITH step AS (
    SELECT DISTINCT ON (dataset, day) * FROM ledger.steps
    WHERE day BETWEEN :first AND :last AND (CAST(:dataset AS text) IS NULL OR dataset = :dataset)
    ORDER BY dataset, day, sequence DESC
), candidate AS (
    SELECT DISTINCT ON (dataset, day) * FROM ledger.candidates
    WHERE day BETWEEN :first AND :last
    ORDER BY dataset, day, sequence DESC
), published AS (
    SELECT dataset, day, sum(rows_inserted) AS rows_inserted, sum(rows_updated) AS rows_updated,
           sum(rows_withdrawn) AS rows_withdrawn, sum(rows_late) AS rows_late
    FROM ledger.publications GROUP BY dataset, day
), last_publication AS (
    SELECT DISTINCT ON (dataset, day) * FROM ledger.publications ORDER BY dataset, day, sequence DESC
), spent AS (
    SELECT dataset, day, run_id, sum(seconds) AS seconds FROM ledger.steps GROUP BY dataset, day, run_id
)
SELECT s.dataset, s.registry, s.day,
       CASE WHEN s.outcome <> 'ok' THEN s.outcome WHEN s.step = 'publish' THEN 'published' ELSE 'landed' END AS state,
       coalesce(c.rows_read, 0) AS rows_read, coalesce(c.rows_accepted, 0) AS rows_accepted,
       coalesce(c.rows_quarantined, 0) AS rows_quarantined, coalesce(c.rows_flagged, 0) AS rows_flagged,
       coalesce(p.rows_inserted, 0)::bigint AS rows_inserted, coalesce(p.rows_updated, 0)::bigint AS rows_updated,
       coalesce(l.rows_unchanged, 0) AS rows_unchanged, coalesce(l.rows_superseded, 0) AS rows_superseded,
       coalesce(p.rows_withdrawn, 0)::bigint AS rows_withdrawn, coalesce(p.rows_late, 0)::bigint AS rows_late,
       CASE WHEN s.outcome <> 'ok' THEN s.message END AS held_because,
       s.run_id, round(e.seconds::numeric, 3)::float8 AS seconds
FROM step s
LEFT JOIN candidate c USING (dataset, day)
LEFT JOIN published p USING (dataset, day)
LEFT JOIN last_publication l USING (dataset, day)
LEFT JOIN spent e ON e.dataset = s.dataset AND e.day = s.day AND e.run_id = s.run_id
ORDER BY s.day, s.registry, s.dataset
"""

_DRIFTED = """
SELECT dataset, day, coalesce(detail -> 'drift', '[]') AS drift, detail -> 'replaced' AS replaced
FROM (SELECT DISTINCT ON (dataset, day) dataset, day, detail FROM ledger.landings
      WHERE day BETWEEN :first AND :last AND (CAST(:dataset AS text) IS NULL OR dataset = :dataset)
      ORDER BY dataset, day, sequence DESC) newest
WHERE jsonb_array_length(coalesce(detail -> 'drift', '[]')) > 0 OR detail ? 'replaced'
ORDER BY day, dataset
"""

_DATUMS = """
SELECT DISTINCT ON (dataset, day) * FROM ledger.datums
WHERE day BETWEEN :first AND :last AND (CAST(:dataset AS text) IS NULL OR dataset = :dataset)
ORDER BY dataset, day, sequence DESC
"""

_PUBLISHED_LANDING = """
SELECT * FROM ledger.landings l
WHERE l.dataset = :dataset AND l.sequence <= :sequence AND EXISTS (
    SELECT 1 FROM ledger.candidates c
    JOIN ledger.publications p ON p.dataset = c.dataset AND p.day = c.day AND p.candidate_sha256 = c.sha256
    WHERE c.dataset = l.dataset AND c.day = l.day AND c.landing_ids ? l.landing_id)
ORDER BY l.sequence DESC LIMIT 1
"""

_BALANCE = """
WITH publication AS (
    SELECT DISTINCT ON (dataset, day) * FROM ledger.publications
    WHERE day BETWEEN :first AND :last AND (CAST(:dataset AS text) IS NULL OR dataset = :dataset)
    ORDER BY dataset, day, sequence DESC
), candidate AS (
    SELECT DISTINCT ON (dataset, day, sha256, contract_sha256) * FROM ledger.candidates
    ORDER BY dataset, day, sha256, contract_sha256, sequence DESC
)
SELECT p.dataset, p.registry, p.day, c.rows_read, c.rows_accepted, c.rows_quarantined,
       p.rows_inserted + p.rows_updated AS rows_published, p.rows_unchanged, p.rows_superseded,
       c.rows_read = c.rows_accepted + c.rows_quarantined
       AND c.rows_accepted = p.rows_inserted + p.rows_updated + p.rows_unchanged + p.rows_superseded AS balanced
FROM publication p
JOIN candidate c ON c.dataset = p.dataset AND c.day = p.day
     AND c.sha256 = p.candidate_sha256 AND c.contract_sha256 = p.contract_sha256
ORDER BY p.day, p.registry, p.dataset
"""

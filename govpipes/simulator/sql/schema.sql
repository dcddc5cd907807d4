-- What the simulator remembers between days. `province` is the file $GOVPIPES_HOME/simulator/province.duckdb.

CREATE TABLE province.day (
    day DATE PRIMARY KEY,
    delivered BOOLEAN NOT NULL,   -- false while the departments' systems may not have everything of the day yet
    faults BIGINT NOT NULL
);

-- What a department still has to write: the row of `entity` goes out on `due`, as it is then.
CREATE TABLE province.outbox (
    dataset VARCHAR NOT NULL,
    entity BIGINT NOT NULL,
    due DATE NOT NULL,
    what VARCHAR NOT NULL         -- opening, new, change, correction
);

-- What will happen to `entity` on `due`: a newborn's registration, a cancelled register entry, a tax registration.
CREATE TABLE province.agenda (
    what VARCHAR NOT NULL,
    entity BIGINT NOT NULL,
    due DATE NOT NULL
);

-- Rejected rows not (yet) corrected. Nothing else happens to these entities meanwhile, so that truth stays simple.
CREATE TABLE province.open_fault (
    dataset VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,     -- person, organization or another kind of entity
    entity BIGINT NOT NULL,
    source_key VARCHAR NOT NULL,  -- the key as it was written
    item VARCHAR,
    fault VARCHAR NOT NULL,
    raw VARCHAR,
    correct_on DATE               -- NULL: never
);

-- Rows that stand in a department's system under a damaged key, until they are written anew.
CREATE TABLE province.damaged_key (dataset VARCHAR NOT NULL, entity BIGINT NOT NULL, source_key VARCHAR NOT NULL);

CREATE TABLE province.fault (
    dataset VARCHAR NOT NULL,
    day DATE NOT NULL,            -- the dataset-day (first day of its period)
    source_key VARCHAR NOT NULL,
    item VARCHAR,
    fault VARCHAR NOT NULL,
    rule VARCHAR,
    raw VARCHAR,
    clean VARCHAR,
    expected VARCHAR NOT NULL,
    truth_key VARCHAR,
    written_on DATE NOT NULL
);

-- Entities whose truth changed on the day being made.
CREATE TABLE province.touched (kind VARCHAR NOT NULL, entity BIGINT NOT NULL);

-- Files that were delivered wrong as a whole, and when the right one takes their place.
CREATE TABLE province.incident (dataset VARCHAR NOT NULL, day DATE NOT NULL, kind VARCHAR NOT NULL, correct_on DATE NOT NULL);

-- The province this file holds; another one needs another home.
CREATE TABLE province.identity (seed BIGINT, preset VARCHAR, start DATE, format INTEGER);

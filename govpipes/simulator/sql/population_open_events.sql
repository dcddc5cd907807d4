-- What lies behind the opening population: marriages, births of the small children, recent deaths, permits.

-- A head with a spouse in the household is married; a head without one is not on this register as married.
UPDATE province.person SET spouse = o.pid, marital = '20', marital_police = '20'
FROM province.person o
WHERE person.kind = 'register' AND o.kind = 'register' AND person.hid = o.hid AND person.pid <> o.pid
  AND person.role IN ('head', 'spouse') AND o.role IN ('head', 'spouse');
UPDATE province.person SET marital = '10', marital_police = '10'
WHERE kind = 'register' AND role = 'head' AND marital = '20' AND spouse IS NULL;

CREATE TABLE province.marriage AS
WITH couple AS (
    SELECT h.pid AS husband, w.pid AS wife, h.hukou_region AS region,
           greatest(h.birth_date + INTERVAL 22 YEAR, w.birth_date + INTERVAL 20 YEAR)::DATE AS earliest
    FROM province.person h JOIN province.person w ON w.pid = h.spouse WHERE h.sex = '1' AND w.sex = '2'),
dated AS (
    SELECT *, greatest(earliest, least((getvariable('day') - whole(draw('wedding last', husband), 20, 400)::INTEGER),
                             earliest + whole(draw('wedding', husband), 30, 3000)::INTEGER)) AS day FROM couple),
-- offices are closed on New Year's Day (and 1970-01-01 could not be told from a placeholder)
married AS (SELECT * EXCLUDE (day), day + (strftime(day, '%m%d') = '0101')::INTEGER AS registered_on FROM dated)
SELECT row_number() OVER (ORDER BY registered_on, husband) AS mid,
       'J' || region || '-' || year(registered_on) || '-'
           || lpad((row_number() OVER (ORDER BY registered_on, husband))::VARCHAR, 6, '0') AS registration_number,
       '结婚' AS kind, husband, wife, registered_on, region FROM married;
CREATE VIEW province.partner AS
    SELECT husband AS pid, mid, registration_number, registered_on FROM province.marriage
    UNION ALL SELECT wife, mid, registration_number, registered_on FROM province.marriage;
INSERT INTO province.outbox SELECT 'marriages', mid, getvariable('day'), 'opening' FROM province.marriage;
INSERT INTO province.outbox
SELECT DISTINCT 'marital_status', pid, getvariable('day'), 'opening' FROM province.partner;
INSERT INTO province.touched SELECT 'marriage', mid FROM province.marriage;

CREATE TABLE province.birth AS
SELECT c.pid, 'U32' || lpad(c.pid::VARCHAR, 7, '0') AS certificate_number,
       c.birth_date::TIMESTAMP + to_seconds(whole(draw('birth time', c.pid), 0, 28799)) AS born_at,
       c.hukou_region AS region, m.pid AS mother, f.pid AS father, whole(draw('grams', c.pid), 2400, 4200) AS grams
FROM province.person c
JOIN province.person m ON m.hid = c.hid AND m.kind = 'register' AND m.role IN ('head', 'spouse') AND m.sex = '2'
JOIN province.person f ON f.pid = m.spouse
WHERE c.kind = 'register' AND c.role = 'child' AND c.birth_date > getvariable('day') - 2500
  AND date_sub('year', m.birth_date, c.birth_date) BETWEEN 18 AND 50;
UPDATE province.person SET birth_place_region = b.region FROM province.birth b WHERE b.pid = person.pid;
INSERT INTO province.outbox SELECT 'births', pid, getvariable('day'), 'opening' FROM province.birth;

-- Children born in the last weeks wait for their registration by the police.
CREATE OR REPLACE TEMP TABLE waiting AS
SELECT pid FROM province.birth WHERE born_at >= getvariable('day') - 400 ORDER BY born_at DESC, pid
LIMIT getvariable('births') * 4;
UPDATE province.person SET on_register = false WHERE pid IN (SELECT pid FROM waiting);
INSERT INTO province.agenda
SELECT 'register_birth', pid, getvariable('day') + whole(draw('registration', pid), 1, 7)::INTEGER FROM waiting;

CREATE TABLE province.death AS
SELECT pid, 'D32' || lpad(pid::VARCHAR, 7, '0') AS certificate_number,
       getvariable('day') - whole(draw('death', pid), 3, 700)::INTEGER AS death_date,
       pick(getvariable('death_causes'), draw('cause', pid)) AS cause,
       pick(['医院', '家中', '养老机构'], draw('death place', pid)) AS place
FROM province.person WHERE kind = 'deceased';
UPDATE province.person SET death_date = d.death_date, hukou_region = getvariable('home_regions')[1]
FROM province.death d WHERE d.pid = person.pid;
INSERT INTO province.outbox SELECT 'deaths', pid, getvariable('day'), 'opening' FROM province.death;

-- Those whose entry the police have not cancelled yet still stand in the household register.
CREATE OR REPLACE TEMP TABLE waiting AS
SELECT pid FROM province.death ORDER BY death_date DESC, pid LIMIT getvariable('deaths') * 4;
UPDATE province.person SET on_register = true WHERE pid IN (SELECT pid FROM waiting);
INSERT INTO province.agenda
SELECT 'cancel_register', pid, getvariable('day') + whole(draw('cancelling', pid), 1, 7)::INTEGER FROM waiting;

CREATE TABLE province.permit AS
SELECT pid, 'JZ' || residence_region || lpad(pid::VARCHAR, 9, '0') AS permit_number, issued_on,
       issued_on + 365 * whole(draw('permit years', pid), 1, 5)::INTEGER AS valid_until
FROM (SELECT pid, residence_region,
             greatest(birth_date, getvariable('day') - whole(draw('permit issue', pid), 5, 360)::INTEGER) AS issued_on
      FROM province.person WHERE kind = 'permit');
INSERT INTO province.outbox SELECT 'residence_permits', pid, getvariable('day'), 'opening' FROM province.permit;

INSERT INTO province.outbox
SELECT 'household_register', pid, getvariable('day'), 'opening' FROM province.person
WHERE on_register AND kind IN ('register', 'deceased');
INSERT INTO province.touched SELECT 'person', pid FROM province.person;

-- Numbers in circulation for those who die with an address: the household's first address of the region.
UPDATE province.person SET hukou_address = 1 + pid % getvariable('households'), relation = '02',
       hukou_region = a.region, household_number = a.region || lpad((900000000 + pid)::VARCHAR, 9, '0')
FROM province.address a
WHERE person.kind = 'deceased' AND a.id = 1 + person.pid % getvariable('households');

-- What happens to people on a day. `free_person` leaves out those with a rejected row waiting for correction.

CREATE OR REPLACE TEMP VIEW free_person AS
SELECT * FROM province.person
WHERE death_date IS NULL AND pid NOT IN (SELECT entity FROM province.open_fault WHERE subject = 'person')
  AND pid NOT IN (SELECT entity FROM province.touched WHERE kind = 'person');

-- 1. What was on the agenda: births come on the register, the dead leave it, the police hear of weddings.
CREATE OR REPLACE TEMP TABLE due AS
SELECT what, entity FROM province.agenda WHERE due = getvariable('day');
UPDATE province.person SET on_register = true
WHERE pid IN (SELECT entity FROM due WHERE what = 'register_birth') AND death_date IS NULL;
INSERT INTO province.outbox
SELECT d.dataset, due.entity, getvariable('day'), d.what
FROM due, (VALUES ('household_register', 'new'), ('births', 'change')) d(dataset, what)
WHERE due.what = 'register_birth' AND due.entity IN (SELECT pid FROM province.person WHERE on_register);
UPDATE province.person SET on_register = false WHERE pid IN (SELECT entity FROM due WHERE what = 'cancel_register');
INSERT INTO province.outbox
SELECT 'household_register', entity, getvariable('day'), 'change' FROM due WHERE what = 'cancel_register';
UPDATE province.person SET marital_police = marital WHERE pid IN (SELECT entity FROM due WHERE what = 'police_marital');
INSERT INTO province.outbox
SELECT 'household_register', entity, getvariable('day'), 'change' FROM due
WHERE what = 'police_marital' AND entity IN (SELECT pid FROM province.person WHERE on_register);
INSERT INTO province.touched SELECT 'person', entity FROM due WHERE what IN ('register_birth', 'cancel_register', 'police_marital');

-- 2. Births. The certificate goes out today or late (about one in eight); the police register a week later.
CREATE OR REPLACE TEMP TABLE parents AS
SELECT m.pid AS mother, f.pid AS father, m.hid, m.hukou_region AS region, m.hukou_address AS address, f.name AS father_name
FROM free_person m JOIN free_person f ON f.pid = m.spouse
WHERE m.sex = '2' AND m.kind = 'register' AND m.on_register AND age_on(m.birth_date, getvariable('day')) BETWEEN 21 AND 43
ORDER BY lot('birth', m.pid) LIMIT getvariable('births');
CREATE OR REPLACE TEMP TABLE newcomer AS
SELECT (SELECT max(pid) FROM province.person) + row_number() OVER (ORDER BY mother) AS pid, 1 AS kind_order,
       'register' AS kind, hid, 9 AS i, 'child' AS role, if(draw_today('birth sex', mother) < 0.52, '1', '2') AS sex,
       if(substr(father_name, 1, 2) IN ('欧阳', '诸葛', '上官', '司马'), left(father_name, 2), left(father_name, 1)) AS family,
       getvariable('day') AS birth_date, address, region, region AS county, mother, father
FROM parents;

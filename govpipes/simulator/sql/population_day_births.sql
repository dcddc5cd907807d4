-- After the newborns have their numbers.
UPDATE province.person SET on_register = false, phone = NULL WHERE pid IN (SELECT pid FROM newcomer);
INSERT INTO province.birth
SELECT pid, 'U32' || lpad(pid::VARCHAR, 7, '0'),
       getvariable('day')::TIMESTAMP + to_seconds(whole(draw('birth time', pid), 0, 28799)),
       region, mother, father, whole(draw('grams', pid), 2400, 4200)
FROM newcomer;
INSERT INTO province.touched SELECT 'person', pid FROM newcomer;
CREATE OR REPLACE TEMP TABLE reporting AS
SELECT pid, getvariable('day') + (CASE WHEN draw('birth late', pid) < 0.88 THEN 0
                                       ELSE whole(draw('birth lag', pid), 1, 12) END)::INTEGER AS due FROM newcomer;
INSERT INTO province.outbox SELECT 'births', pid, due, 'new' FROM reporting;
INSERT INTO province.agenda
SELECT 'register_birth', pid, due + whole(draw('registration', pid), 3, 12)::INTEGER FROM reporting;

-- 3. Deaths: by age; the certificate may come late, the register is cancelled some days after it.
CREATE OR REPLACE TEMP TABLE dying AS
SELECT pid FROM free_person WHERE on_register AND kind = 'register'
ORDER BY draw_today('death', pid) / pow(greatest(1, age_on(birth_date, getvariable('day')) - 20), 4), pid
LIMIT getvariable('deaths');
INSERT INTO province.death
SELECT pid, 'D32' || lpad(pid::VARCHAR, 7, '0'), getvariable('day'),
       pick(getvariable('death_causes'), draw('cause', pid)), pick(['医院', '家中', '养老机构'], draw('death place', pid))
FROM dying;
UPDATE province.person SET death_date = getvariable('day') WHERE pid IN (SELECT pid FROM dying);
CREATE OR REPLACE TEMP TABLE reporting AS
SELECT pid, getvariable('day') + (CASE WHEN draw('death late', pid) < 0.6 THEN 0 WHEN draw('death late', pid) < 0.92
    THEN whole(draw('death lag', pid), 1, 5) ELSE whole(draw('death lag', pid), 10, 30) END)::INTEGER AS due FROM dying;
INSERT INTO province.outbox SELECT 'deaths', pid, due, 'new' FROM reporting;
INSERT INTO province.agenda
SELECT 'cancel_register', pid, due + whole(draw('cancelling', pid), 2, 8)::INTEGER FROM reporting;
INSERT INTO province.touched SELECT 'person', pid FROM dying;
-- The widowed are so at once; civil affairs learns it from the undertakers, the police with the next change of their entry.
CREATE OR REPLACE TEMP TABLE widowed AS
SELECT pid FROM province.person WHERE spouse IN (SELECT pid FROM dying) AND death_date IS NULL;
UPDATE province.person SET marital = '30', spouse = NULL WHERE pid IN (SELECT pid FROM widowed);
INSERT INTO province.outbox
SELECT 'marital_status', pid, getvariable('day') + whole(draw_today('cremation', pid), 0, 2)::INTEGER, 'change' FROM widowed;
INSERT INTO province.touched SELECT 'person', pid FROM widowed;

-- 4. Weddings and divorces, of people of the register.
CREATE OR REPLACE TEMP TABLE single AS
SELECT pid, sex, birth_date, row_number() OVER (PARTITION BY sex ORDER BY lot('wedding', pid)) AS place
FROM free_person
WHERE kind = 'register' AND on_register AND spouse IS NULL AND marital IN ('10', '40')
  AND age_on(birth_date, getvariable('day')) BETWEEN 23 AND 50;
CREATE OR REPLACE TEMP TABLE event AS
SELECT '结婚' AS kind, h.pid AS husband, w.pid AS wife FROM single h JOIN single w USING (place)
WHERE h.sex = '1' AND w.sex = '2' AND place <= getvariable('weddings');
INSERT INTO event
SELECT '离婚', h.pid, w.pid FROM free_person h JOIN free_person w ON w.pid = h.spouse AND h.pid = w.spouse
WHERE h.sex = '1' AND h.kind = 'register' AND h.on_register AND w.on_register
  AND age_on(h.birth_date, getvariable('day')) < 65
  AND age_on(w.birth_date, getvariable('day')) >= 22 AND age_on(h.birth_date, getvariable('day')) >= 24
ORDER BY lot('divorce', h.pid) LIMIT getvariable('divorces');
CREATE OR REPLACE TEMP TABLE registered AS
SELECT (SELECT max(mid) FROM province.marriage) + row_number() OVER (ORDER BY e.kind, e.husband) AS mid, e.*,
       p.hukou_region AS region
FROM event e JOIN province.person p ON p.pid = e.husband;
INSERT INTO province.marriage
SELECT mid, if(kind = '结婚', 'J', 'L') || region || '-' || year(getvariable('day')) || '-'
    || lpad(mid::VARCHAR, 6, '0'), kind, husband, wife, getvariable('day'), region FROM registered;
UPDATE province.person SET marital = if(e.kind = '结婚', '20', '40'),
       spouse = CASE WHEN e.kind = '结婚' THEN if(person.pid = e.husband, e.wife, e.husband) END
FROM registered e WHERE person.pid IN (e.husband, e.wife);
INSERT INTO province.outbox SELECT 'marriages', mid, getvariable('day'), 'new' FROM registered;
INSERT INTO province.outbox
SELECT 'marital_status', pid, getvariable('day'), if(count(*) > 1, 'change', 'new') FROM province.partner
GROUP BY pid HAVING bool_or(mid IN (SELECT mid FROM registered));
INSERT INTO province.agenda
SELECT 'police_marital', unnest([husband, wife]), getvariable('day') + whole(draw('police', mid), 1, 6)::INTEGER
FROM registered WHERE draw('police hears', mid) < 0.7;
INSERT INTO province.touched SELECT 'marriage', mid FROM registered;
INSERT INTO province.touched SELECT 'person', unnest([husband, wife]) FROM registered;

-- 5. Changes of the household register's entries: telephone, address within the town, education, name.
CREATE OR REPLACE TEMP TABLE chosen AS
SELECT pid, row_number() OVER (ORDER BY lot('change', pid)) AS place FROM free_person
WHERE kind = 'register' AND on_register AND age_on(birth_date, getvariable('day')) >= 19
QUALIFY place <= getvariable('phone_changes') + getvariable('address_moves') + getvariable('education_changes')
    + getvariable('name_changes');
CREATE OR REPLACE TEMP TABLE changed AS
SELECT pid, CASE WHEN place <= getvariable('phone_changes') THEN 'phone'
                 WHEN place <= getvariable('phone_changes') + getvariable('address_moves') THEN 'move'
                 WHEN place <= getvariable('phone_changes') + getvariable('address_moves')
                     + getvariable('education_changes') THEN 'education'
                 ELSE 'name' END AS what,
       1 + lot_below('move', pid, getvariable('homes')) AS address
FROM chosen;
UPDATE province.person SET
    phone = if(c.what = 'phone', phone_number(person.pid, getvariable('day')::VARCHAR), phone),
    education = if(c.what = 'education', pick(['14', '21', '31'], draw_today('education', person.pid)), education),
    hukou_address = if(c.what = 'move', a.id, hukou_address),
    hukou_region = if(c.what = 'move', a.region, hukou_region),
    residence_address = if(c.what = 'move', a.id, residence_address),
    residence_region = if(c.what = 'move', a.region, residence_region),
    former_name = if(c.what = 'name', name, former_name),
    name = if(c.what = 'name', left(name, 1) || given_name(sex, year(birth_date), person.pid, getvariable('day')::VARCHAR),
              name),
    marital_police = marital
FROM changed c JOIN province.address a ON a.id = c.address
WHERE person.pid = c.pid AND (c.what <> 'move' OR a.status = '1');
INSERT INTO province.outbox SELECT 'household_register', pid, getvariable('day'), 'change' FROM changed;
INSERT INTO province.touched SELECT 'person', pid FROM changed;

-- 6. People leave the register (they move to another province and are no longer this province's truth).
CREATE OR REPLACE TEMP TABLE leaving AS
SELECT pid FROM free_person
WHERE kind = 'register' AND on_register AND spouse IS NULL AND age_on(birth_date, getvariable('day')) BETWEEN 20 AND 40
ORDER BY lot('leave', pid) LIMIT getvariable('departures');
UPDATE province.person SET on_register = false, kind = 'left' WHERE pid IN (SELECT pid FROM leaving);
INSERT INTO province.outbox SELECT 'household_register', pid, getvariable('day'), 'change' FROM leaving;
INSERT INTO province.outbox
SELECT 'marital_status', pid, getvariable('day'), 'change' FROM leaving
WHERE pid IN (SELECT pid FROM province.partner);
INSERT INTO province.touched SELECT 'person', pid FROM leaving;

-- 7. Arrivals from elsewhere get a residence permit; permits are renewed.
CREATE OR REPLACE TEMP TABLE renewed AS
SELECT p.pid FROM province.permit p JOIN free_person f ON f.pid = p.pid
ORDER BY lot('renew', p.pid) LIMIT getvariable('permit_renewals');
UPDATE province.permit SET valid_until = getvariable('day') + 365, issued_on = getvariable('day')
WHERE pid IN (SELECT pid FROM renewed);
INSERT INTO province.outbox SELECT 'residence_permits', pid, getvariable('day'), 'change' FROM renewed;
UPDATE province.person SET residence_address = a.id, residence_region = a.region
FROM (SELECT id, region FROM province.address WHERE status = '1') a
WHERE person.pid IN (SELECT pid FROM renewed) AND draw_today('permit move', person.pid) < 0.4
  AND a.id = 1 + lot_below('permit move', person.pid, getvariable('homes'));
INSERT INTO province.touched SELECT 'person', pid FROM renewed;
CREATE OR REPLACE TEMP TABLE arriving AS
SELECT (SELECT max(pid) FROM province.person) + i AS pid,
       1 + lot_below('arrival', i, getvariable('homes')) AS address
FROM range(1, getvariable('arrivals') + 1) r(i);
CREATE OR REPLACE TEMP TABLE newcomer AS
SELECT r.pid, 2 AS kind_order, 'permit' AS kind, r.pid AS hid, 1 AS i, 'head' AS role,
       if(draw('arrival sex', r.pid) < 0.55, '1', '2') AS sex, pick(getvariable('surnames'), draw('family', r.pid)) AS family,
       years_before(getvariable('day'), 18 + 40 * draw('arrival age', r.pid)) AS birth_date,
       r.address, a.region, pick(getvariable('counties_elsewhere'), draw('county', r.pid)) AS county
FROM arriving r JOIN province.address a ON a.id = r.address WHERE a.status = '1';

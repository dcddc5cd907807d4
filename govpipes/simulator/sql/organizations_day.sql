-- What happens to organizations on a day.

-- Who died or left may stay the representative on paper, but nobody chooses them anew.
CREATE OR REPLACE TABLE province.adult AS
SELECT row_number() OVER (ORDER BY a.place) - 1 AS place, a.pid
FROM province.adult a JOIN province.person p ON p.pid = a.pid WHERE p.death_date IS NULL AND p.kind <> 'left';
SET VARIABLE adults = (SELECT count(*) FROM province.adult);
CREATE OR REPLACE TEMP VIEW free_organization AS
SELECT * FROM province.organization
WHERE oid NOT IN (SELECT entity FROM province.open_fault WHERE subject = 'organization')
  AND oid NOT IN (SELECT entity FROM province.touched WHERE kind = 'organization');

-- 1. Tax registrations that were due, and tax offices that hear of a cancellation.
CREATE OR REPLACE TEMP TABLE due AS SELECT what, entity FROM province.agenda
WHERE due = getvariable('day') AND what IN ('tax_registration', 'tax_cancellation');
UPDATE province.organization SET tax_status = '注销' WHERE oid IN (SELECT entity FROM due WHERE what = 'tax_cancellation');
INSERT INTO province.outbox
SELECT 'tax_registration', entity, getvariable('day'), if(what = 'tax_registration', 'new', 'change') FROM due;
INSERT INTO province.touched SELECT 'organization', entity FROM due;

-- 2. Changes: representative, capital, domicile, name, telephone.
CREATE OR REPLACE TEMP TABLE changed AS
SELECT oid, pick(['representative', 'capital', 'domicile', 'phone', 'phone', 'name'], draw_today('change', oid)) AS what
FROM free_organization WHERE status = '1' AND kind IN ('enterprise', 'individual', 'cooperative')
ORDER BY lot('organization', oid) LIMIT getvariable('organization_changes');
CREATE OR REPLACE TEMP TABLE moved AS
SELECT c.oid, c.what, a.id AS domicile, d.pid, p.name AS person, p.phone AS person_phone
FROM changed c
JOIN province.organization o ON o.oid = c.oid
JOIN province.address a ON a.id = getvariable('homes') + 1
    + lot_below('premises', c.oid, getvariable('premises'))
JOIN province.adult d ON d.place = lot_below('representative', c.oid, getvariable('adults'))
JOIN province.person p ON p.pid = d.pid
WHERE c.what <> 'domicile' OR a.region = o.region;
UPDATE province.organization SET
    representative = if(m.what = 'representative' AND kind <> 'individual', m.pid, representative),
    capital = if(m.what = 'capital', capital_wan(kind, organization.oid, getvariable('day')::VARCHAR), capital),
    domicile = if(m.what = 'domicile', m.domicile, organization.domicile),
    phone = if(m.what = 'phone', phone_number(organization.oid + 60000000, getvariable('day')::VARCHAR), phone),
    former_name = if(m.what = 'name' AND kind <> 'individual', name, former_name),
    name = if(m.what = 'name' AND kind <> 'individual',
              organization_title(kind, organization.oid, getvariable('day')::VARCHAR, city, county, '',
                                 split_part(pick(getvariable('trades'), draw('trade', organization.oid)), '|', 1), ''), name),
    approved_on = getvariable('day')
FROM moved m WHERE m.oid = organization.oid;
INSERT INTO province.outbox SELECT 'enterprise_register', oid, getvariable('day'), 'change' FROM moved;
INSERT INTO province.outbox
SELECT 'tax_registration', m.oid, getvariable('day') + whole(draw_today('tax hears', m.oid), 0, 3)::INTEGER, 'change'
FROM moved m JOIN province.organization o USING (oid) WHERE o.taxpayer AND o.tax_from <= getvariable('day');
INSERT INTO province.touched SELECT 'organization', oid FROM moved;

-- 3. Cancellations and revocations; the tax office hears of it later, or (one in ten) not.
CREATE OR REPLACE TEMP TABLE ended AS
SELECT oid, row_number() OVER (ORDER BY lot('end', oid)) <= getvariable('revocations') AS revoked
FROM free_organization
WHERE status = '1' AND kind IN ('enterprise', 'individual') AND established_on < getvariable('day') - 60
QUALIFY row_number() OVER (ORDER BY lot('end', oid)) <= getvariable('revocations') + getvariable('cancellations');
UPDATE province.organization SET status = if(e.revoked, '2', '3'), approved_on = getvariable('day'),
    cancelled_on = CASE WHEN NOT e.revoked THEN getvariable('day') END,
    revoked_on = CASE WHEN e.revoked THEN getvariable('day') END
FROM ended e WHERE e.oid = organization.oid;
INSERT INTO province.outbox SELECT 'enterprise_register', oid, getvariable('day'), 'change' FROM ended;
INSERT INTO province.agenda
SELECT 'tax_cancellation', e.oid, getvariable('day') + whole(draw('tax end', e.oid), 1, 6)::INTEGER
FROM ended e JOIN province.organization o USING (oid) WHERE o.taxpayer AND NOT e.revoked AND draw('tax forgot', e.oid) >= 0.1;
INSERT INTO province.touched SELECT 'organization', oid FROM ended;

-- 4. Foundations, registered for tax some days later.
CREATE OR REPLACE TEMP TABLE founded AS
SELECT oid, kind_of_organization(oid, 0, 0) AS kind, getvariable('day') AS established_on
FROM (SELECT (SELECT max(oid) FROM province.organization) + i AS oid FROM range(1, getvariable('foundations') + 1) r(i));

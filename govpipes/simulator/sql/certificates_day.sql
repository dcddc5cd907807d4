-- New certificates issued in the span `from_day`..`day` (one day, or some years for the opening), and what becomes of old ones.

SET VARIABLE last_certificate = (SELECT coalesce(max(cid), 0) FROM province.certificate);
CREATE OR REPLACE TEMP TABLE holder_organization AS
SELECT o.oid, o.name, o.region, row_number() OVER (ORDER BY lot('certificate', o.oid)) - 1 AS place
FROM province.organization o
WHERE o.status = '1' AND o.uscc IS NOT NULL AND o.kind IN ('enterprise', 'individual')
  AND o.oid NOT IN (SELECT entity FROM province.open_fault WHERE subject = 'organization');
CREATE OR REPLACE TEMP TABLE holder_person AS
SELECT pid, name, hukou_region AS region, row_number() OVER (ORDER BY lot('certificate', pid)) - 1 AS place
FROM province.person
WHERE kind = 'register' AND on_register AND death_date IS NULL AND age_on(birth_date, getvariable('day')) BETWEEN 22 AND 65
  AND pid NOT IN (SELECT entity FROM province.open_fault WHERE subject = 'person');

-- 1. What becomes of those there are: some lapse by themselves, some are cancelled or revoked, some are renewed
--    in the half year before they end.
CREATE OR REPLACE TEMP TABLE ended AS
SELECT cid, if(effective_until < getvariable('day'), '过期', if(place <= getvariable('certificate_revocations'), '撤销', '注销')) AS status
FROM (SELECT *, row_number() OVER (ORDER BY effective_until < getvariable('day') AND effective_until IS NOT NULL,
                                            lot('certificate end', cid)) AS place
      FROM province.certificate
      WHERE status = '正常' AND cid NOT IN (SELECT entity FROM province.open_fault WHERE subject = 'certificate'))
WHERE effective_until < getvariable('day') OR place <= getvariable('certificate_revocations') + getvariable('certificate_cancellations');
CREATE OR REPLACE TEMP TABLE renewed AS
SELECT *, row_number() OVER (ORDER BY cid) AS n FROM (
    SELECT * FROM province.certificate
    WHERE status = '正常' AND effective_until <= getvariable('day') + 180 AND cid NOT IN (SELECT cid FROM ended)
      AND cid NOT IN (SELECT entity FROM province.open_fault WHERE subject = 'certificate')
    ORDER BY lot('renewal', cid) LIMIT getvariable('certificate_renewals'));
UPDATE province.certificate SET status = e.status, status_since = getvariable('day')
FROM (SELECT cid, status FROM ended UNION ALL SELECT cid, '注销' FROM renewed) e WHERE e.cid = certificate.cid;

-- A renewed certificate keeps its number and gets the next version, which is a new identifier (GB/T 36904).
INSERT INTO province.certificate
SELECT getvariable('last_certificate') + n, dataset, oid, pid, holder_name, type_code, title, certificate_number, version + 1, organ,
       organ_uscc, getvariable('day'), getvariable('day'),
       (getvariable('day') + to_years((SELECT years FROM province.certificate_kind k WHERE k.type_code = renewed.type_code)))::DATE,
       '正常', getvariable('day')
FROM renewed;

-- 2. New ones.
SET VARIABLE last_renewed = (SELECT coalesce(max(cid), 0) FROM province.certificate);
INSERT INTO province.certificate
WITH drawn AS (
    SELECT getvariable('last_renewed') + i AS cid, i - 1 AS i,
           getvariable('day') - whole(draw('issued', getvariable('last_renewed') + i), 0,
                                      getvariable('day') - getvariable('from_day') - 1)::INTEGER AS issued_on,
           (i - 1) % (SELECT count(*) FROM holder_organization) AS o_place, (i - 1) % (SELECT count(*) FROM holder_person) AS p_place
    FROM range(1, getvariable('certificates') + 1) r(i)),
held AS (
    SELECT d.*, k.*, o.oid, p.pid, coalesce(o.name, p.name) AS holder_name, coalesce(o.region, p.region) AS region
    FROM drawn d
    JOIN province.certificate_kind k ON k.kind = 1 + d.i % 4
    LEFT JOIN holder_organization o ON NOT k.for_person AND o.place = d.o_place
    LEFT JOIN holder_person p ON k.for_person AND p.place = d.p_place)
SELECT h.cid, h.dataset, h.oid, h.pid, h.holder_name, h.type_code, h.title, h.letters || h.region || lpad(h.cid::VARCHAR, 7, '0'), 1,
       g.name, g.uscc, h.issued_on, h.issued_on, (h.issued_on + to_years(h.years))::DATE,
       if(h.issued_on + to_years(h.years) < getvariable('day'), '过期', '正常'),
       if(h.issued_on + to_years(h.years) < getvariable('day'), (h.issued_on + to_years(h.years))::DATE + 1, h.issued_on)
FROM held h JOIN province.organ g ON g.region = h.region AND g.field = h.field;

INSERT INTO province.touched
SELECT 'certificate', cid FROM province.certificate
WHERE cid > getvariable('last_certificate') OR cid IN (SELECT cid FROM ended) OR cid IN (SELECT cid FROM renewed);
INSERT INTO province.outbox
SELECT dataset, cid, getvariable('day'), if(cid > getvariable('last_certificate'), getvariable('what'), 'change')
FROM province.certificate
WHERE cid > getvariable('last_certificate') OR cid IN (SELECT cid FROM ended) OR cid IN (SELECT cid FROM renewed);

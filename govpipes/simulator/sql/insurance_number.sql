-- The `enrolled` (pid, oid, enrolled_on) become insurances, two to four each; one in 125 is registered twice.
SET VARIABLE last_insurance = (SELECT coalesce(max(iid), 0) FROM province.insurance);
INSERT INTO province.insurance
WITH kinds AS (SELECT *, unnest(insurance_kinds(pid)) AS kind FROM enrolled)
SELECT getvariable('last_insurance') + row_number() OVER (ORDER BY k.pid, k.kind) AS iid, k.pid, k.oid, p.name, o.name, k.kind,
       wage(k.pid, ''), k.enrolled_on, '1', k.enrolled_on, NULL, iid
FROM kinds k JOIN province.person p USING (pid) JOIN province.organization o USING (oid);
INSERT INTO province.insurance
SELECT * REPLACE ((SELECT max(iid) FROM province.insurance) + row_number() OVER (ORDER BY iid) AS iid)
FROM province.insurance WHERE iid > getvariable('last_insurance') AND draw('registered twice', iid) < 0.008;
INSERT INTO province.outbox
SELECT 'social_insurance', iid, getvariable('day'), getvariable('what') FROM province.insurance WHERE iid > getvariable('last_insurance');
INSERT INTO province.touched SELECT 'insurance', iid FROM province.insurance WHERE iid > getvariable('last_insurance');

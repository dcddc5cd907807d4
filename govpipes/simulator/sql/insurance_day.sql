-- What happens to insurances on a day. The office books changes up to some weeks late, as of their own day.

-- 1. Who died or moved away today, and firms that ended: the office hears of it later, or (one in ten) not.
INSERT INTO province.agenda
SELECT 'insured_gone', pid, getvariable('day') + heard_after('insured', pid) FROM province.person SEMI JOIN province.insurance USING (pid)
WHERE pid IN (SELECT entity FROM province.touched WHERE kind = 'person') AND (death_date = getvariable('day') OR kind = 'left')
  AND heard_after('insured', pid) IS NOT NULL
UNION ALL
SELECT 'employer_gone', oid, getvariable('day') + heard_after('employer', oid)
FROM province.organization SEMI JOIN province.insurance USING (oid)
WHERE coalesce(cancelled_on, revoked_on) = getvariable('day') AND heard_after('employer', oid) IS NOT NULL;

-- 2. Ends and suspensions that the office hears of today, and changes of those still at work: another employer, no employer,
--    another base. All insurances of a person change together but for the base, which is each one's own.
CREATE OR REPLACE TEMP TABLE free_insurance AS
SELECT i.*, p.death_date IS NULL AND p.kind <> 'left' AS here, p.death_date, coalesce(o.cancelled_on, o.revoked_on) AS employer_ended
FROM province.insurance i JOIN province.person p USING (pid) JOIN province.organization o USING (oid)
WHERE i.iid = i.same_as AND i.status <> '3' AND i.iid NOT IN (SELECT entity FROM province.open_fault WHERE subject = 'insurance');
CREATE OR REPLACE TEMP TABLE employer AS
SELECT oid, name, row_number() OVER (ORDER BY lot('employer', oid)) - 1 AS place FROM province.organization
WHERE kind IN ('enterprise', 'institution') AND status = '1' AND uscc IS NOT NULL AND established_on < getvariable('day') - 30
  AND oid NOT IN (SELECT entity FROM province.open_fault WHERE subject = 'organization');
CREATE OR REPLACE TEMP TABLE worker AS
SELECT pid, row_number() OVER (ORDER BY lot('work', pid)) AS place,
       lot_below('employer', pid, (SELECT count(*) FROM employer)) AS employer_place
FROM (SELECT DISTINCT pid FROM free_insurance WHERE here);
CREATE OR REPLACE TEMP TABLE changed AS
WITH told AS (
    SELECT 1 AS rank, iid, '3' AS status, oid, employer_name, base, coalesce(death_date, getvariable('day')) AS since
    FROM free_insurance
    WHERE pid IN (SELECT entity FROM province.agenda WHERE what = 'insured_gone' AND due = getvariable('day'))
    UNION ALL
    SELECT 2, iid, status_without_work(kind), oid, employer_name, base, employer_ended FROM free_insurance
    WHERE oid IN (SELECT entity FROM province.agenda WHERE what = 'employer_gone' AND due = getvariable('day')) AND status = '1'
    UNION ALL
    SELECT 3, iid, '1', e.oid, e.name, wage(f.pid, getvariable('day')::VARCHAR), getvariable('day') - booked_late(f.pid)
    FROM free_insurance f JOIN worker w USING (pid) JOIN employer e ON e.place = w.employer_place
    WHERE w.place <= getvariable('employer_changes')
    UNION ALL
    SELECT 4, iid, status_without_work(kind), oid, employer_name, base, getvariable('day') - booked_late(pid)
    FROM free_insurance JOIN worker w USING (pid)
    WHERE status = '1' AND w.place - getvariable('employer_changes') BETWEEN 1 AND getvariable('employment_ends')
    UNION ALL
    (SELECT 5, iid, status, oid, employer_name, wage(iid, getvariable('day')::VARCHAR), date_trunc('month', getvariable('day'))::DATE
     FROM free_insurance WHERE here AND status = '1' ORDER BY lot('base', iid) LIMIT getvariable('base_changes')))
SELECT * FROM told QUALIFY row_number() OVER (PARTITION BY iid ORDER BY rank) = 1;
UPDATE province.insurance SET status = c.status, oid = c.oid, employer_name = c.employer_name, base = c.base,
    effective_on = greatest(insurance.effective_on, c.since),
    ended_on = CASE c.status WHEN '3' THEN greatest(insurance.effective_on, c.since) END
FROM changed c WHERE c.iid = insurance.iid;
INSERT INTO province.outbox SELECT 'social_insurance', iid, getvariable('day'), 'change' FROM changed;
INSERT INTO province.touched SELECT 'insurance', iid FROM changed;

-- 3. New enrolments.
CREATE OR REPLACE TEMP TABLE enrolled AS
SELECT pid, e.oid, getvariable('day') - booked_late(pid) AS enrolled_on
FROM (SELECT pid, lot_below('employer', pid, (SELECT count(*) FROM employer)) AS place FROM province.person
      WHERE kind IN ('register', 'permit') AND death_date IS NULL AND age_on(birth_date, getvariable('day')) BETWEEN 19 AND 60
        AND pid NOT IN (SELECT pid FROM province.insurance) AND pid NOT IN (SELECT entity FROM province.open_fault WHERE subject = 'person')
      ORDER BY lot('enrolment', pid) LIMIT getvariable('enrolments'))
JOIN employer e USING (place);

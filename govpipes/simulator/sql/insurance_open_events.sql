-- Whose insurance had ended before the opening, as far as the office has heard of it.
UPDATE province.insurance SET status = '3', ended_on = p.death_date, effective_on = p.death_date
FROM province.person p
WHERE p.pid = insurance.pid AND p.death_date + heard_after('insured', p.pid) <= getvariable('day');
UPDATE province.insurance SET status = status_without_work(insurance.kind), effective_on = o.ended,
    ended_on = CASE status_without_work(insurance.kind) WHEN '3' THEN o.ended END
FROM (SELECT oid, coalesce(cancelled_on, revoked_on) AS ended FROM province.organization) o
WHERE o.oid = insurance.oid AND insurance.status = '1' AND o.ended + heard_after('employer', o.oid) <= getvariable('day');
INSERT INTO province.agenda
SELECT DISTINCT 'insured_gone', pid, death_date + heard_after('insured', pid)
FROM province.person SEMI JOIN province.insurance USING (pid)
WHERE death_date + heard_after('insured', pid) > getvariable('day')
UNION ALL
SELECT DISTINCT 'employer_gone', oid, coalesce(cancelled_on, revoked_on) + heard_after('employer', oid)
FROM province.organization SEMI JOIN province.insurance USING (oid)
WHERE coalesce(cancelled_on, revoked_on) + heard_after('employer', oid) > getvariable('day');

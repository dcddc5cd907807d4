-- Social insurance at the opening: who is insured by whom, and whose insurance has ended. `same_as` is the record itself, or the
-- one of which it is a second registration.

CREATE TABLE province.insurance (
    iid BIGINT, pid BIGINT, oid BIGINT, name VARCHAR, employer_name VARCHAR, kind VARCHAR, base DECIMAL(18, 6),
    enrolled_on DATE, status VARCHAR, effective_on DATE, ended_on DATE, same_as BIGINT);

-- One in seven is insured by a firm or institution of the province, also by one that has ended since; so were the dead.
-- Nobody is enrolled above sixty, and who retires stays insured.
CREATE OR REPLACE TEMP TABLE enrolled AS
WITH insured AS (
    SELECT pid, birth_date, getvariable('day') - 1 AS until FROM province.person
    WHERE kind IN ('register', 'permit') AND death_date IS NULL AND age_on(birth_date, getvariable('day')) BETWEEN 19 AND 64
    QUALIFY row_number() OVER (ORDER BY draw('insured', pid)) <= getvariable('insured')
    UNION ALL
    SELECT pid, birth_date, death_date FROM province.person WHERE kind = 'deceased'),
employer AS (
    SELECT oid, established_on, coalesce(cancelled_on, revoked_on) AS ended, row_number() OVER (ORDER BY lot('employer', oid)) - 1 AS place
    FROM province.organization WHERE kind IN ('enterprise', 'institution') AND uscc IS NOT NULL),
spanned AS (
    SELECT i.pid, e.oid, greatest(e.established_on, (i.birth_date + INTERVAL 18 YEAR)::DATE) AS low,
           least(i.until, e.ended, (i.birth_date + INTERVAL 60 YEAR)::DATE) AS high
    FROM insured i
    JOIN employer e ON e.place = floor(pow(draw('employer', i.pid), 1.6) * (SELECT count(*) FROM employer))::BIGINT)
SELECT pid, oid, low + floor(pow(draw('enrolled', pid), 0.6) * (high - low))::INTEGER AS enrolled_on
FROM spanned WHERE low <= high;

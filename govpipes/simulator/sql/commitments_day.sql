-- New commitments of the span `from_day`..`day` (by those whom credit_day.sql found), and what becomes of old ones.

SET VARIABLE last_commitment = (SELECT coalesce(max(mid), 0) FROM province.commitment);
CREATE OR REPLACE TEMP TABLE changed AS
SELECT mid FROM province.commitment
WHERE fulfilment = '履行中' AND mid NOT IN (SELECT entity FROM province.open_fault WHERE subject = 'commitment')
ORDER BY lot('commitment', mid) LIMIT getvariable('commitment_ends');
UPDATE province.commitment SET
    fulfilment = if(draw('broken', mid) < 0.2, '未履约', '已履约'),
    breached_on = if(draw('broken', mid) < 0.2, greatest(committed_on, getvariable('day') - whole(draw('breach', mid), 0, 20)::INTEGER), NULL)
WHERE mid IN (SELECT mid FROM changed);

INSERT INTO province.commitment
WITH n AS (SELECT getvariable('last_commitment') + i AS mid, i - 1 AS i FROM range(1, getvariable('commitments') + 1) r(i)),
drawn AS (
    SELECT mid, CASE WHEN draw('committed', mid) < 0.8 THEN (i * 7 + 3) % (SELECT count(*) FROM candidate_organization) END AS o_place,
           CASE WHEN draw('committed', mid) >= 0.8 THEN (i * 7 + 3) % (SELECT count(*) FROM candidate_person) END AS p_place,
           decided('commitment on', mid) AS committed_on,
           CASE WHEN getvariable('what') = 'new' OR draw('open', mid) < 0.6 THEN '履行中' WHEN draw('broken', mid) < 0.2 THEN '未履约'
                ELSE '已履约' END AS fulfilment FROM n)
SELECT d.mid, o.oid, p.pid, g.region || '诺字〔' || year(committed_on) || '〕第' || lpad(d.mid::VARCHAR, 6, '0') || '号',
       pick(getvariable('commitment_kinds'), draw('commitment kind', d.mid)),
       '承诺' || pick(getvariable('commitment_contents'), draw('commitment content', d.mid)), committed_on,
       CASE WHEN draw('commitment term', d.mid) < 0.8 THEN (committed_on + INTERVAL 3 YEAR)::DATE END, g.name, g.uscc, fulfilment,
       CASE WHEN fulfilment = '未履约' THEN least(getvariable('day'), committed_on + whole(draw('breach', d.mid), 5, 300)::INTEGER) END
FROM drawn d
LEFT JOIN candidate_organization o ON o.place = d.o_place
LEFT JOIN candidate_person p ON p.place = d.p_place
JOIN province.organ g ON g.region = coalesce(o.region, p.region) AND g.field = 'approval';

INSERT INTO province.touched SELECT 'commitment', mid FROM province.commitment WHERE mid > getvariable('last_commitment')
UNION ALL SELECT 'commitment', mid FROM changed;
INSERT INTO province.outbox SELECT 'credit_commitments', mid, getvariable('day'), getvariable('what') FROM province.commitment
WHERE mid > getvariable('last_commitment');
INSERT INTO province.outbox SELECT 'credit_commitments', mid, getvariable('day'), 'change' FROM changed;

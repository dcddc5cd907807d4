-- New credit records. `from_day`..`day` is the span the decisions fall in: one day, or some years for the opening.

CREATE OR REPLACE TEMP TABLE candidate_organization AS
SELECT o.oid, o.region, o.established_on, row_number() OVER (ORDER BY lot('credit', o.oid)) - 1 AS place
FROM province.organization o
WHERE o.status = '1' AND o.uscc IS NOT NULL AND o.kind IN ('enterprise', 'individual', 'cooperative')
  AND o.established_on <= getvariable('from_day');
CREATE OR REPLACE TEMP TABLE candidate_person AS
SELECT pid, hukou_region AS region, row_number() OVER (ORDER BY lot('credit', pid)) - 1 AS place
FROM province.person
WHERE kind = 'register' AND on_register AND death_date IS NULL AND age_on(birth_date, getvariable('from_day')) BETWEEN 18 AND 75;

-- Decisions fall within a week before they are published (the rule: seven working days); some licences are late.
CREATE OR REPLACE TEMP MACRO decided(what, key) AS
    getvariable('day') - whole(draw(what, key), 0, greatest(5, getvariable('day') - getvariable('from_day')))::INTEGER;

INSERT INTO province.licence
WITH n AS (
    SELECT coalesce((SELECT max(lid) FROM province.licence), 0) + i AS lid, i - 1 AS i
    FROM range(1, getvariable('licences') + 1) r(i)),
drawn AS (
    SELECT lid, CASE WHEN draw('licensee', lid) < 0.85 THEN i % (SELECT count(*) FROM candidate_organization) END AS o_place,
           CASE WHEN draw('licensee', lid) >= 0.85 THEN i % (SELECT count(*) FROM candidate_person) END AS p_place,
           decided('licence on', lid) - if(getvariable('what') = 'new' AND draw('licence late', lid) < 0.06, 60, 0)
               AS decided_on FROM n)
SELECT d.lid, o.oid, p.pid, g.region || '许字〔' || year(decided_on) || '〕第' || lpad(d.lid::VARCHAR, 6, '0') || '号',
       pick(getvariable('licence_names'), draw('licence name', d.lid)),
       pick(getvariable('licence_kinds'), draw('licence kind', d.lid)),
       'XK' || g.region || lpad(d.lid::VARCHAR, 8, '0'),
       '准予' || pick(getvariable('licence_names'), draw('licence name', d.lid)) || '所列经营项目，限登记地址内从事',
       decided_on, decided_on,
       CASE WHEN draw('licence term', d.lid) < 0.8 THEN (decided_on + INTERVAL 5 YEAR)::DATE END, g.name, g.uscc, '1'
FROM drawn d
LEFT JOIN candidate_organization o ON o.place = d.o_place
LEFT JOIN candidate_person p ON p.place = d.p_place
JOIN province.organ g ON g.region = coalesce(o.region, p.region) AND g.field = 'approval';
INSERT INTO province.touched SELECT 'licence', lid FROM province.licence WHERE lid > getvariable('last_licence');
INSERT INTO province.outbox SELECT 'administrative_licences', lid, getvariable('day'), getvariable('what') FROM province.licence
WHERE lid > getvariable('last_licence');

INSERT INTO province.penalty
WITH n AS (
    SELECT coalesce((SELECT max(fid) FROM province.penalty), 0) + i AS fid, i - 1 AS i
    FROM range(1, getvariable('penalties') + 1) r(i)),
drawn AS (
    SELECT fid, CASE WHEN draw('fined', fid) < 0.7 THEN (i * 3 + 1) % (SELECT count(*) FROM candidate_organization) END AS o_place,
           CASE WHEN draw('fined', fid) >= 0.7 THEN (i * 3 + 1) % (SELECT count(*) FROM candidate_person) END AS p_place,
           decided('penalty on', fid) AS decided_on,
           pick(getvariable('offences'), draw('offence', fid)) AS offence,
           pick(getvariable('penalty_kinds'), draw('penalty kind', fid)) AS kind,
           greatest(0.005, round(exp(-3 + 1.4 * (draw('fine a', fid) + draw('fine b', fid) + draw('fine c', fid) - 1.5) * 2), 4))
               AS fine FROM n)
SELECT d.fid, o.oid, p.pid, g.region || '城罚字〔' || year(decided_on) || '〕' || lpad(d.fid::VARCHAR, 6, '0') || '号', d.offence,
       '经查，当事人存在' || d.offence || '的行为', '《江苏省城市市容和环境卫生管理条例》', d.kind,
       CASE WHEN d.kind = '罚款' THEN '处以罚款' || (fine * 10000)::BIGINT || '元' ELSE d.kind END,
       CASE WHEN d.kind = '罚款' THEN fine::DECIMAL(18, 6) END,
       CASE WHEN d.kind = '没收违法所得' THEN fine::DECIMAL(18, 6) END,
       decided_on, (decided_on + INTERVAL 3 YEAR)::DATE, (decided_on + INTERVAL 1 YEAR)::DATE, g.name, g.uscc
FROM drawn d
LEFT JOIN candidate_organization o ON o.place = d.o_place
LEFT JOIN candidate_person p ON p.place = d.p_place
JOIN province.organ g ON g.region = coalesce(o.region, p.region) AND g.field = 'urban';
INSERT INTO province.touched SELECT 'penalty', fid FROM province.penalty WHERE fid > getvariable('last_penalty');
INSERT INTO province.outbox SELECT 'administrative_penalties', fid, getvariable('day'), getvariable('what') FROM province.penalty
WHERE fid > getvariable('last_penalty');

INSERT INTO province.defaulter
WITH n AS (
    SELECT coalesce((SELECT max(did) FROM province.defaulter), 0) + i AS did, i - 1 AS i
    FROM range(1, getvariable('defaulters') + 1) r(i)),
drawn AS (
    SELECT did, CASE WHEN draw('party', did) < 0.35 THEN (i * 5 + 2) % (SELECT count(*) FROM candidate_organization) END AS o_place,
           CASE WHEN draw('party', did) >= 0.35 THEN (i * 5 + 2) % (SELECT count(*) FROM candidate_person) END AS p_place,
           decided('default on', did) AS published_on FROM n)
SELECT d.did, o.oid, p.pid,
       '（' || year(published_on) || '）苏' || substr(g.region, 3, 4) || '执' || lpad(d.did::VARCHAR, 5, '0') || '号',
       '（' || (year(published_on) - 1) || '）苏' || substr(g.region, 3, 4) || '民初' || lpad((d.did * 3)::VARCHAR, 5, '0') || '号',
       published_on - whole(draw('filed', did), 20, 200)::INTEGER, published_on,
       pick(getvariable('duties'), draw('duty', did)), pick(getvariable('behaviours'), draw('behaviour', did)), false, NULL,
       g.name
FROM drawn d
LEFT JOIN candidate_organization o ON o.place = d.o_place
LEFT JOIN candidate_person p ON p.place = d.p_place
JOIN province.organ g ON g.region = coalesce(o.region, p.region) AND g.field = 'court';
CREATE OR REPLACE TEMP TABLE changed AS
SELECT did FROM province.defaulter
WHERE exit_on IS NULL AND did <= getvariable('last_defaulter')
ORDER BY lot('defaulter exit', did) LIMIT getvariable('defaulter_exits');
UPDATE province.defaulter SET exit_on = getvariable('day'), fulfilled = true WHERE did IN (SELECT did FROM changed);
INSERT INTO province.touched SELECT 'defaulter', did FROM province.defaulter WHERE did > getvariable('last_defaulter')
UNION ALL SELECT 'defaulter', did FROM changed;
INSERT INTO province.outbox
SELECT 'court_defaulters', did, getvariable('day'), getvariable('what') FROM province.defaulter
WHERE did > getvariable('last_defaulter');
INSERT INTO province.outbox SELECT 'court_defaulters', did, getvariable('day'), 'change' FROM changed;

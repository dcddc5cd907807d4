-- The people at the opening: households on the register, residents from elsewhere, and those who died lately.

CREATE OR REPLACE TEMP TABLE household AS
SELECT i AS hid, draw('household size', i) AS u,
       CASE WHEN u < 0.24 THEN 1 WHEN u < 0.57 THEN 2 WHEN u < 0.81 THEN 3 WHEN u < 0.93 THEN 4 ELSE 5 END AS size,
       CASE WHEN u < 0.24 THEN 22 + draw('head age', i) * 66 WHEN u < 0.57 THEN 26 + draw('head age', i) * 60
            ELSE 26 + draw('head age', i) * 34 END AS head_age,
       if(draw('head sex', i) < 0.65, '1', '2') AS head_sex,
       pick(getvariable('surnames'), draw('family', i)) AS family
FROM range(1, getvariable('households') + 1) r(i);

-- Each member's place in the household, age in years and sex. Children come 23 to 31 years after the head.
CREATE OR REPLACE TEMP TABLE member AS
WITH placed AS (
    SELECT h.*, m.i, CASE WHEN m.i = 1 THEN 'head'
                          WHEN m.i = 2 AND (size >= 3 OR draw('pair', hid) < 0.8) THEN 'spouse'
                          WHEN m.i <= 3 OR (m.i = 4 AND draw('second child', hid) < 0.5) THEN 'child'
                          ELSE 'parent' END AS role
    FROM household h, range(1, 6) m(i) WHERE m.i <= h.size),
aged AS (
    SELECT *, hid * 8 + i AS mkey, CASE role
        WHEN 'head' THEN head_age
        WHEN 'spouse' THEN greatest(24, head_age - 3 + 6 * draw('spouse age', hid))
        WHEN 'child' THEN greatest(0.08 + 1.8 * draw('infant', hid * 8 + i), head_age - 23 - 8 * draw('child age', hid * 8 + i))
        ELSE least(101, head_age + 22 + 8 * draw('parent age', hid * 8 + i)) END AS age
    FROM placed)
SELECT 1 AS kind_order, 'register' AS kind, hid, i, role, age, family, CASE role
        WHEN 'head' THEN head_sex
        WHEN 'spouse' THEN if(head_sex = '1', '2', '1')
        WHEN 'child' THEN if(draw('child sex', mkey) < 0.52, '1', '2')
        ELSE if(i = 5, '1', '2') END AS sex, mkey
FROM aged
UNION ALL
SELECT 2, 'permit', i, 1, 'head', CASE WHEN draw('migrant', i) < 0.08 THEN 1 + 15 * draw('migrant age', i)
                                       ELSE 18 + 42 * draw('migrant age', i) END,
       pick(getvariable('surnames'), draw('migrant family', i)), if(draw('migrant sex', i) < 0.55, '1', '2'), -i
FROM range(1, greatest(2, getvariable('people') - (SELECT sum(size) FROM household)::BIGINT + 1)) r(i)
UNION ALL
SELECT 3, 'deceased', i, 1, 'head', 60 + 40 * sqrt(draw('dead age', i)),
       pick(getvariable('surnames'), draw('dead family', i)), if(draw('dead sex', i) < 0.52, '1', '2'), -100000000 - i
FROM range(1, getvariable('deceased') + 1) r(i);

CREATE OR REPLACE TEMP TABLE newcomer AS
SELECT row_number() OVER (ORDER BY m.kind_order, m.hid, m.i) AS pid, m.*,
       years_before(getvariable('day'), m.age) AS birth_date,
       CASE m.kind WHEN 'register' THEN m.hid WHEN 'permit' THEN getvariable('households') + 1 + m.hid // 2 END AS address,
       a.region, county_now(coalesce(a.region, getvariable('home_regions')[1]), m.mkey, m.kind) AS county
FROM member m LEFT JOIN province.address a
    ON a.id = CASE m.kind WHEN 'register' THEN m.hid WHEN 'permit' THEN getvariable('households') + 1 + m.hid // 2 END;

CREATE TABLE province.person (
    pid BIGINT, kind VARCHAR, hid BIGINT, role VARCHAR, citizen_id VARCHAR, certificate_type VARCHAR, name VARCHAR,
    former_name VARCHAR, sex VARCHAR, ethnic VARCHAR, birth_date DATE, birth_place_region VARCHAR, nationality VARCHAR,
    hukou_region VARCHAR, household_number VARCHAR, relation VARCHAR, hukou_address BIGINT, residence_region VARCHAR,
    residence_address BIGINT, phone VARCHAR, marital VARCHAR, marital_police VARCHAR, education VARCHAR, spouse BIGINT,
    on_register BOOLEAN, death_date DATE, former_citizen_id VARCHAR);

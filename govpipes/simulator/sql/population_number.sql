-- The `newcomer` rows become persons: number, name and the other items. Sequence numbers go on where those of the
-- same county, birth date and sex end, so no two persons ever share a number. Nobody is born on a day that systems
-- use as a placeholder (DOMAIN §4 D10).
INSERT INTO province.person
WITH coded AS (
    SELECT n.* REPLACE (if(birth_date IN (DATE '1970-01-01', DATE '1911-11-11'), birth_date + 1, birth_date) AS birth_date),
           CASE WHEN c.region IS NULL OR year(birth_date) >= c.own_since THEN county
                     ELSE coalesce(c.older, county) END AS code
    FROM newcomer n LEFT JOIN province.number_code c ON c.region = n.county),
taken AS (
    SELECT left(citizen_id, 14) AS head, sex, count(*) AS numbers FROM province.person
    WHERE left(citizen_id, 14) IN (SELECT code || strftime(birth_date, '%Y%m%d') FROM coded) GROUP BY ALL),
counted AS (
    SELECT c.*, coalesce(t.numbers, 0) + row_number() OVER (PARTITION BY c.code, c.birth_date, c.sex ORDER BY c.pid) AS n
    FROM coded c LEFT JOIN taken t ON t.head = c.code || strftime(c.birth_date, '%Y%m%d') AND t.sex = c.sex),
bodied AS (
    SELECT *, code || strftime(birth_date, '%Y%m%d')
        || lpad((if(sex = '1', 2 * n - 1, 2 * n))::VARCHAR, 3, '0') AS body FROM counted),
aged AS (
    SELECT *, year(birth_date) AS born, age_on(birth_date, getvariable('day')) AS years,
           starts_with(code, '9') AS foreigner, substr(code, 1, 2) IN ('81', '82', '83') AS hmt,
           CASE WHEN foreigner THEN NULL WHEN draw('ethnic', pid) < 0.99 OR role = 'child' THEN '01'
                ELSE pick(getvariable('ethnic_few'), draw('ethnic few', pid)) END AS ethnic_code,
           -- a few had another number once: two persons had been given one, and the sequence numbers from 900 on are free
           left(body, 14) || (900 + 2 * (pid % 45) + if(sex = '1', 1, 0))::VARCHAR AS old_body FROM bodied)
SELECT pid, kind, hid, role, body || citizen_id_check(body),
       CASE WHEN foreigner THEN '553' WHEN hmt THEN '990' ELSE '111' END,
       CASE WHEN foreigner THEN pick(getvariable('foreign_names'), draw('name', pid))
            WHEN ethnic_code = '05' THEN pick(getvariable('uyghur_names'), draw('name', pid))
            ELSE CASE WHEN role = 'child' OR (sex = '1' AND kind = 'register' AND role <> 'child') THEN family
                      ELSE pick(getvariable('surnames'), draw('surname', pid)) END || given_name(sex, born, pid, '') END AS full_name,
       CASE WHEN NOT foreigner AND years >= 18 AND draw('renamed', pid) < 0.006
            THEN left(full_name, 1) || given_name(sex, born, pid, 'former') END, sex,
       ethnic_code, birth_date,
       CASE WHEN foreigner OR hmt THEN NULL ELSE county END,
       CASE code WHEN '932840' THEN 'USA' WHEN '932410' THEN 'KOR' WHEN '932392' THEN 'JPN' ELSE 'CHN' END,
       CASE kind WHEN 'permit' THEN if(foreigner OR hmt, NULL, county) ELSE region END,
       if(kind = 'register', region || lpad(hid::VARCHAR, 9, '0'), NULL),
       CASE role WHEN 'head' THEN '02' WHEN 'spouse' THEN if(sex = '1', '11', '12')
                 WHEN 'child' THEN if(sex = '1', '20', '30') ELSE if(sex = '1', '51', '52') END,
       if(kind = 'register', address, NULL),
       if(kind = 'deceased', NULL, region), if(kind = 'deceased', NULL, address),
       if(years >= 14, phone_number(pid, ''), NULL),
       CASE WHEN role = 'spouse' THEN '20' WHEN years < 22 OR role = 'child' THEN '10' WHEN role = 'parent' THEN '30'
            WHEN draw('single', pid) < 0.35 THEN '10' WHEN draw('single', pid) < 0.7 THEN '20'
            WHEN years > 60 THEN '30' ELSE '40' END AS marital,
       marital,
       CASE WHEN years < 18 THEN NULL ELSE pick(getvariable('education_adult'), draw('education', pid)) END,
       NULL, kind = 'register', NULL,
       CASE WHEN kind = 'register' AND years >= 30 AND draw('number given again', pid) < 0.01
            THEN old_body || citizen_id_check(old_body) END
FROM aged;

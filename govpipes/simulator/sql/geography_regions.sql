-- Divisions and the codes that went before them.

CREATE TABLE province.region AS
SELECT d.code, d.name, d.parent AS city_code, c.name AS city_name, d.pop2020 AS people,
       d.inner_lon AS lon, d.inner_lat AS lat, d.area_km2 AS area
FROM read_csv(getvariable('divisions_file'), types = {'code': 'VARCHAR', 'parent': 'VARCHAR'}) d
JOIN read_csv(getvariable('divisions_file'), types = {'code': 'VARCHAR', 'parent': 'VARCHAR'}) c ON c.code = d.parent
ORDER BY d.code;

-- Which code a person born in `region` in a year carries in the number: the county's own, or that of the county it
-- was made from (one predecessor is enough here).
CREATE TABLE province.number_code AS
WITH own AS (
    SELECT code AS region, code, min(first_yearend) AS first_year
    FROM read_csv(getvariable('validity_file'), types = {'code': 'VARCHAR'}) GROUP BY code),
before AS (
    SELECT c.new_code AS region, c.old_code AS code, min(v.first_yearend) AS first_year
    FROM read_csv(getvariable('changes_file'), types = {'old_code': 'VARCHAR', 'new_code': 'VARCHAR'}) c
    JOIN read_csv(getvariable('validity_file'), types = {'code': 'VARCHAR'}) v ON v.code = c.old_code
    WHERE c.old_code <> c.new_code AND c.year >= 2000 GROUP BY ALL)
SELECT r.code AS region, coalesce(o.first_year, 1980) AS own_since, b.code AS older
FROM province.region r
LEFT JOIN own o ON o.region = r.code
LEFT JOIN (SELECT region, min(code) AS code FROM before GROUP BY region) b ON b.region = r.code;

CREATE TABLE province.town AS
SELECT t.code9, t.name, t.parent AS region,
       row_number() OVER (PARTITION BY t.parent ORDER BY t.code9) - 1 AS place,
       count(*) OVER (PARTITION BY t.parent) AS places,
       r.lon + (draw('town lon', t.code9) - 0.5) * least(0.05, sqrt(r.area) / 400) AS lon,
       r.lat + (draw('town lat', t.code9) - 0.5) * least(0.05, sqrt(r.area) / 400) AS lat
FROM read_csv(getvariable('townships_file'), types = {'code9': 'VARCHAR', 'parent': 'VARCHAR'}) t
JOIN province.region r ON r.code = t.parent
WHERE starts_with(t.parent, getvariable('region_prefix'));

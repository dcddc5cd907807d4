-- New buildings, each with the standard address of its own that names no room, and what becomes of old ones.

SET VARIABLE last_address = (SELECT max(id) FROM province.address);
SET VARIABLE last_building = (SELECT coalesce(max(bid), 0) FROM province.building);
INSERT INTO province.address
SELECT * FROM address_rows(getvariable('last_address') + 1, getvariable('last_address') + getvariable('new_buildings'), 'building');
INSERT INTO province.touched SELECT 'address', id FROM province.address WHERE id > getvariable('last_address');
INSERT INTO province.outbox SELECT 'addresses', id, getvariable('day'), getvariable('what') FROM province.address
WHERE id > getvariable('last_address');

-- 1. What becomes of those there are: some stand empty, are used again, or become something else.
CREATE OR REPLACE TEMP TABLE changed AS
SELECT bid FROM province.building WHERE bid NOT IN (SELECT entity FROM province.open_fault WHERE subject = 'building')
ORDER BY lot('building', bid) LIMIT getvariable('building_changes');
UPDATE province.building SET
    status = if(draw_today('building status', bid) < 0.5, if(status = '空置', '在用', '空置'), status),
    purpose = pick(getvariable('building_purposes'), draw_today('building purpose', bid))
WHERE bid IN (SELECT bid FROM changed);

-- 2. New ones, at most 15 m from the point of their address. The code: the parcel (GB/T 37346) and the building's number on it.
INSERT INTO province.building
WITH placed AS (
    SELECT getvariable('last_building') + row_number() OVER (ORDER BY id) AS bid, * FROM province.address
    WHERE id > getvariable('last_address')),
drawn AS (
    SELECT *, 1 + floor(pow(draw('storeys', bid), 2) * 33)::INTEGER AS storeys, 15 * sqrt(draw('building off', bid)) AS off,
           2 * pi() * draw('building where', bid) AS angle FROM placed)
SELECT bid, region || lpad((1 + community[10:]::INTEGER)::VARCHAR, 3, '0') || right(town, 3) || 'GB' || lpad((bid // 20)::VARCHAR, 5, '0')
           || lpad((1 + bid % 20)::VARCHAR, 4, '0'),
       id, pick(getvariable('communities'), draw('estate', bid)) || pick(['花园', '小区', '公寓', '大厦'], draw('estate kind', bid)) || building,
       CASE WHEN storeys > 9 THEN '钢筋混凝土结构' ELSE pick(['钢筋混凝土结构', '混合结构', '混合结构', '砖木结构', '钢结构'], draw('structure', bid)) END,
       storeys, if(storeys > 9, whole(draw('basement', bid), 1, 3), 0),
       if(getvariable('what') = 'new', year(getvariable('day')), year(getvariable('day')) - 3 - floor(pow(draw('built', bid), 2) * 60)::INTEGER),
       pick(getvariable('building_purposes'), draw('building purpose', bid)),
       round(storeys * (200 + 800 * draw('floor area', bid)), 2),
       round(lon + off * cos(angle) / (111320 * cos(radians(lat))), 7), round(lat + off * sin(angle) / 110570, 7),
       if(draw('building status', bid) < 0.05, '空置', '在用')
FROM drawn;

INSERT INTO province.touched SELECT 'building', bid FROM province.building WHERE bid > getvariable('last_building')
UNION ALL SELECT 'building', bid FROM changed;
INSERT INTO province.outbox SELECT 'buildings', bid, getvariable('day'), getvariable('what') FROM province.building
WHERE bid > getvariable('last_building');
INSERT INTO province.outbox SELECT 'buildings', bid, getvariable('day'), 'change' FROM changed;

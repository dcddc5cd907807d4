-- What depends on the divisions: lists of counties to draw from, and the making of addresses.

-- The province's own counties, and each laid out by population over a thousand places to draw from.
SET VARIABLE home_regions = (
    SELECT list(code ORDER BY code) FROM province.region WHERE starts_with(code, getvariable('region_prefix')));
SET VARIABLE all_regions = (SELECT list(code ORDER BY code) FROM province.region);
SET VARIABLE region_slots = (
    SELECT list(code ORDER BY code, slot)
    FROM (SELECT code, unnest(range(greatest(1, (1000 * people / sum(people) OVER ())::BIGINT))) AS slot
          FROM province.region WHERE starts_with(code, getvariable('region_prefix'))));

-- One address from its number: where it lies, its text and its point (decimal degrees, CGCS2000). A building's own address
-- has a door and a number that no other has, and names no unit and no room.
CREATE OR REPLACE TEMP MACRO address_rows(first_id, last_id, kind_of) AS TABLE
WITH a AS (
    SELECT i AS id, pick(getvariable('region_slots'), draw('address region', i)) AS region,
           whole(draw('community', i), 1, 6) AS community, pick(getvariable('roads'), draw('road', i)) AS road_name,
           draw('road kind', i) AS road_kind, if(kind_of = 'building', 300 + i // 30, whole(draw('door', i), 1, 299)) AS door,
           if(kind_of = 'building', 1 + i % 30, whole(draw('building', i), 1, 30)) AS building, whole(draw('unit', i), 1, 4) AS unit,
           whole(draw('floor', i), 1, 18) * 100 + whole(draw('room', i), 1, 4) AS room
    FROM range(first_id, last_id + 1) r(i)),
placed AS (
    SELECT a.*, t.code9, t.name AS town_name, t.lon + (draw('lon', a.id) - 0.5) * 0.02 AS lon,
           t.lat + (draw('lat', a.id) - 0.5) * 0.02 AS lat, r.name AS region_name, r.city_name,
           pick(getvariable('communities'), draw('community name', t.code9 || a.community::VARCHAR)) || '社区'
               AS community_name
    FROM a
    JOIN province.region r ON r.code = a.region
    JOIN province.town t ON t.region = a.region AND t.place = whole(draw('town', a.id), 0, t.places - 1)),
named AS (
    SELECT *, road_name || CASE WHEN road_kind < 0.6 THEN '路' WHEN road_kind < 0.85 THEN '街' ELSE '巷' END AS road
    FROM placed)
SELECT id, code9 || lpad(community::VARCHAR, 3, '0') || lpad(id::VARCHAR, 8, '0') AS address_id,
       '江苏省' || city_name || region_name || town_name || community_name || road || door || '号' || building || '幢'
           || if(kind_of = 'home', unit || '单元', '') || if(kind_of = 'building', '', room || '室') AS text,
       region, code9 AS town, code9 || lpad(community::VARCHAR, 3, '0') AS community, road,
       door || '号' AS door, building || '幢' AS building,
       if(kind_of = 'home', unit || '单元', NULL) AS unit, if(kind_of = 'building', NULL, room || '室') AS room,
       round(lon, 7) AS lon, round(lat, 7) AS lat, kind_of AS kind, '1' AS status
FROM named;

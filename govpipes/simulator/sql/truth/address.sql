SELECT a.address_id AS key, a.status = '0' AS gone, a.address_id, a.text AS full_text, a.region AS county_code, a.town AS township_code,
       a.community AS community_code, a.road, a.door AS door_number, a.building, a.unit, a.room, a.lon AS longitude, a.lat AS latitude,
       a.kind
FROM changed c
JOIN province.address a ON a.id = c.entity

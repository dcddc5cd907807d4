SELECT a.address_id AS key, a.status = '0' AS gone, a.address_id, a.text, a.region, a.town, a.community, a.road, a.door, a.building,
       a.unit, a.room, a.lon, a.lat, a.kind
FROM changed c
JOIN province.address a ON a.id = c.entity

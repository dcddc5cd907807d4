SELECT t.point_id AS key, false AS gone, t.point_id, t.name, t.category, t.address, t.region, t.lon, t.lat, t.phone
FROM changed c
JOIN province.point_of_interest t ON t.id = c.entity

SELECT t.point_id AS key, false AS gone, t.point_id AS poi_id, t.name, t.category, t.address, t.region AS county_code,
       t.lon AS longitude, t.lat AS latitude, t.phone
FROM changed c
JOIN province.point_of_interest t ON t.id = c.entity

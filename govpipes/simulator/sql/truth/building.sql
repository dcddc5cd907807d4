SELECT b.building_id AS key, false AS gone, b.building_id, b.name, a.text AS address, a.address_id, a.region AS county_code,
       CASE b.structure WHEN '钢结构' THEN '1' WHEN '钢筋混凝土结构' THEN '3' WHEN '混合结构' THEN '4' ELSE '5' END AS structure,
       b.storeys_above, b.storeys_below, b.built_year, b.purpose AS use, b.area AS floor_area_m2, b.lon AS longitude,
       b.lat AS latitude, if(b.status = '在用', '1', '2') AS status
FROM changed c
JOIN province.building b ON b.bid = c.entity
JOIN province.address a ON a.id = b.address

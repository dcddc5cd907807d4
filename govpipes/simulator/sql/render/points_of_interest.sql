-- 交通兴趣点: one UTF-8 file a day; GCJ-02 degrees.
SELECT o.entity, t.point_id AS truth_key,
       t.point_id AS poi_id, t.name, t.category, t.address, t.region,
       printf('%.6f', gcj_lon(t.lon, t.lat)) AS lng, printf('%.6f', gcj_lat(t.lon, t.lat)) AS lat, t.phone,
       strftime(written_at(o.entity, NULL::DATE, o.due, o.what), '%Y-%m-%d %H:%M:%S') AS updated_at
FROM outgoing o
JOIN province.point_of_interest t ON t.id = o.entity

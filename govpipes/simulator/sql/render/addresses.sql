-- 标准地址: place_names.bzdz; CGCS2000 Gauss-Krüger zone 40, metres.
SELECT o.entity, a.address_id AS truth_key,
       a.address_id AS dzbm, a.text AS dzqc, a.region AS xzqh, a.town AS xzjd, a.community AS sq, a.road AS jlx, a.door AS mph,
       a.building AS ld, a.unit AS dy, a.room AS sh, round(gk_easting(a.lon, a.lat), 3) AS x,
       round(gk_northing(a.lon, a.lat), 3) AS y, a.status AS zt, written_at(o.entity, NULL::DATE, o.due, o.what) AS gxsj
FROM outgoing o
JOIN province.address a ON a.id = o.entity

-- 县级行政区域界线: one CSV a month with every county that has a surveyed boundary, four in five of them. The outline is the
-- hull of all places in the county's towns where an address can be (lists.sql), and three hundred metres more.
SELECT code::BIGINT AS entity, code AS truth_key, code AS xzqdm, name AS xzqmc,
       ST_AsText(ST_Buffer(ST_ConvexHull(ST_Collect(list(place ORDER BY code9, east, north))), 0.003, 2)) AS jx,
       '10' AS jd, '2020-01-01' AS qyrq, NULL::VARCHAR AS tyrq
FROM (SELECT r.code, r.name, t.code9, east, north, ST_Point(t.lon + east * 0.0101, t.lat + north * 0.0101) AS place
      FROM province.region r JOIN province.town t ON t.region = r.code, (VALUES (-1), (1)) x(east), (VALUES (-1), (1)) y(north)
      WHERE draw('boundary', r.code) < 0.8)
GROUP BY ALL

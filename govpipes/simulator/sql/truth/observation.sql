-- The figure of the newest publication, under the region code of its period.
SELECT i.code || '|' || s.region || '|' || s.period || '|' || s.dimension AS key, false AS gone, i.code AS indicator_code,
       s.region AS region_code, s.period, last_day_of_period(s.period) AS period_end, s.dimension, s.value, i.unit,
       CASE s.status WHEN '初步核算' THEN '1' WHEN '修订' THEN '2' ELSE '3' END AS status, s.revision AS revision_number, s.published_on
FROM changed c
JOIN province.observation s ON s.sid = c.entity
JOIN province.indicator i USING (iid)

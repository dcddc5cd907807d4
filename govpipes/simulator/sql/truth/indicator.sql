SELECT i.code AS key, false AS gone, i.code, i.name, i.unit, CASE i.frequency WHEN '年度' THEN 'A' WHEN '季度' THEN 'Q' ELSE 'M' END AS frequency,
       i.level AS lowest_level, i.method
FROM changed c
JOIN province.indicator i ON i.iid = c.entity

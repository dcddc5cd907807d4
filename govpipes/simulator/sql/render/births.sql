-- 出生医学证明: health_births.csyxzm; the child's number is there once the police have registered it.
SELECT o.entity, c.citizen_id AS truth_key,
       b.certificate_number AS zmbh, c.name AS xsexm, c.sex AS xb, b.born_at AS cssj, b.region AS csdq,
       CASE WHEN c.on_register THEN c.citizen_id END AS gmsfhm,
       m.name AS mqxm, m.citizen_id AS mqsfzh, f.name AS fqxm, f.citizen_id AS fqsfzh, b.grams::INTEGER AS tz,
       written_at(o.entity, b.born_at::DATE, o.due, o.what) AS gxsj
FROM outgoing o
JOIN province.birth b ON b.pid = o.entity
JOIN province.person c ON c.pid = b.pid
JOIN province.person m ON m.pid = b.mother
JOIN province.person f ON f.pid = b.father

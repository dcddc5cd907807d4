-- 死亡医学证明: health_deaths.swyxzm.
SELECT o.entity, p.citizen_id AS truth_key,
       d.certificate_number AS zmbh, p.name AS xm, p.citizen_id AS sfzjhm, p.sex AS xb, dashed(p.birth_date) AS csrq,
       dashed(d.death_date) AS swrq, d.cause AS swyy, d.place AS swdd, p.hukou_region AS ssxq,
       written_at(o.entity, d.death_date, o.due, o.what) AS gxsj
FROM outgoing o
JOIN province.death d ON d.pid = o.entity
JOIN province.person p ON p.pid = d.pid

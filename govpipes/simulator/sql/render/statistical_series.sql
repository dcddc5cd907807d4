-- 年度和季度统计数据: statistics.tjsj, under the region codes of each period's end.
SELECT o.entity, i.code || '|' || s.region || '|' || s.period || '|' || s.dimension AS truth_key,
       'TJ' || lpad(s.sid::VARCHAR, 8, '0') AS jlid, i.code AS zbdm, s.region AS dqdm, s.period AS bgq, s.dimension AS fl,
       s.value::VARCHAR AS sz, i.unit AS jldw, s.status AS hszt, s.revision::VARCHAR AS xdcs, dashed(s.published_on) AS fbrq,
       written_at(o.entity, s.published_on, o.due, o.what) AS gxsj
FROM outgoing o
JOIN province.observation s ON s.sid = o.entity
JOIN province.indicator i USING (iid)

-- 月度统计数据: one GB18030 file a month, with the new figures and the revised ones.
SELECT o.entity, i.code || '|' || s.region || '|' || s.period || '|' || s.dimension AS truth_key,
       'YD' || lpad(s.sid::VARCHAR, 8, '0') AS "记录编号", i.code AS "指标代码", s.region AS "地区代码", s.period AS "统计月份",
       s.dimension AS "分类", s.value::VARCHAR AS "数值", i.unit AS "计量单位", s.status AS "核算状态",
       s.revision::VARCHAR AS "修订次数", dashed(s.published_on) AS "发布日期",
       strftime(written_at(o.entity, s.published_on, o.due, o.what), '%Y-%m-%d %H:%M:%S') AS "更新时间"
FROM outgoing o
JOIN province.observation s ON s.sid = o.entity
JOIN province.indicator i USING (iid)

-- 统计指标目录: one UTF-8 file a year with all indicators.
SELECT i.iid AS entity, i.code AS truth_key,
       i.code AS "指标代码", i.name AS "指标名称", i.unit AS "计量单位", i.frequency AS "统计频率", ['省级', '地级', '县级'][i.level::INTEGER] AS "最低区划级别",
       i.method AS "调查方法"
FROM province.indicator i

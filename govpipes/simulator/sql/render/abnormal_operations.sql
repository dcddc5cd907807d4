-- 经营异常名录: market_regulation.jyycml.
SELECT o.entity, y.entry AS truth_key,
       y.entry AS ycid, z.uscc AS tyshxydm, z.registration_number AS zch, z.name AS ztmc, y.reason AS lryy,
       dashed(y.listed_on) AS lrrq, z.city || z.county || '市场监督管理局' AS lrjg, y.out_reason AS ycyy,
       dashed(y.removed_on) AS ycrq,
       CASE WHEN y.removed_on IS NOT NULL THEN z.city || z.county || '市场监督管理局' END AS ycjg,
       written_at(o.entity, greatest(y.listed_on, y.removed_on), o.due, o.what) AS gxsj
FROM outgoing o
JOIN province.abnormal y ON y.aid = o.entity
JOIN province.organization z ON z.oid = y.oid

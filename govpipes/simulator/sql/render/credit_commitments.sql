-- 信用承诺及履行情况: one JSON-lines file a day.
SELECT o.entity, m.document_number || '|' || m.organ_uscc AS truth_key,
       coalesce(z.name, p.name) AS cnzt_mc,
       CASE WHEN p.pid IS NOT NULL THEN '自然人' WHEN z.kind = 'individual' THEN '个体工商户' ELSE '法人及非法人组织' END AS cnzt_lb,
       z.uscc AS cnzt_shxym, p.citizen_id AS cnzt_zjhm, r.name AS frdb, m.document_number AS cns_wh, m.kind AS cnlx,
       m.content AS cnnr, dashed(m.committed_on) AS cnrq, coalesce(dashed(m.valid_until), '长期') AS yxqz, m.organ AS slbm,
       m.organ_uscc AS slbm_dm, m.fulfilment AS lyzt, dashed(m.breached_on) AS wyrq,
       strftime(written_at(o.entity, greatest(m.committed_on, m.breached_on), o.due, o.what), '%Y-%m-%d %H:%M:%S') AS gxsj
FROM outgoing o
JOIN province.commitment m ON m.mid = o.entity
LEFT JOIN province.organization z ON z.oid = m.oid
LEFT JOIN province.person r ON r.pid = z.representative
LEFT JOIN province.person p ON p.pid = m.pid

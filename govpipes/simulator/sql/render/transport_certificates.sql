-- 道路运输电子证照: road_transport.dlyszz.
SELECT o.entity, certificate_identifier_of(c.type_code, c.organ_uscc, c.certificate_number, c.version) AS truth_key,
       certificate_identifier_of(c.type_code, c.organ_uscc, c.certificate_number, c.version) AS zzbs, c.type_code AS zzlxdm,
       c.title AS zzmc, c.certificate_number AS zzbh, c.holder_name AS czzt, if(c.pid IS NULL, '2', '1') AS czztlb,
       p.citizen_id AS sfzh, z.uscc AS tyshxydm, c.organ AS fzjg, c.organ_uscc AS fzjgdm, compact(c.issued_on) AS fzrq,
       compact(c.effective_from) AS yxqq, compact(c.effective_until) AS yxqz,
       CASE c.status WHEN '正常' THEN '1' WHEN '注销' THEN '2' WHEN '撤销' THEN '3' ELSE '4' END AS zzzt,
       compact(c.status_since) AS ztrq, written_at(o.entity, c.status_since, o.due, o.what) AS gxsj
FROM outgoing o
JOIN province.certificate c ON c.cid = o.entity
LEFT JOIN province.organization z ON z.oid = c.oid
LEFT JOIN province.person p ON p.pid = c.pid

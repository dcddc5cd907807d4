-- 社会保险参保信息: human_resources.cbxx; bases in yuan a month.
SELECT o.entity, p.citizen_id || '|' || i.kind AS truth_key,
       'CB' || lpad(o.entity::VARCHAR, 10, '0') AS cbbh, p.citizen_id AS sfzh, i.name AS xm, i.kind AS xzlx, z.uscc AS tyshxydm,
       i.employer_name AS dwmc, i.base AS jfjs, compact(i.enrolled_on) AS cbrq, i.status AS cbzt, compact(i.effective_on) AS sxrq,
       compact(i.ended_on) AS zzrq, written_at(o.entity, i.effective_on, o.due, o.what) AS gxsj
FROM outgoing o
JOIN province.insurance registered ON registered.iid = o.entity
JOIN province.insurance i ON i.iid = registered.same_as
JOIN province.person p ON p.pid = i.pid
JOIN province.organization z ON z.oid = i.oid

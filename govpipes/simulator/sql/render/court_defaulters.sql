-- 失信被执行人信息: one JSON-lines file a week.
SELECT o.entity, party_key(d.case_number, coalesce(z.name, p.name)) AS truth_key,
       d.case_number AS case_no, coalesce(z.name, p.name) AS party_name, if(p.pid IS NULL, '法人', '自然人') AS party_kind,
       CASE p.sex WHEN '1' THEN '男' WHEN '2' THEN '女' END AS sex,
       age_on(p.birth_date, d.published_on)::VARCHAR AS age, coalesce(p.citizen_id, z.uscc) AS id_no, r.name AS legal_rep,
       d.court, '江苏' AS province, d.basis_number AS basis_no, dashed(d.filed_on) AS filed_date,
       dashed(d.published_on) AS publish_date, d.duty, if(d.fulfilled, '全部已履行', '全部未履行') AS performance, d.behaviour,
       if(d.fulfilled, '全部', NULL) AS fulfilled, if(d.fulfilled, NULL, '全部') AS unfulfilled,
       dashed(d.exit_on) AS exit_date, strftime(written_at(o.entity, greatest(d.published_on, d.exit_on), o.due, o.what), '%Y-%m-%dT%H:%M:%S') AS updated_at
FROM outgoing o
JOIN province.defaulter d ON d.did = o.entity
LEFT JOIN province.organization z ON z.oid = d.oid
LEFT JOIN province.person r ON r.pid = z.representative
LEFT JOIN province.person p ON p.pid = d.pid

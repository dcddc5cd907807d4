SELECT certificate_identifier_of(t.type_code, t.organ_uscc, t.certificate_number, t.version) AS key, false AS gone,
       certificate_identifier_of(t.type_code, t.organ_uscc, t.certificate_number, t.version) AS certificate_id, t.type_code, t.title,
       t.certificate_number, t.holder_name, if(t.pid IS NULL, '2', '1') AS holder_kind, z.uscc AS holder_uscc,
       p.citizen_id AS holder_citizen_id, organization_key_of(z.uscc, z.registration_number) AS holder_organization_key,
       t.organ AS issuing_organ, t.organ_uscc AS issuing_organ_uscc, t.issued_on, t.effective_from, t.effective_until,
       CASE t.status WHEN '正常' THEN '1' WHEN '注销' THEN '2' WHEN '撤销' THEN '3' ELSE '4' END AS status, t.status_since
FROM changed c
JOIN province.certificate t ON t.cid = c.entity
LEFT JOIN province.organization z ON z.oid = t.oid
LEFT JOIN province.person p ON p.pid = t.pid

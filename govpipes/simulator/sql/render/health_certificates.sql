-- 卫生健康电子证照: one UTF-8 file a day.
SELECT o.entity, certificate_identifier_of(c.type_code, c.organ_uscc, c.certificate_number, c.version) AS truth_key,
       certificate_identifier_of(c.type_code, c.organ_uscc, c.certificate_number, c.version) AS "证照标识",
       c.type_code AS "证照类型代码", c.title AS "证照名称", c.certificate_number AS "证照编号", c.holder_name AS "持证主体",
       if(c.pid IS NULL, '法人', '自然人') AS "持证主体类别", p.citizen_id AS "持证人身份证号", z.uscc AS "持证单位信用代码",
       c.organ AS "颁发机构", c.organ_uscc AS "颁发机构代码", dashed(c.issued_on) AS "颁发日期",
       dashed(c.effective_from) AS "有效期起", coalesce(dashed(c.effective_until), '长期') AS "有效期止", c.status AS "证照状态",
       dashed(c.status_since) AS "状态日期",
       strftime(written_at(o.entity, c.status_since, o.due, o.what), '%Y-%m-%d %H:%M:%S') AS "更新时间"
FROM outgoing o
JOIN province.certificate c ON c.cid = o.entity
LEFT JOIN province.organization z ON z.oid = c.oid
LEFT JOIN province.person p ON p.pid = c.pid

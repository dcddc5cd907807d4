-- 婚姻登记信息: one GB18030 file a day.
SELECT o.entity, m.registration_number AS truth_key,
       m.registration_number AS "登记证字号", m.kind AS "业务类型", h.name AS "男方姓名", h.citizen_id AS "男方身份证件号",
       w.name AS "女方姓名", w.citizen_id AS "女方身份证件号", dashed(m.registered_on) AS "登记日期", g.name AS "登记机关",
       m.region AS "登记机关代码", strftime(written_at(o.entity, m.registered_on, o.due, o.what), '%Y-%m-%d %H:%M:%S') AS "更新时间"
FROM outgoing o
JOIN province.marriage m ON m.mid = o.entity
JOIN province.person h ON h.pid = m.husband
JOIN province.person w ON w.pid = m.wife
JOIN province.organ g ON g.region = m.region AND g.field = 'civil'

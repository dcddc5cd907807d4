-- 农村集体经济组织登记信息: one GB18030 file of all collectives each quarter.
SELECT z.oid AS entity, z.organization_code AS truth_key,
       z.uscc AS "统一社会信用代码", z.name AS "组织名称", z.category AS "组织级别", p.name AS "法定代表人",
       z.city || z.county || '农业农村局' AS "登记机关", dashed(z.established_on) AS "成立日期", a.text AS "住所",
       getvariable('collective_purpose')[1] AS "业务范围", whole(draw('members', z.oid), 40, 900)::VARCHAR AS "成员人数", '正常' AS "状态"
FROM province.organization z
JOIN province.person p ON p.pid = z.representative
JOIN province.address a ON a.id = z.domicile
WHERE z.kind = 'collective' AND z.status = '1'

-- 工会法人登记信息: a workbook of all trade unions each quarter, sorted by the federation above them.
SELECT z.oid AS entity, z.organization_code AS truth_key,
       row_number() OVER (ORDER BY z.supervisor, z.oid)::VARCHAR AS "序号",
       z.uscc AS "工会信息/统一社会信用代码", z.name AS "工会信息/工会名称", z.supervisor AS "工会信息/上级工会",
       p.name AS "登记信息/法定代表人（主席）", z.city || z.county || '总工会' AS "登记信息/登记机关",
       dashed(z.established_on) AS "登记信息/登记日期", a.text AS "登记信息/住所", '有效' AS "登记信息/法人资格",
       whole(draw('members', z.oid), 25, 600)::VARCHAR AS "会员人数"
FROM province.organization z
JOIN province.person p ON p.pid = z.representative
JOIN province.address a ON a.id = z.domicile
WHERE z.kind = 'union' AND z.status = '1'

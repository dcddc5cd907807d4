-- 社会组织登记信息: a workbook of all social organizations each month; one that has closed is simply missing.
SELECT z.oid AS entity, z.organization_code AS truth_key,
       row_number() OVER (ORDER BY z.oid)::VARCHAR AS "序号", z.uscc AS "统一社会信用代码", z.name AS "社会组织名称",
       z.category AS "类别", p.name AS "法定代表人", z.supervisor AS "业务主管单位", z.city || z.county || '民政局' AS "登记机关",
       dashed(z.established_on) AS "成立日期", z.capital::DOUBLE::VARCHAR AS "注册资金(万元)", a.text AS "住所", '正常' AS "状态"
FROM province.organization z
JOIN province.person p ON p.pid = z.representative
JOIN province.address a ON a.id = z.domicile
WHERE z.kind = 'social' AND z.status = '1'

-- 事业单位法人登记信息: a workbook of all public institutions each month, sorted by the body that holds them.
SELECT z.oid AS entity, z.organization_code AS truth_key,
       row_number() OVER (ORDER BY z.supervisor, z.oid)::VARCHAR AS "序号",
       z.uscc AS "单位信息/统一社会信用代码", z.name AS "单位信息/单位名称",
       '提供' || pick(getvariable('institution_objects'), draw('object', z.oid)) || '公共服务' AS "单位信息/宗旨和业务范围",
       p.name AS "登记信息/法定代表人", z.funding AS "登记信息/经费来源", z.capital::DOUBLE::VARCHAR AS "登记信息/开办资金(万元)",
       z.supervisor AS "登记信息/举办单位", a.text AS "登记信息/住所", dashed(z.established_on) AS "登记信息/登记日期",
       z.quota::VARCHAR AS "编制数"
FROM province.organization z
JOIN province.person p ON p.pid = z.representative
JOIN province.address a ON a.id = z.domicile
WHERE z.kind = 'institution' AND z.status = '1'

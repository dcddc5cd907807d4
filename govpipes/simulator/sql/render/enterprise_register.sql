-- 市场主体登记信息: market_regulation.scztdj.
SELECT o.entity, organization_key_of(z.uscc, z.registration_number) AS truth_key,
       'ZT' || lpad(z.oid::VARCHAR, 10, '0') AS zthm, z.uscc AS tyshxydm, z.registration_number AS zch, z.name AS ztmc,
       z.market_type AS ztlx, CASE z.kind WHEN 'enterprise' THEN '企业' WHEN 'individual' THEN '个体工商户'
                                          ELSE '农民专业合作社' END AS jgzl,
       z.industry AS hydm, z.capital AS zczb, z.currency AS bz, p.name AS fddbr, number_given(p.pid, p.citizen_id, p.former_citizen_id) AS fddbrzjh,
       z.established_on AS clrq, dashed(z.approved_on) AS hzrq, coalesce(dashed(z.term_until), '2099-12-31') AS yyqxz,
       z.region AS xzqh, z.city || z.county || '市场监督管理局' AS djjg, a.text AS zs, a.address_id AS dzbm,
       z.status AS djzt, dashed(z.cancelled_on) AS zxrq, dashed(z.revoked_on) AS dxrq, z.phone AS lxdh,
       written_at(o.entity, z.approved_on, o.due, o.what) AS gxsj
FROM outgoing o
JOIN province.organization z ON z.oid = o.entity
JOIN province.person p ON p.pid = z.representative
JOIN province.address a ON a.id = z.domicile

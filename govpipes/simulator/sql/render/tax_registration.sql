-- 税务登记信息: tax.swdj. Some offices still write the old number (region + organization code).
SELECT o.entity, organization_key_of(z.uscc, z.registration_number) AS truth_key,
       'SW' || lpad(z.oid::VARCHAR, 10, '0') AS djxh, z.uscc AS nsrsbh, z.name AS nsrmc, z.taxpayer_kind AS nsrlx,
       z.tax_status AS nsrzt, dashed(z.tax_from) AS djrq, '国家税务总局' || z.city || z.county || '税务局' AS swjg,
       substr(z.industry, 2) AS hydm, a.text AS scjydz, p.name AS frxm, number_given(p.pid, p.citizen_id, p.former_citizen_id) AS frzjh, z.phone AS lxdh,
       written_at(o.entity, z.tax_from, o.due, o.what) AS gxsj
FROM outgoing o
JOIN province.organization z ON z.oid = o.entity
JOIN province.person p ON p.pid = z.representative
JOIN province.address a ON a.id = z.business_address

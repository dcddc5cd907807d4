-- 居住证信息: public_security.jzz, residents whose register is elsewhere.
SELECT o.entity, p.citizen_id AS truth_key,
       r.permit_number AS jzzh, p.certificate_type AS zjlx, p.citizen_id AS gmsfhm, p.name AS xm,
       if(p.sex = '1', '男', '女') AS xb, dashed(p.birth_date) AS csrq, p.nationality AS gj, p.residence_region AS jzdssx,
       a.text AS jzdz, a.address_id AS dzbm, p.phone AS lxdh, dashed(r.issued_on) AS lzrq, dashed(r.valid_until) AS yxqz,
       written_at(o.entity, r.issued_on, o.due, o.what) AS gxsj
FROM outgoing o
JOIN province.person p ON p.pid = o.entity
JOIN province.permit r ON r.pid = o.entity
LEFT JOIN province.address a ON a.id = p.residence_address

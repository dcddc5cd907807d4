-- 户籍人口登记信息: public_security.czrk, one row per person on the register; zxbs = '1' when cancelled.
SELECT o.entity, p.citizen_id AS truth_key,
       p.citizen_id AS gmsfhm, p.former_citizen_id AS ysfzh, p.name AS xm, p.former_name AS cym, p.sex AS xb, p.ethnic AS mz, compact(p.birth_date) AS csrq,
       p.birth_place_region AS csdssx, p.hukou_region AS ssxq, p.household_number AS hh, p.relation AS yhzgx,
       a.text AS hkdz, a.address_id AS dzbm, p.phone AS lxdh, p.marital_police AS hyzk, p.education AS whcd,
       if(p.on_register, '0', '1') AS zxbs, written_at(o.entity, NULL::DATE, o.due, o.what) AS gxsj
FROM outgoing o
JOIN province.person p ON p.pid = o.entity
LEFT JOIN province.address a ON a.id = p.hukou_address

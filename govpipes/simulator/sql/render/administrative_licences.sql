-- 行政许可信息 (双公示, 2018 layout, DOMAIN §3.3): one UTF-8 file with BOM a day.
SELECT o.entity, l.document_number || '|' || l.organ_uscc AS truth_key,
       coalesce(z.name, p.name) AS "XK_XDR_MC",
       CASE WHEN p.pid IS NOT NULL THEN '自然人' WHEN z.kind = 'individual' THEN '个体工商户' ELSE '法人及非法人组织' END AS "XK_XDR_LB",
       z.uscc AS "XK_XDR_SHXYM", z.registration_number AS "XK_XDR_GSZC", NULL::VARCHAR AS "XK_XDR_ZZJG",
       NULL::VARCHAR AS "XK_XDR_SWDJ", NULL::VARCHAR AS "XK_XDR_SYDW", NULL::VARCHAR AS "XK_XDR_SHZZ",
       r.name AS "XK_FRDB", r.citizen_id AS "XK_FR_SFZH",
       if(p.pid IS NOT NULL, p.certificate_type, NULL) AS "XK_XDR_ZJLX", p.citizen_id AS "XK_XDR_ZJHM",
       l.title AS "XK_XKWS", l.document_number AS "XK_WSH", l.kind AS "XK_XKLB", l.title AS "XK_XKZS",
       l.certificate_number AS "XK_XKBH", l.content AS "XK_NR", dashed(l.decided_on) AS "XK_JDRQ",
       dashed(l.valid_from) AS "XK_YXQZ", coalesce(dashed(l.valid_until), '2099-12-31') AS "XK_YXQZI",
       l.organ AS "XK_XKJG", l.organ_uscc AS "XK_XKJGDM", l.status AS "XK_ZT", l.organ AS "XK_LYDW", l.organ_uscc AS "XK_LYDWDM",
       NULL::VARCHAR AS "BZ", strftime(written_at(o.entity, l.decided_on, o.due, o.what), '%Y-%m-%d %H:%M:%S') AS "SJC"
FROM outgoing o
JOIN province.licence l ON l.lid = o.entity
LEFT JOIN province.organization z ON z.oid = l.oid
LEFT JOIN province.person r ON r.pid = z.representative
LEFT JOIN province.person p ON p.pid = l.pid

-- 行政处罚信息 (双公示, DOMAIN §3.3): law_enforcement.xzcf; amounts in 万元.
SELECT o.entity, f.document_number || '|' || f.organ_uscc AS truth_key,
       coalesce(z.name, p.name) AS cf_xdr_mc,
       CASE WHEN p.pid IS NOT NULL THEN '自然人' WHEN z.kind = 'individual' THEN '个体工商户' ELSE '法人及非法人组织' END AS cf_xdr_lb,
       z.uscc AS cf_xdr_shxym, z.registration_number AS cf_xdr_gszc, NULL::VARCHAR AS cf_xdr_zzjg, NULL::VARCHAR AS cf_xdr_swdj,
       NULL::VARCHAR AS cf_xdr_sydw, NULL::VARCHAR AS cf_xdr_shzz,
       r.name AS cf_frdb, if(r.pid IS NOT NULL, r.certificate_type, NULL) AS cf_fr_zjlx, r.citizen_id AS cf_fr_zjhm,
       if(p.pid IS NOT NULL, p.certificate_type, NULL) AS cf_xdr_zjlx, p.citizen_id AS cf_xdr_zjhm,
       f.document_number AS cf_wsh, f.offence AS cf_wfxw, f.facts AS cf_sy, f.basis AS cf_yj, f.kind AS cf_cflb,
       f.content AS cf_nr, f.fine_wan AS cf_nr_fk, f.confiscated_wan AS cf_nr_wfff, NULL::VARCHAR AS cf_nr_zkdx,
       dashed(f.decided_on) AS cf_jdrq, dashed(f.valid_until) AS cf_yxq, dashed(f.shown_until) AS cf_gsjzq,
       f.organ AS cf_cfjg, f.organ_uscc AS cf_cfjgdm, f.organ AS cf_sjly, f.organ_uscc AS cf_sjlydm, NULL::VARCHAR AS bz,
       written_at(o.entity, f.decided_on, o.due, o.what) AS gxsj
FROM outgoing o
JOIN province.penalty f ON f.fid = o.entity
LEFT JOIN province.organization z ON z.oid = f.oid
LEFT JOIN province.person r ON r.pid = z.representative
LEFT JOIN province.person p ON p.pid = f.pid

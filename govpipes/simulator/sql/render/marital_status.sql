-- 婚姻状况信息: civil_affairs.hyzk; of everybody of whom a wedding or a divorce is registered.
SELECT o.entity, p.citizen_id AS truth_key,
       'HY' || lpad(o.entity::VARCHAR, 9, '0') AS jlbh, p.citizen_id AS sfzh, p.name AS xm,
       CASE p.marital WHEN '40' THEN '离婚' WHEN '30' THEN '丧偶' WHEN '10' THEN '未婚' ELSE '已婚' END AS hyzk,
       dashed(m.registered_on) AS djrq, m.registration_number AS djzh, if(p.kind = 'left', '1', '0') AS zxbs,
       written_at(o.entity, m.registered_on, o.due, o.what) AS gxsj
FROM outgoing o
JOIN province.person p ON p.pid = o.entity
JOIN (SELECT pid, max_by(registration_number, (registered_on, mid)) AS registration_number,
             max(registered_on) AS registered_on FROM province.partner GROUP BY pid) m ON m.pid = p.pid

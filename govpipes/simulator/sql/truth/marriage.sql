SELECT m.registration_number AS key, false AS gone, m.registration_number, m.kind, h.citizen_id AS husband_id, w.citizen_id AS wife_id,
       h.name AS husband_name, w.name AS wife_name, m.registered_on, m.region
FROM changed c
JOIN province.marriage m ON m.mid = c.entity
JOIN province.person h ON h.pid = m.husband
JOIN province.person w ON w.pid = m.wife

SELECT m.registration_number AS key, false AS gone, m.registration_number, m.kind AS registration_kind,
       h.citizen_id AS husband_citizen_id, w.citizen_id AS wife_citizen_id, h.name AS husband_name, w.name AS wife_name,
       m.registered_on, g.name AS registration_authority, m.region AS registration_region
FROM changed c
JOIN province.marriage m ON m.mid = c.entity
JOIN province.person h ON h.pid = m.husband
JOIN province.person w ON w.pid = m.wife
JOIN province.organ g ON g.region = m.region AND g.field = 'civil'

-- Persons under the catalogue's names. The household of who is not on the register (yet, or no longer) is nobody's truth.
SELECT p.citizen_id AS key, p.kind = 'left' AS gone, p.citizen_id, p.former_citizen_id,
       p.certificate_type, p.name, p.former_name, p.sex, p.ethnic,
       p.birth_date, p.birth_place_region, p.nationality, p.hukou_region,
       CASE WHEN p.on_register THEN p.household_number END AS household_number,
       CASE WHEN p.on_register THEN p.relation END AS relation_to_head,
       h.text AS hukou_address, h.address_id AS hukou_address_id, p.residence_region, r.text AS residence_address,
       r.address_id AS residence_address_id, p.phone, p.marital, p.marital_police, p.education, p.death_date,
       d.cause AS death_cause, p.on_register, p.kind = 'permit' AS has_permit
FROM changed c
JOIN province.person p ON p.pid = c.entity
LEFT JOIN province.address h ON h.id = p.hukou_address AND p.on_register
LEFT JOIN province.address r ON r.id = p.residence_address
LEFT JOIN province.death d ON d.pid = p.pid

-- What the office's books say, which hear of deaths and cancellations late or never.
SELECT p.citizen_id || '|' || i.kind AS key, false AS gone, p.citizen_id, i.name, i.kind AS insurance_kind, z.uscc AS employer_uscc,
       i.employer_name, i.base AS contribution_base, i.enrolled_on, i.status, i.effective_on, i.ended_on,
       organization_key_of(z.uscc, z.registration_number) AS employer_organization_key
FROM changed c
JOIN province.insurance i ON i.iid = c.entity AND i.same_as = i.iid
JOIN province.person p USING (pid)
JOIN province.organization z USING (oid)

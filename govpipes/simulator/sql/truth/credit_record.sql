-- Licences, penalties, court defaulters and entries of abnormal operations as one list. `key` begins with the dataset.
WITH record AS (
    SELECT 'licence' AS kind, lid AS entity, 'administrative_licences|' || document_number || '|' || organ_uscc AS key, oid, pid,
           document_number, decided_on, valid_until, NULL::DECIMAL(18, 2) AS amount_yuan, organ, NULL::DATE AS ended_on
    FROM province.licence
    UNION ALL
    SELECT 'penalty', fid, 'administrative_penalties|' || document_number || '|' || organ_uscc, oid, pid, document_number,
           decided_on, valid_until, (fine_wan * 10000)::DECIMAL(18, 2), organ, NULL
    FROM province.penalty
    UNION ALL
    SELECT 'defaulter', d.did, 'court_defaulters|' || d.case_number || '|' || coalesce(z.name, p.name), d.oid, d.pid, d.case_number,
           d.published_on, NULL, NULL, d.court, d.exit_on
    FROM province.defaulter d
    LEFT JOIN province.organization z ON z.oid = d.oid LEFT JOIN province.person p ON p.pid = d.pid
    UNION ALL
    SELECT 'abnormal', aid, 'abnormal_operations|' || entry, oid, NULL, entry, listed_on, NULL, NULL, NULL, removed_on
    FROM province.abnormal)
SELECT r.key, false AS gone, r.kind AS category, r.document_number, r.decided_on, r.valid_until, r.amount_yuan, r.organ, r.ended_on,
       coalesce(z.name, p.name) AS subject_name, z.uscc AS subject_uscc, z.organization_code AS subject_organization_code,
       z.registration_number AS subject_registration_number, p.citizen_id AS subject_citizen_id,
       organization_key_of(z.uscc, z.registration_number) AS subject_organization_key
FROM changed_record c
JOIN record r ON r.kind = c.kind AND r.entity = c.entity
LEFT JOIN province.organization z ON z.oid = r.oid
LEFT JOIN province.person p ON p.pid = r.pid

-- Licences, penalties, court defaulters, entries of abnormal operations and commitments as one list, under the catalogue's names.
WITH record AS (
    SELECT 'licence' AS kind, 'licence' AS category, lid AS entity, document_number || '|' || organ_uscc AS key, oid, pid,
           NULL AS record_number, document_number, title AS document_name, kind AS decision_kind, content, NULL AS basis,
           decided_on AS decision_date, valid_from AS effective_on, valid_until, NULL::DATE AS publicity_until,
           NULL::DECIMAL(18, 2) AS amount_yuan, organ, organ_uscc AS organ_code, status
    FROM province.licence
    UNION ALL
    SELECT 'penalty', 'penalty', fid, document_number || '|' || organ_uscc, oid, pid, NULL, document_number, NULL, kind, content,
           basis, decided_on, NULL, valid_until, shown_until, (fine_wan * 10000)::DECIMAL(18, 2), organ, organ_uscc, NULL
    FROM province.penalty
    UNION ALL
    SELECT 'defaulter', 'court_defaulter', did, party_key(case_number, coalesce(z.name, p.name)), d.oid, d.pid, NULL,
           std_document_number(case_number), NULL, behaviour, duty, basis_number, published_on, NULL, exit_on, NULL, NULL, court,
           NULL, NULL
    FROM province.defaulter d
    LEFT JOIN province.organization z ON z.oid = d.oid LEFT JOIN province.person p ON p.pid = d.pid
    UNION ALL
    SELECT 'abnormal', 'abnormal_operation', aid, entry, oid, NULL, entry, NULL, NULL, NULL, reason, NULL, listed_on, NULL,
           removed_on, NULL, NULL, city || county || '市场监督管理局', NULL, NULL
    FROM province.abnormal JOIN province.organization USING (oid)
    UNION ALL
    SELECT 'commitment', 'commitment', mid, document_number || '|' || organ_uscc, oid, pid, NULL, document_number, NULL, kind, content,
           NULL, committed_on, NULL, valid_until, NULL, NULL, organ, organ_uscc, NULL
    FROM province.commitment)
SELECT r.key, false AS gone, r.category, r.record_number, r.document_number, r.document_name,
       coalesce(z.name, p.name) AS subject_name,
       CASE WHEN r.kind = 'abnormal' THEN NULL WHEN p.pid IS NOT NULL THEN '2'
            WHEN z.kind = 'individual' AND r.kind <> 'defaulter' THEN '3' ELSE '1' END AS subject_kind,
       z.uscc AS subject_uscc, z.organization_code AS subject_organization_code,
       z.registration_number AS subject_registration_number, p.citizen_id AS subject_citizen_id,
       CASE WHEN r.kind = 'defaulter' THEN coalesce(p.citizen_id, z.uscc) END AS subject_certificate_number,
       coalesce(p.citizen_id, organization_key_of(z.uscc, z.registration_number)) AS subject_key,
       CASE WHEN r.kind <> 'abnormal' THEN l.name END AS legal_representative,
       CASE WHEN r.kind = 'defaulter' THEN p.sex END AS subject_sex,
       CASE WHEN r.kind = 'defaulter' THEN age_on(p.birth_date, r.decision_date) END AS subject_age,
       r.decision_kind, r.content, r.basis, r.decision_date, r.effective_on, r.valid_until, r.publicity_until, r.amount_yuan,
       r.organ, r.organ_code, r.status,
       CASE m.fulfilment WHEN '已履约' THEN '1' WHEN '未履约' THEN '2' WHEN '履行中' THEN '3' END AS fulfilment, m.breached_on
FROM changed_record c
JOIN record r ON r.kind = c.kind AND r.entity = c.entity
LEFT JOIN province.commitment m ON r.kind = 'commitment' AND m.mid = r.entity
LEFT JOIN province.organization z ON z.oid = r.oid
LEFT JOIN province.person p ON p.pid = r.pid
LEFT JOIN province.person l ON l.pid = z.representative

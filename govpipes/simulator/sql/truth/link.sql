-- True links between entities: from what, to what, and of which kind. `to_key` is NULL where a link has ended.
SELECT kind || '|' || from_key AS key, to_key IS NULL AS gone, kind, from_key, to_key FROM (
    SELECT 'hukou_address' AS kind, citizen_id AS from_key, hukou_address_id AS to_key FROM truth_person
    UNION ALL SELECT 'residence_address', citizen_id, residence_address_id FROM truth_person
    UNION ALL SELECT 'hukou_address_text', citizen_id, hukou_address_id FROM truth_person
    UNION ALL SELECT 'residence_address_text', citizen_id, residence_address_id FROM truth_person
    UNION ALL SELECT 'husband', key, husband_citizen_id FROM truth_marriage
    UNION ALL SELECT 'wife', key, wife_citizen_id FROM truth_marriage
    UNION ALL SELECT 'legal_representative', key, representative_key FROM truth_organization
    UNION ALL SELECT 'domicile', key, domicile_address_id FROM truth_organization
    UNION ALL SELECT 'domicile_text', key, domicile_address_id FROM truth_organization
    UNION ALL SELECT 'business_address_text', key, business_address_id FROM truth_organization
    UNION ALL SELECT 'subject', key, subject_key FROM truth_credit_record
    UNION ALL SELECT 'holder', key, coalesce(holder_citizen_id, holder_organization_key) FROM truth_certificate
    UNION ALL SELECT 'standard_address', key, address_id FROM truth_building
    UNION ALL SELECT 'standard_address_text', key, address_id FROM truth_building
    UNION ALL SELECT 'insured', key, citizen_id FROM truth_insurance
    UNION ALL SELECT 'employer', key, employer_organization_key FROM truth_insurance
    UNION ALL SELECT 'indicator', key, indicator_code FROM truth_observation)

SELECT organization_key_of(z.uscc, z.registration_number) AS key, false AS gone, z.kind, z.uscc, z.organization_code,
       z.registration_number, z.tax_number, z.name, z.former_name, z.market_type, z.industry, z.capital AS registered_capital_wan,
       z.currency, p.name AS legal_representative, p.citizen_id AS legal_representative_id, z.established_on, z.approved_on,
       z.term_until, z.region AS registration_region, a.text AS domicile, a.address_id AS domicile_address_id,
       b.text AS business_address, z.status, z.cancelled_on, z.revoked_on, z.phone, z.category, z.supervisor AS supervising_department,
       z.funding AS funding_source, z.quota AS staffing_quota, z.taxpayer AND z.tax_from <= getvariable('day') AS registered_for_tax,
       z.taxpayer_kind, z.tax_status
FROM changed c
JOIN province.organization z ON z.oid = c.entity
JOIN province.person p ON p.pid = z.representative
JOIN province.address a ON a.id = z.domicile
JOIN province.address b ON b.id = z.business_address

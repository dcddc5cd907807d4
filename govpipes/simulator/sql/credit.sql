-- Licences, penalties, court defaulters and commitments: the opening stock and every day are made by the same macros.

CREATE TABLE province.licence (
    lid BIGINT, oid BIGINT, pid BIGINT, document_number VARCHAR, title VARCHAR, kind VARCHAR, certificate_number VARCHAR,
    content VARCHAR, decided_on DATE, valid_from DATE, valid_until DATE, organ VARCHAR, organ_uscc VARCHAR, status VARCHAR);
CREATE TABLE province.penalty (
    fid BIGINT, oid BIGINT, pid BIGINT, document_number VARCHAR, offence VARCHAR, facts VARCHAR, basis VARCHAR, kind VARCHAR,
    content VARCHAR, fine_wan DECIMAL(18, 6), confiscated_wan DECIMAL(18, 6), decided_on DATE, valid_until DATE,
    shown_until DATE, organ VARCHAR, organ_uscc VARCHAR);
CREATE TABLE province.defaulter (
    did BIGINT, oid BIGINT, pid BIGINT, case_number VARCHAR, basis_number VARCHAR, filed_on DATE, published_on DATE,
    duty VARCHAR, behaviour VARCHAR, fulfilled BOOLEAN, exit_on DATE, court VARCHAR);
CREATE TABLE province.commitment (
    mid BIGINT, oid BIGINT, pid BIGINT, document_number VARCHAR, kind VARCHAR, content VARCHAR, committed_on DATE,
    valid_until DATE, organ VARCHAR, organ_uscc VARCHAR, fulfilment VARCHAR, breached_on DATE);

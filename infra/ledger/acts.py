"""Every act the house records, `source:subject:act`, in one enum: no free text, no act spelled two ways.

An act keeps its name for ever, because entries that bear it can never be rewritten.
"""

from enum import StrEnum


class Act(StrEnum):
    """What was done. The first part names the package that does it."""

    CITY_REGISTERED = "catalogs:city:registered"
    RESOURCE_REGISTERED = "catalogs:resource:registered"
    PERSON_REGISTERED = "catalogs:person:registered"
    KEY_ISSUED = "catalogs:key:issued"
    KEY_REVOKED = "catalogs:key:revoked"

    CONTRACT_REGISTERED = "contracts:contract:registered"

    DELIVERY_LANDED = "lake:delivery:landed"
    DELIVERY_READ = "lake:delivery:read"
    DELIVERY_SPLIT = "lake:delivery:split"
    DELIVERY_AUDITED = "lake:delivery:audited"
    DELIVERY_PUBLISHED = "lake:delivery:published"
    DELIVERY_QUARANTINED = "lake:delivery:quarantined"
    DELIVERY_REFUSED = "lake:delivery:refused"
    DELIVERY_DESCRIBED = "lake:delivery:described"
    DELIVERY_REPEATED = "lake:delivery:repeated"
    DELIVERY_REOPENED = "lake:delivery:reopened"
    TABLE_READ = "lake:table:read"
    QUARANTINE_READ = "lake:quarantine:read"
    QUARANTINE_REPLAYED = "lake:quarantine:replayed"
    TABLE_COMPACTED = "lake:table:compacted"
    TABLE_EXPIRED = "lake:table:expired"
    TABLE_VERIFIED = "lake:table:verified"
    TABLE_RESTORED = "lake:table:restored"
    PURGE_PROPOSED = "lake:purge:proposed"
    PURGE_APPROVED = "lake:purge:approved"
    PURGE_REFUSED = "lake:purge:refused"
    PURGE_CARRIED_OUT = "lake:purge:carried_out"
    PURGE_READMITTED = "lake:purge:readmitted"
    TICKET_CLOSED = "lake:ticket:closed"
    NOTICE_SENT = "lake:notice:sent"
    SUBJECT_SOUGHT = "lake:subject:sought"
    BACKUP_MADE = "lake:backup:made"
    BACKUP_RESTORED = "lake:backup:restored"

    APPLICANT_REGISTERED = "sharing:applicant:registered"
    CASE_APPLIED = "sharing:case:applied"
    CASE_PRECHECKED = "sharing:case:prechecked"
    CASE_APPROVED = "sharing:case:approved"
    CASE_REFUSED = "sharing:case:refused"
    CASE_SIGNED = "sharing:case:signed"
    GRANT_ISSUED = "sharing:grant:issued"
    GRANT_REVOKED = "sharing:grant:revoked"
    GRANT_EXPIRED = "sharing:grant:expired"
    EXTRACT_ISSUED = "sharing:extract:issued"
    EXTRACT_ERASED = "sharing:extract:erased"
    SHARE_LISTED = "sharing:share:listed"
    SHARE_QUERIED = "sharing:share:queried"
    FILE_READ = "sharing:file:read"
    ACCESS_REFUSED = "sharing:access:refused"

    LEDGER_CHECKPOINTED = "infra:ledger:checkpointed"
    LEDGER_KEY_ANNOUNCED = "infra:ledger:key_announced"
    LEDGER_ADOPTED = "infra:ledger:adopted"
    LEDGER_CONTENT_ERASED = "infra:ledger:content_erased"
    LEDGER_CONTENT_READ = "infra:ledger:content_read"
    LEDGER_EXPORTED = "infra:ledger:exported"

SELECT plane AS "plane", installation AS "installation", schema_version AS "schemaVersion", key_fingerprint AS "keyFingerprint"
FROM tenantry.plane

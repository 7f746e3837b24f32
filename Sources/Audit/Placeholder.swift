enum AuditRoom {}
